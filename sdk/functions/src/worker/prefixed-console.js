import { format } from 'node:util';

/** Lets every line of a function's output begin with the function and the call. */
export function prefixConsole(calls) {
  for (const [method, stream] of [['log', 'stdout'], ['info', 'stdout'], ['debug', 'stdout'], ['warn', 'stderr'], ['error', 'stderr']]) {
    console[method] = (...values) => {
      const call = calls.getStore();
      const prefix = call ? `[${call.function} ${call.context.requestId}] ` : '';
      process[stream].write(`${prefix}${format(...values)}\n`);
    };
  }
}
