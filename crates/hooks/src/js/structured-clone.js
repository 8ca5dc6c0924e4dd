// structuredClone for what scripts hold: plain data, dates, maps, sets, errors, buffers, and cycles.
function refuse(value) {
  const error = new Error(`${typeof value === 'object' ? 'the object' : typeof value} could not be cloned`);
  error.name = 'DataCloneError';
  return error;
}

module.exports = function structuredClone(value) {
  const known = new Map();
  function clone(value) {
    if (typeof value === 'function' || typeof value === 'symbol') throw refuse(value);
    if (typeof value !== 'object' || value === null) return value;
    if (known.has(value)) return known.get(value);
    const keep = (copy) => {
      known.set(value, copy);
      return copy;
    };
    if (value instanceof Date) return keep(new Date(value.getTime()));
    if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
    if (value instanceof Boolean || value instanceof Number || value instanceof String) return keep(Object(value.valueOf()));
    if (value instanceof ArrayBuffer) return keep(value.slice(0));
    if (value instanceof DataView) return keep(new DataView(clone(value.buffer), value.byteOffset, value.byteLength));
    if (ArrayBuffer.isView(value)) {
      const kind = globalThis[Object.prototype.toString.call(value).slice(8, -1)] ?? Uint8Array;
      return keep(new kind(clone(value.buffer), value.byteOffset, value.length));
    }
    if (value instanceof Map) {
      const copy = keep(new Map());
      for (const [key, item] of value) copy.set(clone(key), clone(item));
      return copy;
    }
    if (value instanceof Set) {
      const copy = keep(new Set());
      for (const item of value) copy.add(clone(item));
      return copy;
    }
    if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet) throw refuse(value);
    if (value instanceof Error) {
      const copy = keep(new Error(value.message));
      copy.name = value.name;
      copy.stack = value.stack;
      return copy;
    }
    const copy = keep(Array.isArray(value) ? new Array(value.length) : {});
    for (const key of Object.keys(value)) {
      Object.defineProperty(copy, key, { value: clone(value[key]), writable: true, enumerable: true, configurable: true });
    }
    return copy;
  }
  return clone(value);
};
