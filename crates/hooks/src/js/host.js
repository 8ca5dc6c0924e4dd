// What every runtime starts with: CommonJS, the globals that Node has, and the few functions
// through which Rust drives the runtime. Evaluates to a function of `native` (see builtin/mod.rs).
(function (native) {
  'use strict';

  const builtins = new Map();
  const modules = new Map();

  function builtin(name) {
    if (!builtins.has(name)) {
      const module = { exports: {} };
      builtins.set(name, module);
      native.compileBuiltin(name)(module, builtin, native);
    }
    return builtins.get(name).exports;
  }

  function directoryOf(file) {
    return file.slice(0, file.lastIndexOf('/')) || '/';
  }

  function requireFrom(parent, directory) {
    function require(request) {
      if (typeof request !== 'string' || request === '') {
        throw new TypeError('require takes the name of a module');
      }
      const name = request.startsWith('node:') ? request.slice(5) : request;
      if (native.isBuiltin(name)) return builtin(name);
      return load(resolve(request), parent);
    }
    function resolve(request) {
      const found = native.resolve(directory, request);
      if (found.file === undefined) {
        throw Object.assign(new Error(found.error), { code: 'MODULE_NOT_FOUND' });
      }
      return found.file;
    }
    require.resolve = resolve;
    require.cache = {};
    return require;
  }

  function load(file, parent) {
    const known = modules.get(file);
    if (known !== undefined) {
      // As in Node, a cycle sees what the other module has exported so far.
      return known.exports;
    }
    const directory = directoryOf(file);
    const module = { id: file, filename: file, path: directory, exports: {}, parent, children: [], loaded: false };
    if (parent) parent.children.push(module);
    modules.set(file, module);
    try {
      if (file.endsWith('.json')) {
        module.exports = native.parseJson(file);
      } else {
        const require = requireFrom(module, directory);
        module.require = require;
        native.compile(file).call(module.exports, module.exports, require, module, file, directory);
      }
      module.loaded = true;
    } catch (error) {
      modules.delete(file);
      throw error;
    }
    return module.exports;
  }

  // A global that is only built when a script uses it: most scripts need none of them.
  function lazyGlobal(name, make) {
    Object.defineProperty(globalThis, name, {
      configurable: true,
      enumerable: false,
      get() {
        const value = make();
        Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
        return value;
      },
      set(value) {
        Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
      },
    });
  }

  // Timers, in milliseconds of the host's coarse clock.
  let timers = [];
  let lastTimer = 0;

  function addTimer(callback, delay, args, repeat) {
    if (typeof callback !== 'function') throw new TypeError('the callback must be a function');
    const milliseconds = Math.min(Math.max(Math.trunc(Number(delay)) || 1, 1), 2147483647);
    if (timers.length >= 1000) throw new RangeError('too many timers');
    native.leavesBehind();
    const timer = { id: ++lastTimer, due: native.now() + milliseconds, callback, args, every: repeat ? milliseconds : 0 };
    timers.push(timer);
    return timer.id;
  }

  function removeTimer(id) {
    timers = timers.filter((timer) => timer.id !== id);
  }

  function earliestTimer() {
    let earliest;
    for (const timer of timers) {
      if (earliest === undefined || timer.due < earliest.due) earliest = timer;
    }
    return earliest;
  }

  function define(name, value) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }

  define('global', globalThis);
  define('setTimeout', (callback, delay, ...args) => addTimer(callback, delay, args, false));
  define('setInterval', (callback, delay, ...args) => addTimer(callback, delay, args, true));
  define('setImmediate', (callback, ...args) => addTimer(callback, 0, args, false));
  define('clearTimeout', removeTimer);
  define('clearInterval', removeTimer);
  define('clearImmediate', removeTimer);
  define('queueMicrotask', (callback) => {
    if (typeof callback !== 'function') throw new TypeError('the callback must be a function');
    Promise.resolve().then(callback);
  });
  define('process', {
    env: Object.assign({}, native.environment),
    nextTick: (callback, ...args) => queueMicrotask(() => callback(...args)),
    platform: 'linux',
    argv: [],
    version: 'v20.0.0',
    versions: { node: '20.0.0' },
    cwd: () => '/',
    uptime: () => native.now() / 1000,
    hrtime: Object.assign(() => [Math.trunc(native.now() / 1000), (native.now() % 1000) * 1e6], {
      bigint: () => BigInt(native.now()) * 1000000n,
    }),
    on() {
      return this;
    },
  });
  lazyGlobal('console', () => builtin('console'));
  lazyGlobal('Buffer', () => builtin('buffer').Buffer);
  lazyGlobal('atob', () => builtin('buffer').atob);
  lazyGlobal('btoa', () => builtin('buffer').btoa);
  lazyGlobal('TextEncoder', () => builtin('text-encoding').TextEncoder);
  lazyGlobal('TextDecoder', () => builtin('text-encoding').TextDecoder);
  lazyGlobal('URL', () => builtin('url').URL);
  lazyGlobal('URLSearchParams', () => builtin('url').URLSearchParams);
  lazyGlobal('structuredClone', () => builtin('structured-clone'));
  lazyGlobal('fetch', () => builtin('http-access').fetch);
  lazyGlobal('Headers', () => builtin('http-access').Headers);
  lazyGlobal('uniCloud', () => builtin('http-access').uniCloud);
  lazyGlobal('crypto', () => builtin('crypto').webcrypto);

  const requests = new Map();
  native.awaitResponse = (id) => {
    native.leavesBehind();
    return new Promise((resolve, reject) => requests.set(id, { resolve, reject }));
  };

  const RULE_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

  return {
    load: (file) => load(file, undefined),
    // When the next timer is due, -1 for never.
    nextTimer: () => earliestTimer()?.due ?? -1,
    fireTimer() {
      const timer = earliestTimer();
      if (timer === undefined) return;
      if (timer.every > 0) timer.due = native.now() + timer.every;
      else removeTimer(timer.id);
      timer.callback(...timer.args);
    },
    respond(id, error, response) {
      const request = requests.get(id);
      if (request === undefined) return;
      requests.delete(id);
      if (error !== null) request.reject(new Error(error));
      else request.resolve(response);
    },
    // What a finished call leaves behind does not run on into the next one.
    forget() {
      timers = [];
      requests.clear();
    },
    adopt: (thenable) => Promise.resolve(thenable),
    wellFormed: (text) => text.toWellFormed(),
    // What validator.js adds: `rules`, type name -> function, and `params`, method -> parameter -> type.
    rulesOf(exported, errorCodes) {
      const rules = Object.create(null);
      const params = Object.create(null);
      const validator = {
        mixin(type, rule) {
          if (typeof type !== 'string' || !RULE_NAME.test(type)) throw new TypeError(`not a name of a type: ${String(type)}`);
          if (typeof rule !== 'function') throw new TypeError(`the rule for ${type} must be a function`);
          rules[type] = rule;
          return validator;
        },
        params(method, described) {
          if (typeof method !== 'string') throw new TypeError('params takes the name of a method first');
          if (typeof described !== 'object' || described === null) throw new TypeError(`the parameters of ${method} must be an object`);
          params[method] = Object.assign(params[method] ?? Object.create(null), described);
          return validator;
        },
      };
      if (typeof exported === 'function') exported.call({ validator }, validator, { ERROR: errorCodes });
      else {
        for (const [type, rule] of Object.entries(exported)) {
          if (type !== 'params') validator.mixin(type, rule);
          else for (const [method, described] of Object.entries(rule)) validator.params(method, described);
        }
      }
      return { rules, params: JSON.stringify(params) };
    },
  };
})
