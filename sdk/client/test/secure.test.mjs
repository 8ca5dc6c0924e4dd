// The secure network over real HTTP, against a server's side of its own.
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { createClient, memoryStorage } from '../dist/index.js';
import { SPACE, startGateway } from './gateway.mjs';

const echo = (args, { secretType, evidence }) => ({ errCode: 0, args, secretType, evidence: evidence ?? null });
const HOUR = 3600_000;

async function setUp(t, gatewayOptions = {}, secureNetwork = {}) {
  const gateway = await startGateway({ functions: { order: echo }, ...gatewayOptions });
  t.after(() => gateway.close());
  const make = (more = {}) =>
    createClient({
      ...SPACE,
      endpoint: gateway.endpoint,
      appId: '__UNI__TEST',
      storage: memoryStorage(),
      secureNetwork: { identityKey: gateway.identityKey, package: 'https://demo.example', ...secureNetwork, ...more },
    });
  return { gateway, make, client: make() };
}

for (const secretType of ['request', 'response', 'both']) {
  test(`secretType ${secretType}: what travels, and what both sides see`, async (t) => {
    const { gateway, client } = await setUp(t);
    await client.setToken({ token: 'the token', tokenExpired: Date.now() + HOUR });
    const { result } = await client.callFunction({ name: 'order', data: { goods: '灯 42' }, secretType });
    assert.deepEqual(result, { errCode: 0, args: { goods: '灯 42', uniIdToken: 'the token' }, secretType, evidence: 'keyed' });
    const { body, headers } = gateway.seen.requests.at(-1);
    assert.equal(body.params.includes('灯 42'), secretType === 'response');
    assert.equal(body.params.includes('the token'), secretType === 'response', 'the token is sealed with the call');
    assert.equal(headers['x-client-token'], '');
  });
}

test('secretMethods: a method\'s own, else that of *', async (t) => {
  const { client } = await setUp(t);
  const order = client.importObject('order', { secretMethods: { '*': 'response', pay: 'both' } });
  assert.equal((await order.pay(1)).secretType, 'both');
  assert.deepEqual(await order.list(), { errCode: 0, args: { method: 'list', params: [] }, secretType: 'response', evidence: 'keyed' });
  assert.equal((await client.importObject('order').pay(1)).secretType, 'none');
});

test('one handshake for many calls, told as an event, with the device\'s facts', async (t) => {
  const { gateway, client } = await setUp(t);
  const told = [];
  client.on('handshake', (event) => told.push(event));
  await Promise.all([1, 2, 3].map((n) => client.callFunction({ name: 'order', data: { n }, secretType: 'both' })));
  assert.equal(gateway.seen.handshakes.length, 1);
  const [{ appId, platform, package: name, evidence }] = gateway.seen.handshakes;
  assert.deepEqual({ appId, platform, name, evidence }, { appId: '__UNI__TEST', platform: 'web', name: 'https://demo.example', evidence: null });
  assert.equal(told.length, 1);
  assert.equal(told[0].evidence, 'keyed');
});

test('a key that the server does not know any longer: a new handshake, and the call goes through', async (t) => {
  const { gateway, client } = await setUp(t);
  const call = () => client.callFunction({ name: 'order', secretType: 'both' });
  await call();
  gateway.keys.clear();
  const answers = await Promise.all([call(), call(), call()]);
  assert.deepEqual(answers.map(({ result }) => result.errCode), [0, 0, 0]);
  assert.equal(gateway.seen.handshakes.length, 2);
});

test('a key near its end is replaced before it is refused', async (t) => {
  const { gateway, client } = await setUp(t, { lifetime: HOUR });
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const call = () => client.callFunction({ name: 'order', secretType: 'both' });
  await call();
  t.mock.timers.tick(HOUR - 61_000);
  await call();
  assert.equal(gateway.seen.handshakes.length, 1);
  t.mock.timers.tick(2_000);
  await call();
  assert.equal(gateway.seen.handshakes.length, 2);
});

test('a server that never accepts is asked twice, not for ever', async (t) => {
  const { gateway, client } = await setUp(t, { lifetime: 3600_000 });
  const refusing = { errCode: 70009, errMsg: 'no', errSubject: 'uni-secure-network' };
  await client.handshake();
  gateway.keys.clear();
  gateway.keys.set = () => gateway.keys;
  await assert.rejects(client.callFunction({ name: 'order', secretType: 'both' }), { errCode: refusing.errCode, errSubject: refusing.errSubject });
  assert.equal(gateway.seen.handshakes.length, 2);
});

test('a function that turns out to be verified is signed from then on', async (t) => {
  const { gateway, client } = await setUp(t, { verified: ['order'] });
  assert.equal((await client.callFunction({ name: 'order' })).result.secretType, 'none');
  assert.equal((await client.callFunction({ name: 'order' })).result.evidence, 'keyed');
  const orders = gateway.seen.requests.filter(({ name }) => name === 'order');
  assert.deepEqual(orders.map(({ outside }) => !!outside._uniCloudOptions), [false, true, true]);
});

test('verify: chosen functions are signed from the start', async (t) => {
  const { gateway, client } = await setUp(t, { functions: { order: echo, open: echo } }, { verify: ['order'] });
  await client.callFunction({ name: 'order' });
  await client.callFunction({ name: 'open' });
  const signed = gateway.seen.requests.filter(({ outside }) => outside._uniCloudOptions).map(({ name }) => name);
  assert.deepEqual(signed, ['order']);
});

