// The app on an Apple device: attested at the handshake, asserted with every call. Against the real server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLingpai } from '../../testing/lingpai-server.mjs';
import { createClient, memoryStorage } from '../dist/index.js';
import { appAttest } from './app-attest.mjs';
import { SPACE as GATEWAY_SPACE, startGateway } from './gateway.mjs';

const APP = '__UNI__EXAMPLE';
const SPACE = { spaceId: 'lingpai-dev', clientSecret: 'lingpai-dev-secret' };
const BUILD = { teamId: 'ABCDE12345', bundleId: 'com.example.demo' };

/** A server whose functions take calls of this build only, each with an assertion. */
async function setUp(t) {
  const apple = appAttest(BUILD);
  const ios = [{ ...BUILD, version: 'production', require: 'attested', assertions: 'require' }];
  const rules = { 'uni-id-co': [{ appId: APP, platform: 'ios', version: 'production' }] };
  const config = { enable: true, apps: [{ appId: APP, name: 'demo', ios }], verifyClient: { enable: true, customRules: true, rules } };
  const files = { 'secure-network/config.json': JSON.stringify(config), 'secure-network/apple-roots.pem': apple.pem };
  const lingpai = await startLingpai(t, { files });
  const { identityKey } = await (await fetch(`${lingpai.url}/secure-network/keys`)).json();
  const client = (deviceKeys) =>
    createClient({
      ...SPACE,
      endpoint: lingpai.url,
      appId: APP,
      storage: memoryStorage(),
      clientInfo: { deviceId: 'phone-1', uniPlatform: 'app', osName: 'ios' },
      secureNetwork: { identityKey, package: BUILD.bundleId, deviceKeys },
    });
  return { apple, client, ask: (own, secretType) => own.importObject('uni-id-co', { secretMethods: { '*': secretType } }).getSupportedLoginType() };
}

test('every call carries an assertion that the server counts, many at once one after the other', async (t) => {
  const { apple, client, ask } = await setUp(t);
  const { deviceKeys, own } = apple.phone();
  const phone = client(deviceKeys);
  const told = [];
  phone.on('handshake', ({ evidence }) => told.push(evidence));
  for (const secretType of ['none', 'request', 'response', 'both']) assert.equal((await ask(phone, secretType)).errCode, 0, secretType);
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(phone, 'both')));
  assert.ok(answers.every(({ errCode }) => errCode === 0));
  assert.deepEqual(told, ['attested']);
  // The first call was plain: only its refusal told that the function is verified.
  assert.equal(own.counter, 12);
});

test('without an assertion, with one that was used, and with another key\'s nothing is answered', async (t) => {
  const { apple, client, ask } = await setUp(t);
  const refused = { errCode: 70004, errSubject: 'uni-secure-network' };
  const phone = apple.phone();
  assert.equal((await ask(client(phone.deviceKeys), 'both')).errCode, 0);
  await assert.rejects(ask(client({ ...phone.deviceKeys, assert: undefined }), 'both'), refused);
  await assert.rejects(ask(client({ ...phone.deviceKeys, assert: async () => null }), 'both'), refused);
  phone.own.counter = 0;
  await assert.rejects(ask(client(phone.deviceKeys), 'both'), refused, 'a clone, or a counter that was set back');
  assert.equal((await ask(client(phone.deviceKeys), 'both')).errCode, 0, 'the next one is greater again');
  const genuine = phone.own.key;
  phone.own.key = await otherKey(apple);
  await assert.rejects(ask(client(phone.deviceKeys), 'both'), refused);
  phone.own.key = genuine;
  // What Apple does not vouch for, what belongs to another team, and what is made for development come to no key.
  const strangers = [appAttest(BUILD).phone(), apple.phone({ teamId: 'OTHER12345' }), apple.phone({ aaguid: 'appattestdevelop' })];
  for (const { deviceKeys } of strangers) await assert.rejects(ask(client(deviceKeys), 'both'), refused);
});

async function otherKey(apple) {
  const { deviceKeys, own } = apple.phone();
  await deviceKeys.attest(new Uint8Array(32));
  return own.key;
}

test('a call that waits for its turn can be aborted', async (t) => {
  let first;
  const gateway = await startGateway({ functions: { slow: () => new Promise((resolve) => (first = resolve)), quick: () => ({ errCode: 0 }) } });
  t.after(() => gateway.close());
  const { deviceKeys } = appAttest(BUILD).phone();
  const secureNetwork = { identityKey: gateway.identityKey, package: BUILD.bundleId, platform: 'ios', deviceKeys };
  const client = createClient({ ...GATEWAY_SPACE, endpoint: gateway.endpoint, appId: APP, storage: memoryStorage(), secureNetwork });
  await client.handshake();
  const slow = client.callFunction({ name: 'slow', secretType: 'both' });
  await gateway.next();
  const abort = new AbortController();
  const waiting = client.callFunction({ name: 'quick', secretType: 'both', signal: abort.signal });
  const refused = assert.rejects(waiting, { errCode: 'ABORTED' });
  const before = new AbortController();
  before.abort();
  await assert.rejects(client.callFunction({ name: 'quick', secretType: 'both', signal: before.signal }), { errCode: 'ABORTED' });
  const last = client.callFunction({ name: 'quick', secretType: 'both' });
  abort.abort();
  await refused;
  first({ errCode: 0 });
  await slow;
  assert.deepEqual((await last).result, { errCode: 0 });
  assert.deepEqual(gateway.seen.requests.map(({ name }) => name).filter((name) => name !== 'uni-secure-network'), ['slow', 'quick']);
  const { assertion } = gateway.seen.requests.at(-1).outside._uniCloudOptions;
  assert.ok(Buffer.from(assertion, 'base64').length > 100);
});
