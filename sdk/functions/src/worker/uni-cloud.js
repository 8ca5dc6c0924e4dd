// The global `uniCloud` of cloud functions: calls to other functions, HTTP. There is no database behind it.
import { calls } from './current-call.js';
import { invoke } from './invoke.js';

const MISSING = {
  database: '请在函数中使用自己的数据库;用户数据请调用 uni-id-co · Use a database of your own; for accounts call uni-id-co',
  databaseForJQL: '请在函数中使用自己的数据库 · Use a database of your own',
  redis: '请使用自己的 Redis 客户端 · Use a Redis client of your own',
  uploadFile: '请使用自己的存储 · Use a storage of your own',
  sendSms: '请调用 uni-id-co 的 sendSmsCode · Call sendSmsCode of uni-id-co',
};

/** Defines it. */
export function installUniCloud({ functions, load, lingpai }) {
  const call = (name, event) => {
    const current = calls.getStore();
    const { httpInfo, ...own } = current?.context ?? {};
    const context = { ...own, source: 'function' };
    const entry = functions.get(name);
    if (!entry) return lingpai.call(name, event.method, event.params?.[0], { context, uniIdToken: event.uniIdToken });
    return invoke(entry, { function: name, event, context }, load);
  };
  const uniCloud = {
    /** Another function of this folder. */
    async callFunction({ name, data = {} }) {
      const result = await call(name, data);
      return { result, success: true, errCode: 0, requestId: calls.getStore()?.context.requestId };
    },
    /** An object of this folder, or a built-in one of Lingpai (`uni-id-co`). */
    importObject(name) {
      const uniIdToken = calls.getStore()?.event.uniIdToken;
      return new Proxy(
        {},
        {
          get: (_, method) => {
            if (typeof method !== 'string' || method === 'then') return undefined;
            return async (...params) => {
              const result = await call(name, { method, params, uniIdToken });
              if (result?.errCode) throw Object.assign(new Error(result.errMsg ?? String(result.errCode)), result, { errMsg: result.errMsg });
              return result;
            };
          },
        },
      );
    },
    httpclient: { request: httpRequest },
    request: ({ url, ...options }) => httpRequest(url, { dataType: 'json', ...options }),
    logger: console,
    getClientInfos: () => [calls.getStore()?.context.clientInfo ?? {}],
    getCloudInfos: () => [{ provider: 'private', spaceId: calls.getStore()?.context.spaceId }],
    getRequestList: () => [calls.getStore()?.context.requestId],
  };
  for (const [name, advice] of Object.entries(MISSING)) {
    uniCloud[name] = () => {
      throw Object.assign(new Error(`uniCloud.${name}: 此宿主不提供 · is not provided here. ${advice}`), { code: 'NOT_SUPPORTED' });
    };
  }
  globalThis.uniCloud = Object.freeze(uniCloud);
}

/** `uniCloud.httpclient.request`: status, headers, data. */
async function httpRequest(url, options = {}) {
  const { method = 'GET', headers = {}, header = {}, data, content, contentType, dataType, timeout = 5000, followRedirect = false } = options;
  const target = new URL(url);
  const sent = { ...headers, ...header };
  const hasBody = !['GET', 'HEAD'].includes(method.toUpperCase());
  let body = content;
  if (body === undefined && data !== undefined) {
    if (!hasBody) for (const [name, value] of Object.entries(data)) target.searchParams.set(name, String(value));
    else if (typeof data === 'string' || Buffer.isBuffer(data)) body = data;
    else if (contentType === 'json') {
      body = JSON.stringify(data);
      sent['content-type'] ??= 'application/json';
    } else body = new URLSearchParams(data);
  }
  const redirect = followRedirect ? 'follow' : 'manual';
  const response = await fetch(target, { method, headers: sent, body: hasBody ? body : undefined, redirect, signal: AbortSignal.timeout(Number([timeout].flat()[0])) });
  const bytes = Buffer.from(await response.arrayBuffer());
  const parsed = dataType === 'json' ? JSON.parse(bytes.toString('utf8') || 'null') : dataType === 'text' ? bytes.toString('utf8') : bytes;
  return { status: response.status, statusCode: response.status, headers: Object.fromEntries(response.headers), data: parsed };
}
