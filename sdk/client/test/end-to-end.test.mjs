// The client, the real server's gateway, and the example's cloud functions behind it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FUNCTIONS_KEY, functionSettings, startFunctions } from '../../testing/functions-host.mjs';
import { freePort } from '../../testing/free-port.mjs';
import { startLingpai } from '../../testing/lingpai-server.mjs';
import { createClient, memoryStorage } from '../dist/index.js';

const APP = '__UNI__EXAMPLE';
const SPACE = { spaceId: 'lingpai-dev', clientSecret: 'lingpai-dev-secret' };
const EXAMPLE = fileURLToPath(new URL('../../functions/example/cloudfunctions', import.meta.url));

/** A server that verifies the clients of `whoami` when `verified`, with the example behind it. */
async function setUp(t, { verified = false } = {}) {
  const port = await freePort();
  const web = [{ origin: 'https://demo.example', version: 'production', require: 'keyed' }];
  const rules = { whoami: [{ appId: APP, platform: 'web', version: 'production' }] };
  const secureNetwork = { enable: true, apps: [{ appId: APP, name: 'demo', web }], verifyClient: { enable: verified, customRules: true, rules } };
  const lingpai = await startLingpai(t, { settings: functionSettings(['whoami', 'reward'], port), files: { 'secure-network/config.json': JSON.stringify(secureNetwork) } });
  await startFunctions(t, EXAMPLE, port, lingpai.url);
  const { identityKey } = await (await fetch(`${lingpai.url}/secure-network/keys`)).json();
  const client = (more = {}) =>
    createClient({
      ...SPACE,
      endpoint: lingpai.url,
      appId: APP,
      storage: memoryStorage(),
      clientInfo: { deviceId: 'device-1' },
      request: fromOrigin('https://demo.example'),
      secureNetwork: { identityKey, package: 'https://demo.example' },
      ...more,
    });
  return { lingpai, client, identityKey };
}

/** Node sends no Origin header by itself; the server compares it with what the hello says. */
function fromOrigin(origin) {
  return async ({ url, method, headers, body }) => {
    const response = await fetch(url, { method, headers: { ...headers, origin }, body });
    return { status: response.status, body: await response.text(), requestId: response.headers.get('request-id') ?? undefined };
  };
}

/** Registers by the client itself. */
async function register(client, lingpai) {
  const [account, captcha] = [client.importObject('uni-id-co'), client.importObject('uni-captcha-co')];
  await captcha.getImageCaptcha({ scene: 'register' });
  return account.registerUser({ username: 'alice', password: 'password1', captcha: lingpai.code({ kind: 'captcha', scene: 'register' }) });
}

test('plain calls: a function behind the gateway knows who calls', async (t) => {
  const { lingpai, client } = await setUp(t);
  const own = client();
  assert.equal((await own.callFunction({ name: 'whoami', data: { text: 'hi' } })).result.said, 'hi');
  const { uid } = await register(own, lingpai);
  const { result } = await own.callFunction({ name: 'whoami' });
  assert.deepEqual([result.you.uid, result.client, result.secretType, result.address], [uid, null, 'none', '127.0.0.1']);
});

for (const secretType of ['request', 'response', 'both']) {
  test(`sealed calls (${secretType}) of functions and of uni-id-co`, async (t) => {
    const { lingpai, client } = await setUp(t);
    const own = client();
    const { uid } = await register(own, lingpai);
    const { result } = await own.callFunction({ name: 'whoami', data: { text: '灯' }, secretType });
    assert.deepEqual([result.said, result.you.uid, result.secretType], ['灯', uid, secretType]);
    assert.deepEqual([result.client.appId, result.client.platform, result.client.evidence], [APP, 'web', 'keyed']);
    const info = await own.importObject('uni-id-co', { secretMethods: { '*': secretType } }).getAccountInfo();
    assert.equal(info.isUsernameSet, true);
  });
}

test('the reward insists on sealed replies', async (t) => {
  const { lingpai, client } = await setUp(t);
  const own = client();
  await register(own, lingpai);
  const reward = (secretType) => own.importObject('reward', { secretMethods: { '*': secretType } }).claim({ videoId: 'v1' });
  for (const secretType of ['none', 'request']) await assert.rejects(reward(secretType), { errCode: 'reward-not-sealed' });
  for (const secretType of ['response', 'both']) assert.equal((await reward(secretType)).points, 10);
  await own.logout();
  await assert.rejects(reward('both'), { errCode: 'uni-id-check-token-failed' });
});

test('a verified function: strangers stay out, the client finds its way in', async (t) => {
  const { client } = await setUp(t, { verified: true });
  const plain = client({ secureNetwork: undefined });
  await assert.rejects(plain.callFunction({ name: 'whoami' }), { errCode: 70008, errSubject: 'uni-secure-network' });
  assert.equal((await client().callFunction({ name: 'whoami' })).result.client.evidence, 'keyed');
  const stranger = client({ appId: '__UNI__OTHER' });
  await assert.rejects(stranger.callFunction({ name: 'whoami' }), { errCode: 60201 });
  const elsewhere = client({ request: fromOrigin('https://other.example') });
  await assert.rejects(elsewhere.callFunction({ name: 'whoami' }), { errSubject: 'uni-secure-network' });
});

test('a wrong identity key: no hello, no call', async (t) => {
  const { client } = await setUp(t);
  const identityKey = Buffer.alloc(32, 1).toString('base64');
  await assert.rejects(client({ secureNetwork: { identityKey } }).callFunction({ name: 'whoami', secretType: 'both' }), { errCode: 10003 });
});

test('whoever finds the functions\' port gets nothing without the key', async (t) => {
  assert.ok(FUNCTIONS_KEY.length >= 32);
  const { lingpai } = await setUp(t);
  const [, port] = /url = "http:\/\/127\.0\.0\.1:(\d+)/.exec((await import('node:fs')).readFileSync(`${lingpai.folder}/lingpai.toml`, 'utf8'));
  const response = await fetch(`http://127.0.0.1:${port}/whoami`, { method: 'POST', body: '{"function":"whoami","event":{},"context":{}}' });
  assert.equal(response.status, 401);
});
