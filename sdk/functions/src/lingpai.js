// Lingpai's own functions in the URL form, for the modules that cloud functions require.
import { createHash, createHmac, randomBytes } from 'node:crypto';

const TIMEOUT_MS = 8000;

/** A client of one Lingpai. */
export class Lingpai {
  #url;
  #configCenter;
  #own;

  /** `token`: how Lingpai recognises a host that it started itself. */
  constructor(url, configCenter, token) {
    this.#url = url;
    this.#configCenter = configCenter;
    this.#own = token ? { 'x-lingpai-functions-host': token } : {};
  }

  /** Calls a method for the client of `context` (of the gateway); answers its body, errors included. */
  call(name, method, params, { context = {}, uniIdToken, isSigned = false } = {}) {
    const { clientInfo = {}, clientIP } = context;
    const { appId = clientInfo.APPID, uniPlatform = clientInfo.PLATFORM } = clientInfo;
    const body = { clientInfo: { ...clientInfo, appId, uniPlatform }, params: params ?? {}, ...(uniIdToken && { uniIdToken }) };
    // Believed where Lingpai started this host, or has it in `server.trusted_proxies`: limits then count clients rather than
    // this host.
    const headers = clientIP ? { 'x-forwarded-for': clientIP } : {};
    return this.#post(`/${name}/${method}`, body, headers, isSigned ? appId : undefined);
  }

  /** Calls uni-open-bridge, which looks at this host's own address. */
  callBridge(method, body) {
    return this.#post(`/uni-open-bridge/${method}`, body, {});
  }

  async #post(path, content, headers, signedFor) {
    const body = JSON.stringify(content);
    const signature = signedFor === undefined ? {} : this.#signature(path, body, signedFor);
    let response;
    try {
      response = await fetch(this.#url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...this.#own, ...headers, ...signature },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return await response.json();
    } catch (error) {
      const reason = error?.cause?.code ?? error?.name ?? error;
      throw Object.assign(new Error(`无法访问令牌 · Lingpai cannot be reached at ${this.#url}: ${reason}`), { code: 'LINGPAI_UNAVAILABLE' });
    }
  }

  /** Version 2 of the signature: method, path and the whole body. */
  #signature(path, body, appId) {
    const key = this.#signatureKey(appId);
    const [timestamp, nonce] = [String(Date.now()), randomBytes(16).toString('hex')];
    const message = ['2', timestamp, nonce, 'POST', path, createHash('sha256').update(body).digest('hex')].join('\n');
    const signature = createHmac('sha256', key).update(message).digest('hex');
    return { 'uni-id-timestamp': timestamp, 'uni-id-nonce': nonce, 'uni-id-signature': signature, 'uni-id-signature-version': '2' };
  }

  #signatureKey(appId) {
    const key = this.#configCenter({ pluginId: 'uni-cloud-s2s' }).config('signKey') || uniIdConfig(this.#configCenter, appId).requestAuthSecret;
    if (key) return key;
    const message =
      'common/uni-config-center/uni-id/config.json 缺少 requestAuthSecret,与令牌的相同 · requestAuthSecret is missing there, the same as Lingpai has';
    throw Object.assign(new Error(message), { code: 'LINGPAI_NO_SECRET' });
  }
}

/** uni-id's configuration of an application: its own entry of a list, else the default one. */
export function uniIdConfig(configCenter, appId) {
  const all = configCenter({ pluginId: 'uni-id' }).config();
  if (!Array.isArray(all)) return all ?? {};
  return all.find(({ dcloudAppid }) => [dcloudAppid].flat().includes(appId)) ?? all.find(({ isDefaultConfig }) => isDefaultConfig) ?? {};
}
