// The HTTP upstream of Lingpai's gateway: signed requests in, results of cloud functions out.
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { readCatalog } from './catalog.js';
import { FunctionError } from './function-error.js';
import { Pool } from './pool.js';
import { Verifier } from './signature.js';
import { startTimers } from './timers.js';
import { watchFolder } from './watcher.js';

/** How long the gateway may take to send a request, milliseconds. */
const REQUEST_WITHIN_MS = 30_000;
/** How long calls under way may take when the host stops, milliseconds. */
const STOP_WITHIN_MS = 10_000;

/**
 * Starts a host with what `parseSettings` answers. The host emits `reloaded` (after files changed) and `timer` (after a
 * timer ran: name and error, if any).
 */
export async function startHost(settings) {
  const host = new EventEmitter();
  const verifier = new Verifier(settings.key);
  let catalog = readCatalog(settings.folder);
  const workerData = () => ({
    folder: settings.folder,
    functions: [...catalog.functions.values()].map(({ name, type, file }) => ({ name, type, file })),
    modules: [...catalog.modules],
    lingpai: settings.lingpai,
    lingpaiToken: settings.lingpaiToken,
    configCenter: settings.configCenter,
    reportsOutput: !!settings.onOutput,
  });
  const { workers, queue, memoryMb, onOutput } = settings;
  const pool = new Pool({ workers, queue, memoryMb, onOutput, workerData: workerData() });
  const timeout = (name) => Math.min(catalog.functions.get(name)?.timeoutMs ?? settings.timeoutMs, settings.timeoutMs);

  let timers = { stop() {}, problems: [] };
  const runTimers = () => {
    timers.stop();
    if (!settings.timers) return;
    timers = startTimers(catalog.functions, (name, trigger) => {
      const context = { requestId: `timer-${name}-${Date.now()}`, source: 'timing', secretType: 'none', clientInfo: {}, verifiedClient: null, user: null };
      const event = { method: '_timing', params: [], trigger: trigger.name };
      pool.run({ function: name, event, context }, timeout(name)).then(
        () => host.emit('timer', name),
        (error) => {
          console.error(`${name}: 定时触发失败 · the timer failed: ${error.message}`);
          host.emit('timer', name, error);
        },
      );
    });
  };
  runTimers();
  const stopWatching = settings.reload
    ? watchFolder(settings.folder, () => {
        catalog = readCatalog(settings.folder);
        pool.replace(workerData());
        runTimers();
        host.emit('reloaded');
      })
    : () => undefined;

  let isStopping = false;
  const server = createServer((request, response) => {
    // Kept connections would hold the stop up.
    if (isStopping) response.shouldKeepAlive = false;
    response.on('finish', () => isStopping && request.socket.end());
    const gone = new AbortController();
    // Whoever has gone must not have a function run for him later on.
    response.once('close', () => response.writableFinished || gone.abort());
    answer(request, gone.signal).then(
      ([status, body]) => end(response, status, body),
      (error) => {
        const known = error instanceof FunctionError;
        if (!known) console.error(error);
        const { code, message, status } = known ? error : new FunctionError('FUNCTION_HOST_ERROR', '函数宿主出错 · The host failed', 500);
        end(response, status, JSON.stringify({ error: { code, message } }));
      },
    );
  });

  server.requestTimeout = REQUEST_WITHIN_MS;

  async function answer(request, gone) {
    if (request.method === 'GET' && request.url === '/healthz') return [200, '{"ok":true}'];
    if (request.method !== 'POST') throw new FunctionError('FUNCTION_BAD_REQUEST', '只接受 POST · POST only', 405);
    const body = await read(request, settings.bodyBytes);
    if (!verifier.accepts({ path: request.url, headers: request.headers, body })) {
      throw new FunctionError('FUNCTION_UNSIGNED', '请求不是令牌签发的 · The request is not signed by the gateway', 401);
    }
    const call = parseCall(body);
    if (!catalog.functions.has(call.function)) {
      throw new FunctionError('FUNCTION_NOT_FOUND', `没有云函数 ${call.function} · There is no function ${call.function}`, 404);
    }
    const result = await pool.run(call, timeout(call.function), gone);
    return [200, JSON.stringify(result ?? null)];
  }

  await new Promise((resolve, reject) => server.once('error', reject).listen(settings.port, settings.host, resolve));
  return Object.assign(host, {
    server,
    /** The port that it listens on. */
    port: server.address().port,
    /** Where it listens. */
    url: `http://${settings.host}:${server.address().port}`,
    /** What it runs; `problems` include those of timers. */
    catalog: () => ({ ...catalog, problems: [...catalog.problems, ...timers.problems] }),
    /** Worker threads at present. */
    workers: () => pool.size,
    /** Finishes what is under way and stops. */
    async close() {
      stopWatching();
      timers.stop();
      isStopping = true;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections?.();
      let timer;
      await Promise.race([closed, new Promise((resolve) => (timer = setTimeout(resolve, STOP_WITHIN_MS)))]);
      clearTimeout(timer);
      await pool.close();
      server.closeAllConnections?.();
      await closed;
    },
  });
}

function parseCall(body) {
  try {
    const { function: name, event, context } = JSON.parse(body.toString('utf8'));
    if (typeof name === 'string' && isObject(event ?? {}) && isObject(context)) return { function: name, event: event ?? {}, context };
  } catch {
    // Said below.
  }
  throw new FunctionError('FUNCTION_BAD_REQUEST', '请求体不是 {function, event, context} · The body is not {function, event, context}', 400);
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function read(request, most) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > most) throw new FunctionError('FUNCTION_BAD_REQUEST', `请求体超过 ${most} 字节 · The body has more than ${most} bytes`, 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function end(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) }).end(body);
}
