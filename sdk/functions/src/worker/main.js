// A worker thread: loads what is called and runs one call at a time.
import { parentPort, workerData } from 'node:worker_threads';
import { calls } from './current-call.js';
import { installModules } from './modules.js';
import { installUniCloud } from './uni-cloud.js';
import { invoke } from './invoke.js';
import { prefixConsole, reportConsole } from './prefixed-console.js';

const functions = new Map(workerData.functions.map((entry) => [entry.name, entry]));
if (workerData.reportsOutput) reportConsole(calls, (output) => parentPort.postMessage({ output }));
else prefixConsole(calls);
const modules = installModules(workerData);
installUniCloud({ functions, load: modules.load, lingpai: modules.lingpai });

parentPort.on('message', async (call) => {
  try {
    const result = await invoke(functions.get(call.function), call, modules.load);
    // By way of JSON, as results travel: dates become texts, functions vanish.
    const text = JSON.stringify(result);
    parentPort.postMessage({ result: text === undefined ? null : JSON.parse(text) });
  } catch (error) {
    parentPort.postMessage({ error: described(error) });
  }
});

parentPort.postMessage({ isReady: true });

function described(error) {
  console.error(error);
  const { code, message } = error ?? {};
  return { code: typeof code === 'string' ? code : 'FUNCTION_ERROR', message: String(message ?? error) };
}