test('a wrong clock is corrected by the server\'s', async (t) => {
  let ahead = 0;
  const { client } = await setUp(t, { now: () => Date.now() + ahead });
  await client.callFunction({ name: 'order', secretType: 'both' });
  ahead = 5 * 60_000;
  assert.equal((await client.callFunction({ name: 'order', secretType: 'both' })).result.errCode, 0);
});

test('a reply that was changed, exchanged or left unsealed is dropped', async (t) => {
  let change = (data) => data;
  const { client } = await setUp(t, { tamper: (data) => change(data) });
  const call = () => client.callFunction({ name: 'order', secretType: 'both' });
  const refused = { errCode: 10010, errSubject: 'uni-secure-network' };
  let earlier;
  change = (data) => (earlier = data);
  await call();
  change = () => earlier;
  await assert.rejects(call(), refused, 'another call\'s reply');
  change = (data) => ({ ...earlier, _uniCloudOptions: { ...earlier._uniCloudOptions, requestId: data._uniCloudOptions.requestId } });
  await assert.rejects(call(), refused, 'another call\'s reply under this call\'s id');
  change = (data) => ({ ...data, content: (data.content[0] === 'A' ? 'B' : 'A') + data.content.slice(1) });
  await assert.rejects(call(), refused, 'a bit flipped');
  change = () => ({ errCode: 0, money: 1_000_000 });
  await assert.rejects(call(), refused, 'a reply in the clear');
});

test('an error in the clear is told, but brings no token', async (t) => {
  const forged = { errCode: 'uni-id-x', errMsg: 'x', newToken: { token: 'of-somebody-else', tokenExpired: Date.now() + HOUR } };
  const { client } = await setUp(t, { tamper: () => forged });
  const { result } = await client.callFunction({ name: 'order', secretType: 'both' });
  assert.deepEqual(result, { errCode: 'uni-id-x', errMsg: 'x' });
  assert.equal(await client.token(), null);
});

test('a server that is not the pinned one gets no hello', async (t) => {
  const { gateway, make } = await setUp(t);
  const other = Buffer.alloc(32, 7).toString('base64');
  await assert.rejects(make({ identityKey: other }).handshake(), { errCode: 10003 });
  assert.equal(gateway.seen.handshakes.length, 0);
  assert.throws(() => make({ identityKey: 'short' }), { errCode: 10003 });
});

test('sealing without secureNetwork says what is missing', async (t) => {
  const { gateway } = await setUp(t);
  const client = createClient({ ...SPACE, endpoint: gateway.endpoint, appId: 'a', storage: memoryStorage() });
  await assert.rejects(client.callFunction({ name: 'order', secretType: 'both' }), { errCode: 10003 });
});

test('a WebCrypto without the curves says so, and curves from elsewhere help', async (t) => {
  const { make } = await setUp(t);
  const lacking = (name) => () => Promise.reject(new DOMException(`no ${name}`, 'NotSupportedError'));
  const subtle = new Proxy(crypto.subtle, {
    get: (target, name) => (...args) => (['X25519', 'Ed25519'].includes(args[2]?.name ?? args[2]) ? lacking(args[2])() : target[name](...args)),
  });
  const old = { subtle, getRandomValues: (array) => crypto.getRandomValues(array) };
  await assert.rejects(make({ crypto: old }).handshake(), (error) => error.errCode === 10001 && error.message.includes('curves'));
  const { ed25519, x25519 } = await import('@noble/curves/ed25519');
  const client = make({ crypto: old, curves: { ed25519, x25519 } });
  assert.equal((await client.callFunction({ name: 'order', secretType: 'both' })).result.errCode, 0);
});

test('native keys: the five functions, evidence of both platforms, and a key that outlives the program', async (t) => {
  const { gateway, make } = await setUp(t);
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
  let kept = null;
  const asked = [];
  const keys = (evidence) => ({
    createKey: async (challenge) => (asked.push(Buffer.from(challenge)), { publicKey: new Uint8Array(point), ...(evidence === 'android' ? { chain: [new Uint8Array([1]), new Uint8Array([2])] } : {}) }),
    sign: async (message) => new Uint8Array(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
    attest: async (hash) => (asked.push(Buffer.from(hash)), evidence === 'ios' ? { keyId: new Uint8Array(32), attestation: new Uint8Array([3]) } : null),
    save: async (record) => void (kept = record && JSON.stringify({ ...record, secret: Buffer.from(record.secret).toString('hex') })),
    load: async () => kept && { ...JSON.parse(kept), secret: new Uint8Array(Buffer.from(JSON.parse(kept).secret, 'hex')) },
  });
  const android = { platform: 'android', deviceKeys: keys('android') };
  assert.equal((await make(android).callFunction({ name: 'order', secretType: 'both' })).result.evidence, 'attested');
  assert.deepEqual(gateway.seen.handshakes[0].evidence, { format: 'android-key-attestation', chain: ['AQ==', 'Ag=='] });
  assert.deepEqual(asked, [gateway.seen.handshakes[0].unbound], 'the attestation challenge is the binding without a key');
  await make(android).callFunction({ name: 'order', secretType: 'both' });
  assert.equal(gateway.seen.handshakes.length, 1, 'the kept key is good after a restart');

  kept = null;
  asked.length = 0;
  await make({ platform: 'ios', deviceKeys: keys('ios') }).callFunction({ name: 'order', secretType: 'both' });
  assert.equal(gateway.seen.handshakes[1].evidence.format, 'apple-app-attest');
  assert.deepEqual(asked[1], gateway.seen.handshakes[1].binding, 'clientDataHash is the binding');
});
