// Worker threads, one call at a time each, so that a call that hangs or eats memory takes nothing with it but its worker.
import { Worker } from 'node:worker_threads';
import { FunctionError } from './function-error.js';

const WORKER = new URL('./worker/main.js', import.meta.url);

/** How long a worker may take until it runs, milliseconds. */
const START_WITHIN_MS = 30_000;

/** Runs calls; see {@link Pool.run}. */
export class Pool {
  #options;
  #idle = [];
  #all = new Set();
  #waiting = [];
  #closed = false;

  /**
   * `options`: workers, queue, memoryMb, workerData, and `onOutput(entry)` if what functions print is not for this process's
   * own streams: `{level, text, function, requestId}`.
   */
  constructor(options) {
    this.#options = options;
  }

  /**
   * The result of one call, or a {@link FunctionError}. `timeoutMs` counts from when it starts; what still waits when
   * `gone` is aborted does not start.
   */
  run(call, timeoutMs, gone) {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(stopping());
      if (gone?.aborted) return reject(left());
      const job = { call, timeoutMs, resolve, reject };
      const worker = this.#idle.pop() ?? this.#start();
      if (worker) return this.#assign(worker, job);
      if (this.#waiting.length >= this.#options.queue) {
        return reject(new FunctionError('FUNCTION_BUSY', '调用太多,请稍后再试 · Too many calls, try again later', 503));
      }
      this.#waiting.push(job);
      gone?.addEventListener('abort', () => {
        const place = this.#waiting.indexOf(job);
        if (place < 0) return;
        this.#waiting.splice(place, 1);
        reject(left());
      });
    });
  }

  /** How many workers there are. */
  get size() {
    return this.#all.size;
  }

  /** New calls get new workers with `workerData`; the present ones finish what they do. */
  replace(workerData) {
    this.#options = { ...this.#options, workerData };
    for (const worker of this.#all) worker.isOld = true;
    for (const worker of this.#idle.splice(0)) this.#end(worker);
  }

  /** Ends all workers; calls under way fail. */
  async close() {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(stopping());
    await Promise.all([...this.#all].map((worker) => this.#end(worker)));
  }

  #start() {
    if (this.#all.size >= this.#options.workers) return undefined;
    const { memoryMb, workerData, onOutput } = this.#options;
    const apart = !!onOutput;
    const thread = new Worker(WORKER, { workerData, resourceLimits: { maxOldGenerationSizeMb: memoryMb }, stdin: true, stdout: apart, stderr: apart, env: environment() });
    if (apart) for (const stream of [thread.stdout, thread.stderr]) stream.setEncoding('utf8').on('data', (text) => onOutput({ level: 'info', text }));
    const worker = { thread, job: null, isOld: false, isReady: false };
    this.#all.add(worker);
    thread.on('message', (message) => this.#onMessage(worker, message));
    thread.on('error', (error) => {
      const [code, text] =
        error?.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? ['FUNCTION_OUT_OF_MEMORY', `内存超过 ${memoryMb} MB · The function took more than ${memoryMb} MB of memory`]
          : ['FUNCTION_CRASHED', `云函数异常退出 · The function crashed: ${error?.message ?? error}`];
      this.#fail(worker, new FunctionError(code, text, 500));
    });
    thread.on('exit', () => {
      this.#all.delete(worker);
      this.#idle = this.#idle.filter((other) => other !== worker);
      this.#fail(worker, new FunctionError('FUNCTION_CRASHED', '云函数结束了自己的线程 · The function ended its own thread', 500));
      this.#next();
    });
    return worker;
  }

  #assign(worker, job) {
    worker.job = job;
    // A call's time does not begin before its worker runs, but a worker that never does must not hold it for ever.
    this.#limit(worker, worker.isReady ? job.timeoutMs : START_WITHIN_MS);
    worker.thread.postMessage(job.call);
  }

  #limit(worker, ms) {
    const { job } = worker;
    clearTimeout(job.timer);
    job.timer = setTimeout(() => {
      const limit = Math.round(ms);
      this.#fail(worker, new FunctionError('FUNCTION_TIMEOUT', `超过 ${limit} 毫秒 · The function took more than ${limit} ms`, 504));
      this.#end(worker);
    }, ms);
  }

  #onMessage(worker, { isReady, output, result, error }) {
    if (output) return this.#options.onOutput?.(output);
    const { job } = worker;
    if (isReady) {
      worker.isReady = true;
      if (job) this.#limit(worker, job.timeoutMs);
      return;
    }
    if (!job) return;
    this.#settle(worker);
    if (error) job.reject(new FunctionError(error.code, error.message, 500));
    else job.resolve(result);
    if (worker.isOld) this.#end(worker);
    else this.#idle.push(worker);
    this.#next();
  }

  #fail(worker, error) {
    const { job } = worker;
    if (!job) return;
    this.#settle(worker);
    job.reject(error);
  }

  #settle(worker) {
    clearTimeout(worker.job.timer);
    worker.job = null;
  }

  #end(worker) {
    return worker.thread.terminate();
  }

  #next() {
    while (this.#waiting.length > 0) {
      const worker = this.#idle.pop() ?? this.#start();
      if (!worker) return;
      this.#assign(worker, this.#waiting.shift());
    }
  }
}

function left() {
  return new FunctionError('FUNCTION_ABANDONED', '调用者已离开 · Nobody waits for the answer any longer', 503);
}

function stopping() {
  return new FunctionError('FUNCTION_UNAVAILABLE', '正在停止 · The host is stopping', 503);
}

/** What functions see of the environment: all but the gateway's key. */
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LINGPAI_FUNCTIONS_KEY')));
}
