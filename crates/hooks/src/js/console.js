// console: into the server's log (target lingpai::hooks), bounded in Rust.
const { format } = require('util');
const at = (level) => (...values) => native.log(level, format(...values).slice(0, 4096).toWellFormed());

const counts = new Map();
const times = new Map();
const info = at('info');

module.exports = {
  log: info,
  info,
  dir: (value) => info(value),
  table: (value) => info(value),
  debug: at('debug'),
  warn: at('warn'),
  error: at('error'),
  trace: at('debug'),
  group: info,
  groupCollapsed: info,
  groupEnd() {},
  assert(condition, ...values) {
    if (!condition) at('error')('Assertion failed', ...values);
  },
  count(label = 'default') {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    info(`${label}: ${counts.get(label)}`);
  },
  countReset: (label = 'default') => counts.delete(label),
  time: (label = 'default') => times.set(label, native.now()),
  timeLog: (label = 'default') => info(`${label}: ${native.now() - (times.get(label) ?? native.now())}ms`),
  timeEnd(label = 'default') {
    info(`${label}: ${native.now() - (times.get(label) ?? native.now())}ms`);
    times.delete(label);
  },
};
