import { format } from 'node:util';

const METHODS = [['log', 'stdout', 'info'], ['info', 'stdout', 'info'], ['debug', 'stdout', 'debug'], ['warn', 'stderr', 'warn'], ['error', 'stderr', 'error']];
/** The longest text that is reported, characters. */
const LONGEST = 8192;

/** Hands everything that functions print to `report({level, text, function, requestId})`. */
export function reportConsole(calls, report) {
  for (const [method, , level] of METHODS) {
    console[method] = (...values) => {
      const call = calls.getStore();
      report({ level, text: format(...values).slice(0, LONGEST), function: call?.function, requestId: call?.context.requestId });
    };
  }
}

/** Lets every line of a function's output begin with the function and the call. */
export function prefixConsole(calls) {
  for (const [method, stream] of METHODS) {
    console[method] = (...values) => {
      const call = calls.getStore();
      const prefix = call ? `[${call.function} ${call.context.requestId}] ` : '';
      process[stream].write(`${prefix}${format(...values)}\n`);
    };
  }
}
