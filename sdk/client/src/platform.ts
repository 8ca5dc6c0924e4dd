// The few things that differ between browsers, Node, uni-app and mini programs.
import { aborted, CloudError } from './errors.js';

/** Keeps texts; functions may be asynchronous. */
export interface Storage {
  get(key: string): string | null | undefined | Promise<string | null | undefined>;
  set(key: string, value: string): void | Promise<void>;
  remove(key: string): void | Promise<void>;
}

/** One HTTP request. `timeout` is in milliseconds. */
export interface HttpRequest {
  url: string;
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body?: string;
  timeout: number;
  /** Ends the wait; what was sent may still take effect. */
  signal?: AbortSignal | undefined;
}

/** Its answer, whatever the status. */
export interface HttpResponse {
  status: number;
  body: string;
  requestId?: string | undefined;
}

/** Sends a request; throws if there is no answer. */
export type Requester = (request: HttpRequest) => Promise<HttpResponse>;

interface MiniProgram {
  request(options: Record<string, unknown>): { abort?(): void } | undefined;
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, value: unknown): void;
  removeStorageSync(key: string): void;
  getSystemInfoSync?(): Record<string, unknown>;
}

// In mini programs these are names that every module sees, and no properties of globalThis.
declare const uni: MiniProgram | undefined;
declare const wx: MiniProgram | undefined;

/** `uni`, else `wx`, where there is one. */
export function miniProgram(): MiniProgram | undefined {
  const apis = [typeof uni === 'undefined' ? undefined : uni, typeof wx === 'undefined' ? undefined : wx];
  return apis.find((api) => typeof api?.request === 'function');
}

/** The platform's storage: that of uni-app, the browser's, else memory. */
export function defaultStorage(): Storage {
  const api = miniProgram();
  if (api) {
    return {
      get: (key) => (api.getStorageSync(key) as string) || null,
      set: (key, value) => api.setStorageSync(key, value),
      remove: (key) => api.removeStorageSync(key),
    };
  }
  try {
    const local = typeof document === 'undefined' ? undefined : localStorage;
    if (local) return { get: (key) => local.getItem(key), set: (key, value) => local.setItem(key, value), remove: (key) => local.removeItem(key) };
  } catch {
    // A page may be forbidden to have storage; memory does for as long as it is open.
  }
  return memoryStorage();
}

/** Storage that ends with the page or the process. */
export function memoryStorage(): Storage {
  const kept = new Map<string, string>();
  return { get: (key) => kept.get(key), set: (key, value) => void kept.set(key, value), remove: (key) => void kept.delete(key) };
}

/** `fetch` where there is one, else `uni.request` or `wx.request`. */
export function defaultRequester(): Requester {
  const api = miniProgram();
  if (typeof fetch === 'function') return byFetch;
  if (api) return byMiniProgram(api);
  throw new CloudError('SYS_ERR', '此环境没有 fetch,请传入 request · There is no fetch here: hand in `request`');
}

const byFetch: Requester = async ({ url, method, headers, body, timeout, signal }) => {
  const abort = new AbortController();
  const stop = () => abort.abort();
  const timer = setTimeout(stop, timeout);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  try {
    const response = await fetch(url, { method, headers, body: body ?? null, signal: abort.signal, credentials: 'omit', redirect: 'error' });
    return { status: response.status, body: await response.text(), requestId: response.headers.get('request-id') ?? undefined };
  } catch (cause) {
    throw signal?.aborted ? aborted(cause) : unreachable(abort.signal.aborted, cause);
  } finally {
    signal?.removeEventListener('abort', stop);
    clearTimeout(timer);
  }
};

function byMiniProgram(api: MiniProgram): Requester {
  return ({ url, method, headers, body, timeout, signal }) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(aborted(undefined));
      const task = api.request({
        url,
        method,
        header: headers,
        data: body,
        timeout,
        dataType: 'text',
        responseType: 'text',
        success: (response: { statusCode: number; data: unknown; header?: Record<string, string> }) => {
          const { statusCode, data, header = {} } = response;
          const name = Object.keys(header).find((key) => key.toLowerCase() === 'request-id');
          const text = typeof data === 'string' ? data : JSON.stringify(data);
          resolve({ status: statusCode, body: text, requestId: name && header[name] });
        },
        fail: (cause: { errMsg?: string }) => reject(unreachable(/timeout/.test(cause?.errMsg ?? ''), cause)),
      });
      signal?.addEventListener('abort', () => {
        task?.abort?.();
        reject(aborted(undefined));
      });
    });
}

function unreachable(isTimeout: boolean, detail: unknown): CloudError {
  return isTimeout
    ? new CloudError('TIMEOUT', '请求超时 · The server took too long to answer', { detail })
    : new CloudError('NETWORK_ERROR', '无法连接服务器 · The server cannot be reached', { detail });
}
