// Where there is neither fetch nor WebCrypto, and `wx` is a name that modules see rather than a property of anything.
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SPACE, startGateway } from './gateway.mjs';

const BUNDLE = readFileSync(new URL('../dist/cjs/index.js', import.meta.url), 'utf8');
/** What mini programs lack. */
const MISSING = ['fetch', 'crypto', 'globalThis', 'window', 'self', 'document', 'navigator', 'location', 'localStorage', 'indexedDB', 'TextEncoder', 'TextDecoder', 'btoa', 'atob', 'AbortController', 'URL'];
const HOUR = 3600_000;

/** The package in a mini program of its own. */
async function openMiniProgram(t, gatewayOptions) {
  const gateway = await startGateway(gatewayOptions);
  t.after(() => gateway.close());
  const kept = new Map();
  const aborted = [];
  const wx = {
    getSystemInfoSync: () => ({ platform: 'ios', language: 'zh_CN', model: 'iPhone' }),
    getStorageSync: (key) => kept.get(key) ?? '',
    setStorageSync: (key, value) => kept.set(key, value),
    removeStorageSync: (key) => kept.delete(key),
    request({ url, method, header, data, success, fail }) {
      fetch(url, { method, headers: header, body: data }).then(async (response) => success({ statusCode: response.status, data: await response.text(), header: { 'Request-Id': 'r1' } }), fail);
      return { abort: () => aborted.push(url) };
    },
  };
  const module = { exports: {} };
  new Function('module', 'exports', 'wx', ...MISSING, BUNDLE)(module, module.exports, wx);
  const make = (more = {}) => module.exports.createClient({ ...SPACE, endpoint: gateway.endpoint, appId: 'a', ...more });
  return { gateway, kept, aborted, make };
}

test('plain calls: requests and storage by wx', async (t) => {
  const { gateway, kept, make } = await openMiniProgram(t, { functions: { f: ({ uniIdToken }) => ({ uniIdToken }) } });
  const client = make();
  await client.setToken({ token: 'mini', tokenExpired: Date.now() + HOUR });
  const { result, requestId } = await client.callFunction({ name: 'f' });
  assert.deepEqual([result.uniIdToken, requestId], ['mini', 'r1']);
  const { uniPlatform, osName, model, deviceId } = gateway.seen.requests[0].outside.clientInfo;
  assert.deepEqual([uniPlatform, osName, model, deviceId.length], ['mp-weixin', 'ios', 'iPhone', 32]);
  assert.equal(kept.get('uni_id_token'), 'mini');
});

test('with secureNetwork plain calls still work, and sealed or verified ones say what is missing', async (t) => {
  const functions = { open: () => ({ errCode: 0 }), order: () => ({ errCode: 0 }) };
  const { gateway, make } = await openMiniProgram(t, { functions, verified: ['order'] });
  const client = make({ secureNetwork: { identityKey: gateway.identityKey } });
  assert.equal((await client.callFunction({ name: 'open' })).result.errCode, 0);
  const refused = (error) => error.errCode === 10001 && error.errSubject === 'uni-secure-network' && error.errMsg.includes('crypto');
  await assert.rejects(client.callFunction({ name: 'open', secretType: 'both' }), refused);
  await assert.rejects(client.callFunction({ name: 'order' }), refused);
  assert.deepEqual(gateway.seen.requests.map(({ name }) => name), ['open', 'order']);
});

test('with a WebCrypto and curves handed in calls are sealed', async (t) => {
  const { ed25519, x25519 } = await import('@noble/curves/ed25519');
  const { gateway, make } = await openMiniProgram(t, { functions: { order: (args, { secretType }) => ({ errCode: 0, secretType }) } });
  const secureNetwork = { identityKey: gateway.identityKey, package: 'wx-app', crypto: webcrypto, curves: { ed25519, x25519 } };
  const { result } = await make({ secureNetwork }).callFunction({ name: 'order', secretType: 'both' });
  assert.equal(result.secretType, 'both');
  const [{ platform, package: name }] = gateway.seen.handshakes;
  assert.deepEqual([platform, name], ['mp-weixin', 'wx-app']);
});

test('an aborted call aborts the request', async (t) => {
  const { gateway, aborted, make } = await openMiniProgram(t, { functions: { f: () => new Promise(() => {}) } });
  const abort = new AbortController();
  const call = assert.rejects(make().callFunction({ name: 'f', signal: abort.signal }), { errCode: 'ABORTED' });
  await gateway.next();
  abort.abort();
  await call;
  assert.equal(aborted.length, 1);
});
