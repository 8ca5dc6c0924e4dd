// Buffer as Node has it: a Uint8Array with encodings.
const MAX_LENGTH = 0x7fffffff;

class FastBuffer extends Uint8Array {}

function Buffer(value, encodingOrOffset, length) {
  if (typeof value === 'number') return Buffer.alloc(value);
  return Buffer.from(value, encodingOrOffset, length);
}
Object.setPrototypeOf(Buffer, Uint8Array);
Buffer.prototype = FastBuffer.prototype;
Object.defineProperty(Buffer.prototype, 'constructor', { value: Buffer, writable: true, configurable: true });
Object.defineProperty(Buffer, Symbol.species, { configurable: true, get: () => FastBuffer });
Object.defineProperty(FastBuffer, Symbol.species, { configurable: true, get: () => FastBuffer });

const ENCODINGS = {
  'utf8': 'utf8', 'utf-8': 'utf8', 'hex': 'hex', 'base64': 'base64', 'base64url': 'base64url', 'latin1': 'latin1', 'binary': 'latin1',
  'ascii': 'ascii', 'utf16le': 'utf16le', 'utf-16le': 'utf16le', 'ucs2': 'utf16le', 'ucs-2': 'utf16le',
};

function encodingOf(name) {
  if (name === undefined || name === null || name === '') return 'utf8';
  const encoding = ENCODINGS[String(name).toLowerCase()];
  if (encoding === undefined) throw new TypeError(`Unknown encoding: ${String(name)}`);
  return encoding;
}

function encode(text, encodingName) {
  switch (encodingOf(encodingName)) {
    case 'utf8':
      return native.utf8Encode(text.toWellFormed());
    case 'hex': {
      // As in Node, decoding stops at the first pair that is not hexadecimal.
      const pairs = /^(?:[0-9a-fA-F]{2})*/.exec(text)[0];
      return Uint8Array.fromHex(pairs);
    }
    case 'base64':
    case 'base64url': {
      const end = text.indexOf('=');
      let digits = (end < 0 ? text : text.slice(0, end)).replace(/-/g, '+').replace(/_/g, '/').replace(/[^A-Za-z0-9+/]/g, '');
      if (digits.length % 4 === 1) digits = digits.slice(0, -1);
      return native.base64Decode(digits);
    }
    case 'utf16le': {
      const bytes = new Uint8Array(text.length * 2);
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        bytes[2 * i] = unit;
        bytes[2 * i + 1] = unit >> 8;
      }
      return bytes;
    }
    default: {
      const bytes = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      return bytes;
    }
  }
}

function fromUnits(units) {
  let text = '';
  for (let i = 0; i < units.length; i += 4096) text += String.fromCharCode.apply(null, units.subarray(i, i + 4096));
  return text;
}

function decode(bytes, encodingName) {
  switch (encodingOf(encodingName)) {
    case 'utf8':
      return native.utf8Decode(native.pack(bytes));
    case 'hex':
      return bytes.toHex();
    case 'base64':
      return bytes.toBase64();
    case 'base64url':
      return bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
    case 'ascii':
      return fromUnits(Uint8Array.from(bytes, (byte) => byte & 0x7f));
    case 'utf16le': {
      const units = new Uint16Array(bytes.length >> 1);
      for (let i = 0; i < units.length; i++) units[i] = bytes[2 * i] | (bytes[2 * i + 1] << 8);
      return fromUnits(units);
    }
    default:
      return fromUnits(bytes);
  }
}

