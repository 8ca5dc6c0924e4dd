// The few things that differ between browsers, Node, uni-app and mini programs.
import { CloudError } from './errors.js';

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
  request(options: Record<string, unknown>): unknown;
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, value: unknown): void;
  removeStorageSync(key: string): void;
  getSystemInfoSync?(): Record<string, unknown>;
}

/** `uni`, else `wx`, where there is one. */
export function miniProgram(): MiniProgram | undefined {
  const { uni, wx } = globalThis as { uni?: MiniProgram; wx?: MiniProgram };
  return [uni, wx].find((api) => typeof api?.request === 'function');
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
    const local = typeof document === 'undefined' ? undefined : globalThis.localStorage;
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

const byFetch: Requester = async ({ url, method, headers, body, timeout }) => {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeout);
  try {
    const response = await fetch(url, { method, headers, body: body ?? null, signal: abort.signal, credentials: 'omit', redirect: 'error' });
    return { status: response.status, body: await response.text(), requestId: response.headers.get('request-id') ?? undefined };
  } catch (cause) {
    throw unreachable(abort.signal.aborted, cause);
  } finally {
    clearTimeout(timer);
  }
};

function byMiniProgram(api: MiniProgram): Requester {
  return ({ url, method, headers, body, timeout }) =>
    new Promise((resolve, reject) => {
      api.request({
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
    });
}

function unreachable(isTimeout: boolean, detail: unknown): CloudError {
  return isTimeout
    ? new CloudError('TIMEOUT', '请求超时 · The server took too long to answer', { detail })
    : new CloudError('NETWORK_ERROR', '无法连接服务器 · The server cannot be reached', { detail });
}
