// The part of Node's util that scripts use.
const MAX_TEXT = 4096;

function isClass(value, name) {
  return Object.prototype.toString.call(value) === `[object ${name}]`;
}

function inspect(value, options) {
  const deepest = (typeof options === 'object' ? options?.depth : undefined) ?? 2;
  const seen = [];
  function show(value, depth) {
    if (typeof value === 'string') return depth === 0 ? `'${value}'` : `'${value.slice(0, MAX_TEXT)}'`;
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'symbol') return value.toString();
    if (typeof value === 'function') return `[Function: ${value.name || '(anonymous)'}]`;
    if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
    if (seen.includes(value)) return '[Circular *]';
    if (value instanceof Error) return String(value.stack || '').startsWith(value.name) ? value.stack : `${value.name}: ${value.message}\n${value.stack ?? ''}`.trimEnd();
    if (isClass(value, 'Date')) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (isClass(value, 'RegExp')) return String(value);
    if (value instanceof Promise) return 'Promise {}';
    if (value instanceof Uint8Array) return `<Buffer${Array.from(value.subarray(0, 50), (byte) => ' ' + byte.toString(16).padStart(2, '0')).join('')}${value.length > 50 ? ' ...' : ''}>`;
    if (depth > deepest) return Array.isArray(value) ? '[Array]' : `[${value.constructor?.name ?? 'Object'}]`;
    seen.push(value);
    const items = [];
    let brackets = ['{', '}'];
    let prefix = '';
    if (Array.isArray(value)) {
      brackets = ['[', ']'];
      for (let i = 0; i < Math.min(value.length, 100); i++) items.push(show(value[i], depth + 1));
      if (value.length > 100) items.push(`... ${value.length - 100} more items`);
    } else if (value instanceof Map) {
      prefix = `Map(${value.size}) `;
      for (const [key, item] of [...value].slice(0, 100)) items.push(`${show(key, depth + 1)} => ${show(item, depth + 1)}`);
    } else if (value instanceof Set) {
      prefix = `Set(${value.size}) `;
      for (const item of [...value].slice(0, 100)) items.push(show(item, depth + 1));
    } else {
      const name = Object.getPrototypeOf(value) === null ? '[Object: null prototype]' : value.constructor?.name;
      if (name && name !== 'Object') prefix = `${name} `;
      for (const key of Object.keys(value).slice(0, 100)) {
        const property = Object.getOwnPropertyDescriptor(value, key);
        const shown = property?.get ? '[Getter]' : show(value[key], depth + 1);
        items.push(`${/^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key}'`}: ${shown}`);
      }
    }
    seen.pop();
    return items.length === 0 ? prefix + brackets.join('') : `${prefix}${brackets[0]} ${items.join(', ')} ${brackets[1]}`;
  }
  return show(value, 0);
}
inspect.custom = Symbol.for('nodejs.util.inspect.custom');

function format(first, ...rest) {
  const parts = [];
  if (typeof first === 'string') {
    let used = 0;
    parts.push(
      first.replace(/%([sdifjoOc%])/g, (whole, kind) => {
        if (kind === '%') return '%';
        if (used >= rest.length) return whole;
        const value = rest[used++];
        if (kind === 's') return typeof value === 'object' && value !== null ? inspect(value, { depth: 0 }) : String(value);
        if (kind === 'd') return typeof value === 'object' ? 'NaN' : String(Number(value));
        if (kind === 'i') return String(parseInt(value, 10));
        if (kind === 'f') return String(parseFloat(value));
        if (kind === 'c') return '';
        if (kind !== 'j') return inspect(value, { depth: 4 });
        try {
          return JSON.stringify(value);
        } catch {
          return '[Circular]';
        }
      }),
    );
    rest = rest.slice(used);
  } else if (arguments.length > 0) parts.push(inspect(first));
  for (const value of rest) parts.push(typeof value === 'string' ? value : inspect(value));
  return parts.join(' ');
}

const promisifyCustom = Symbol.for('nodejs.util.promisify.custom');

function promisify(original) {
  if (typeof original !== 'function') throw new TypeError('promisify takes a function');
  if (typeof original[promisifyCustom] === 'function') return original[promisifyCustom];
  return function (...args) {
    return new Promise((resolve, reject) => {
      original.call(this, ...args, (error, value) => (error ? reject(error) : resolve(value)));
    });
  };
}
promisify.custom = promisifyCustom;

function callbackify(original) {
  return function (...args) {
    const callback = args.pop();
    original.apply(this, args).then(
      (value) => queueMicrotask(() => callback(null, value)),
      (error) => queueMicrotask(() => callback(error)),
    );
  };
}

function isDeepStrictEqual(left, right) {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
  if (isClass(left, 'Date')) return left.getTime() === right.getTime();
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && isDeepStrictEqual(left[key], right[key]));
}

module.exports = {
  inspect,
  format,
  promisify,
  callbackify,
  isDeepStrictEqual,
  deprecate: (original) => original,
  inherits(constructor, parent) {
    Object.defineProperty(constructor, 'super_', { value: parent, writable: true, configurable: true });
    Object.setPrototypeOf(constructor.prototype, parent.prototype);
  },
  isArray: Array.isArray,
  types: {
    isDate: (value) => isClass(value, 'Date'),
    isRegExp: (value) => isClass(value, 'RegExp'),
    isPromise: (value) => value instanceof Promise,
    isMap: (value) => value instanceof Map,
    isSet: (value) => value instanceof Set,
    isNativeError: (value) => value instanceof Error,
    isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView),
    isUint8Array: (value) => value instanceof Uint8Array,
    isArrayBuffer: (value) => value instanceof ArrayBuffer,
    isAnyArrayBuffer: (value) => value instanceof ArrayBuffer,
    isAsyncFunction: (value) => isClass(value, 'AsyncFunction'),
    isGeneratorFunction: (value) => isClass(value, 'GeneratorFunction'),
  },
  get TextEncoder() {
    return require('text-encoding').TextEncoder;
  },
  get TextDecoder() {
    return require('text-encoding').TextDecoder;
  },
};