// Base64 is how bytes cross into Rust; the functions are taken now, before a script could replace them.
const toBase64 = Uint8Array.prototype.toBase64;
native.pack = (bytes) => {
  if (bytes instanceof Uint8Array) return toBase64.call(bytes);
  if (ArrayBuffer.isView(bytes)) return toBase64.call(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (bytes instanceof ArrayBuffer) return toBase64.call(new Uint8Array(bytes));
  throw new TypeError('expected a Buffer, a typed array or a DataView');
};

function adopt(bytes) {
  return new FastBuffer(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function checkSize(size) {
  if (typeof size !== 'number' || !(size >= 0) || size > MAX_LENGTH) throw new RangeError(`The size of a Buffer is out of range: ${String(size)}`);
}

Buffer.from = function (value, encodingOrOffset, length) {
  if (typeof value === 'string') return adopt(encode(value, encodingOrOffset));
  if (value instanceof ArrayBuffer || (typeof SharedArrayBuffer !== 'undefined' && value instanceof SharedArrayBuffer)) {
    return new FastBuffer(value, encodingOrOffset ?? 0, length ?? value.byteLength - (encodingOrOffset ?? 0));
  }
  if (typeof value === 'object' && value !== null) {
    const primitive = value.valueOf();
    if (primitive !== value && typeof primitive === 'string') return Buffer.from(primitive, encodingOrOffset);
    if (value.type === 'Buffer' && Array.isArray(value.data)) return adopt(Uint8Array.from(value.data));
    if (ArrayBuffer.isView(value) || Array.isArray(value) || typeof value.length === 'number') return adopt(Uint8Array.from(value));
  }
  throw new TypeError('Buffer.from takes a string, an array, an ArrayBuffer or a Buffer');
};
Buffer.of = (...bytes) => Buffer.from(bytes);
Buffer.alloc = function (size, fill, encoding) {
  checkSize(size);
  const buffer = new FastBuffer(size);
  return fill === undefined || fill === 0 ? buffer : buffer.fill(fill, encoding);
};
Buffer.allocUnsafe = (size) => Buffer.alloc(size);
Buffer.allocUnsafeSlow = (size) => Buffer.alloc(size);
Buffer.isBuffer = (value) => value instanceof FastBuffer;
Buffer.isEncoding = (name) => typeof name === 'string' && ENCODINGS[name.toLowerCase()] !== undefined;
Buffer.byteLength = function (value, encoding) {
  if (typeof value === 'string') return encode(value, encoding).length;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  throw new TypeError('Buffer.byteLength takes a string, a Buffer or an ArrayBuffer');
};
Buffer.concat = function (list, totalLength) {
  if (!Array.isArray(list)) throw new TypeError('Buffer.concat takes an array of Buffers');
  const total = totalLength === undefined ? list.reduce((sum, part) => sum + part.length, 0) : totalLength;
  const result = Buffer.alloc(total);
  let offset = 0;
  for (const part of list) {
    if (!(part instanceof Uint8Array)) throw new TypeError('Buffer.concat takes an array of Buffers');
    const fitting = part.subarray(0, Math.max(total - offset, 0));
    result.set(fitting, offset);
    offset += fitting.length;
  }
  return result;
};
Buffer.compare = function (left, right) {
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i++) {
    if (left[i] !== right[i]) return left[i] < right[i] ? -1 : 1;
  }
  return Math.sign(left.length - right.length);
};
Buffer.poolSize = 8192;

function method(name, value) {
  Object.defineProperty(Buffer.prototype, name, { value, writable: true, configurable: true, enumerable: false });
}

method('toString', function (encoding, start = 0, end = this.length) {
  return decode(this.subarray(Math.max(start, 0), Math.max(end, 0)), encoding);
});
method('toJSON', function () {
  return { type: 'Buffer', data: Array.from(this) };
});
method('equals', function (other) {
  return Buffer.compare(this, other) === 0;
});
method('compare', function (other) {
  return Buffer.compare(this, other);
});
// Unlike a typed array's, a Buffer's slice shares the memory.
method('slice', function (start, end) {
  return this.subarray(start, end);
});
method('copy', function (target, targetStart = 0, start = 0, end = this.length) {
  const part = this.subarray(start, Math.min(end, start + Math.max(target.length - targetStart, 0)));
  target.set(part, targetStart);
  return part.length;
});
method('write', function (text, offset, length, encoding) {
  if (typeof offset === 'string') [offset, length, encoding] = [0, undefined, offset];
  else if (typeof length === 'string') [length, encoding] = [undefined, length];
  const start = offset ?? 0;
  const bytes = encode(String(text), encoding).subarray(0, Math.min(length ?? Infinity, Math.max(this.length - start, 0)));
  this.set(bytes, start);
  return bytes.length;
});
const fillBytes = Uint8Array.prototype.fill;
method('fill', function (value, start, end, encoding) {
  if (typeof start === 'string') [start, end, encoding] = [0, this.length, start];
  if (typeof value === 'number') return fillBytes.call(this, value, start, end);
  const pattern = typeof value === 'string' ? encode(value, encoding) : value;
  if (pattern.length === 0) return fillBytes.call(this, 0, start, end);
  const stop = end ?? this.length;
  for (let i = start ?? 0, j = 0; i < stop; i++, j++) this[i] = pattern[j % pattern.length];
  return this;
});
function search(buffer, value, from, encoding, last) {
  const wanted = typeof value === 'number' ? [value & 255] : typeof value === 'string' ? encode(value, encoding) : value;
  const step = last ? -1 : 1;
  let position = from ?? (last ? buffer.length : 0);
  if (position < 0) position = Math.max(position + buffer.length, last ? -1 : 0);
  for (let i = Math.min(position, buffer.length - wanted.length); i >= 0 && i <= buffer.length - wanted.length; i += step) {
    if (!last && i < position) return -1;
    let j = 0;
    while (j < wanted.length && buffer[i + j] === wanted[j]) j++;
    if (j === wanted.length) return i;
  }
  return -1;
}
method('indexOf', function (value, from, encoding) {
  return search(this, value, from, encoding, false);
});
method('lastIndexOf', function (value, from, encoding) {
  return search(this, value, from, encoding, true);
});
method('includes', function (value, from, encoding) {
  return search(this, value, from, encoding, false) >= 0;
});

function view(buffer, offset, size) {
  if (!Number.isInteger(offset) || offset < 0 || offset + size > buffer.length) {
    throw Object.assign(new RangeError('The value of "offset" is out of range'), { code: 'ERR_OUT_OF_RANGE' });
  }
  return new DataView(buffer.buffer, buffer.byteOffset + offset, size);
}
function numberMethods(name, size, getter, setter, minimum, maximum) {
  for (const [suffix, little] of size === 1 ? [['', true]] : [['LE', true], ['BE', false]]) {
    const read = function (offset = 0) {
      return view(this, offset, size)[getter](0, little);
    };
    const write = function (value, offset = 0) {
      if (minimum !== undefined && (value < minimum || value > maximum)) {
        throw Object.assign(new RangeError(`The value of "value" is out of range: ${String(value)}`), { code: 'ERR_OUT_OF_RANGE' });
      }
      view(this, offset, size)[setter](0, value, little);
      return offset + size;
    };
    method(`read${name}${suffix}`, read);
    method(`write${name}${suffix}`, write);
    if (name.includes('UInt')) {
      method(`read${name.replace('UInt', 'Uint')}${suffix}`, read);
      method(`write${name.replace('UInt', 'Uint')}${suffix}`, write);
    }
  }
}
numberMethods('UInt8', 1, 'getUint8', 'setUint8', 0, 0xff);
numberMethods('UInt16', 2, 'getUint16', 'setUint16', 0, 0xffff);
numberMethods('UInt32', 4, 'getUint32', 'setUint32', 0, 0xffffffff);
numberMethods('Int8', 1, 'getInt8', 'setInt8', -0x80, 0x7f);
numberMethods('Int16', 2, 'getInt16', 'setInt16', -0x8000, 0x7fff);
numberMethods('Int32', 4, 'getInt32', 'setInt32', -0x80000000, 0x7fffffff);
numberMethods('BigUInt64', 8, 'getBigUint64', 'setBigUint64', 0n, 0xffffffffffffffffn);
numberMethods('BigInt64', 8, 'getBigInt64', 'setBigInt64', -0x8000000000000000n, 0x7fffffffffffffffn);
numberMethods('Float', 4, 'getFloat32', 'setFloat32');
numberMethods('Double', 8, 'getFloat64', 'setFloat64');

function invalidCharacter(what) {
  const error = new Error(what);
  error.name = 'InvalidCharacterError';
  return error;
}

module.exports = {
  Buffer,
  kMaxLength: MAX_LENGTH,
  constants: { MAX_LENGTH },
  atob(text) {
    const digits = String(text).replace(/[\t\n\f\r ]/g, '');
    const bare = digits.length % 4 === 0 ? digits.replace(/={1,2}$/, '') : digits;
    if (bare.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(bare)) throw invalidCharacter('The string to be decoded is not correctly encoded');
    return fromUnits(native.base64Decode(bare));
  },
  btoa(text) {
    const string = String(text);
    if (/[^\u0000-\u00ff]/.test(string)) throw invalidCharacter('The string contains characters outside of Latin-1');
    return encode(string, 'latin1').toBase64();
  },
};
