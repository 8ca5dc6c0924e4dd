// Calls, tokens and events over real HTTP.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { CloudError, createClient, memoryStorage } from '../dist/index.js';
import { SPACE, startGateway } from './gateway.mjs';

const jwt = (payload) => ['{}', JSON.stringify(payload), 'signature'].map((part) => Buffer.from(part).toString('base64url')).join('.');
const HOUR = 3600_000;

async function setUp(t, gatewayOptions = {}, clientOptions = {}) {
  const gateway = await startGateway(gatewayOptions);
  t.after(() => gateway.close());
  const client = createClient({ ...SPACE, endpoint: gateway.endpoint, appId: '__UNI__TEST', storage: memoryStorage(), ...clientOptions });
  return { gateway, client };
}

test('a cloud function gets its data beside clientInfo, and its result comes back as it is', async (t) => {
  const functions = { sum: ({ a, b }) => ({ sum: a + b }), failing: () => ({ errCode: 'too-bad', errMsg: 'no' }) };
  const { gateway, client } = await setUp(t, { functions }, { appVersion: '1.2.3', locale: 'en', clientInfo: { deviceId: 'device-9' } });
  const { result, requestId, success } = await client.callFunction({ name: 'sum', data: { a: 1, b: 2 } });
  assert.deepEqual([result, success, requestId.length], [{ sum: 3 }, true, 16]);
  const { outside, headers } = gateway.seen.requests[0];
  const { appId, deviceId, appVersion, locale, uniPlatform } = outside.clientInfo;
  assert.deepEqual({ appId, deviceId, appVersion, locale, uniPlatform }, { appId: '__UNI__TEST', deviceId: 'device-9', appVersion: '1.2.3', locale: 'en', uniPlatform: 'web' });
  assert.deepEqual(JSON.parse(decodeURIComponent(headers['x-client-info'])), outside.clientInfo);
  assert.equal(headers['x-client-token'], '');
  assert.equal('uniIdToken' in outside, false);
  assert.deepEqual((await client.callFunction({ name: 'failing' })).result, { errCode: 'too-bad', errMsg: 'no' });
});

test('a cloud object gets method and parameters, and its errors are thrown', async (t) => {
  const functions = { todo: ({ method, params }) => (method === 'add' ? { errCode: 0, params } : { errCode: 'todo-unknown', errMsg: 'what?', errSubject: 'todo' }) };
  const { client } = await setUp(t, { functions });
  const todo = client.importObject('todo');
  assert.deepEqual(await todo.add('a', { b: new Date(0) }), { errCode: 0, params: ['a', { b: '1970-01-01T00:00:00.000Z' }] });
  await assert.rejects(todo.drop(), (error) => {
    assert.ok(error instanceof CloudError);
    const { errCode, errMsg, errSubject, detail, code } = error;
    assert.deepEqual({ errCode, errMsg, errSubject, code }, { errCode: 'todo-unknown', errMsg: 'what?', errSubject: 'todo', code: 'todo-unknown' });
    assert.equal(detail.errCode, 'todo-unknown');
    return true;
  });
  assert.equal(await Promise.resolve(todo), todo, 'a cloud object is no promise');
});

test('errors of the protocol carry the server\'s code and words', async (t) => {
  const { client } = await setUp(t);
  await assert.rejects(client.callFunction({ name: 'nowhere' }), { errCode: 'FunctionNotFound', message: '[nowhere]: FUNCTION_NOT_FOUND' });
  const { client: stranger } = await setUp(t, {}, { clientSecret: 'wrong' });
  await assert.rejects(stranger.callFunction({ name: 'nowhere' }), { errCode: 'InvalidSignature' });
});

test('answers that are no JSON, no answer and slow answers are errors, not silence', async (t) => {
  const open = [];
  const server = createServer((request, response) => (request.headers['x-slow'] ? open.push(response) : response.end('<html>')));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.close(), server.closeAllConnections()));
  const endpoint = `http://127.0.0.1:${server.address().port}`;
  const client = (more) => createClient({ ...SPACE, endpoint, appId: 'a', storage: memoryStorage(), ...more });
  await assert.rejects(client().callFunction({ name: 'f' }), { errCode: 'SYS_ERR' });
  await assert.rejects(client({ endpoint: 'http://127.0.0.1:1' }).callFunction({ name: 'f' }), { errCode: 'NETWORK_ERROR' });
  server.removeAllListeners('request');
  server.on('request', (_, response) => open.push(response));
  await assert.rejects(client().callFunction({ name: 'f', timeout: 50 }), { errCode: 'TIMEOUT' });
});

test('missing settings are named', () => {
  for (const name of ['endpoint', 'spaceId', 'clientSecret', 'appId']) {
    const options = { ...SPACE, endpoint: 'http://127.0.0.1', appId: 'a', [name]: '' };
    assert.throws(() => createClient(options), (error) => error.message.includes(name));
  }
});

test('tokens are kept, sent, told and forgotten', async (t) => {
  const tokenExpired = Date.now() + HOUR;
  const token = jwt({ uid: 'u1', role: ['editor'], permission: ['write'] });
  const functions = {
    'uni-id-co': ({ method }) => (method === 'login' ? { errCode: 0, uid: 'u1', newToken: { token, tokenExpired } } : { errCode: 0 }),
    whoami: ({ uniIdToken }, { headers }) => ({ uniIdToken, header: headers['x-client-token'] }),
  };
  const { client } = await setUp(t, { functions });
  const told = [];
  client.on('refreshToken', (event) => told.push(event));
  assert.deepEqual(await client.currentUser(), { uid: null, role: [], permission: [], tokenExpired: 0 });
  await client.importObject('uni-id-co').login({});
  assert.deepEqual(await client.token(), { token, tokenExpired });
  assert.deepEqual(await client.currentUser(), { uid: 'u1', role: ['editor'], permission: ['write'], tokenExpired });
  assert.deepEqual((await client.callFunction({ name: 'whoami' })).result, { uniIdToken: token, header: token });
  assert.equal((await client.callFunction({ name: 'whoami', data: { uniIdToken: 'own' } })).result.uniIdToken, 'own');
  await client.logout();
  assert.equal(await client.token(), null);
  assert.deepEqual(told, [{ token, tokenExpired }, null]);
});

test('a token near its end is renewed once, before the calls that wait for it', async (t) => {
  let renewals = 0;
  const next = { token: jwt({ uid: 'u1' }), tokenExpired: Date.now() + HOUR };
  const functions = {
    'uni-id-co': ({ method }) => (method === 'refreshToken' ? (renewals++, { errCode: 0, newToken: next }) : { errCode: 0 }),
    whoami: ({ uniIdToken }) => ({ uniIdToken }),
  };
  const { client } = await setUp(t, { functions });
  await client.setToken({ token: 'old', tokenExpired: Date.now() + 60_000 });
  const answers = await Promise.all([1, 2, 3].map(() => client.callFunction({ name: 'whoami' })));
  assert.deepEqual(answers.map(({ result }) => result.uniIdToken), [next.token, next.token, next.token]);
  assert.equal(renewals, 1);
});

test('who must log in again is told, and no token is kept from an error without one', async (t) => {
  const functions = { secret: () => ({ errCode: 'uni-id-token-expired', errMsg: 'log in again' }) };
  const { client } = await setUp(t, { functions });
  const told = [];
  const stop = client.on('needLogin', (event) => told.push(event));
  await assert.rejects(client.importObject('secret').read(), { errCode: 'uni-id-token-expired' });
  assert.deepEqual(told, [{ errCode: 'uni-id-token-expired', errMsg: 'log in again' }]);
  stop();
  await client.callFunction({ name: 'secret' });
  assert.equal(told.length, 1);
});

test('an aliyun space authorises first, once, and again when the server asks for it', async (t) => {
  const { gateway, client } = await setUp(t, { functions: { f: () => ({ ok: true }) } }, { provider: 'aliyun' });
  const call = () => client.callFunction({ name: 'f' });
  await Promise.all([call(), call()]);
  assert.equal(gateway.seen.authorised, 1);
  const { body, headers } = gateway.seen.requests[0];
  assert.deepEqual([body.token, headers['x-basement-token'], headers['x-client-info']], ['access-1', 'access-1', undefined]);
  gateway.forgetAuthorisations();
  assert.deepEqual((await call()).result, { ok: true });
  assert.equal(gateway.seen.authorised, 3);
});

test('a call that is aborted ends at once, and is not sent again', async (t) => {
  const { gateway, client } = await setUp(t, { functions: { f: () => new Promise(() => {}) } });
  const abort = new AbortController();
  const call = client.callFunction({ name: 'f', signal: abort.signal });
  const refused = assert.rejects(call, { errCode: 'ABORTED' });
  await gateway.next();
  abort.abort();
  await refused;
  await assert.rejects(client.importObject('f', { signal: abort.signal }).anything(), { errCode: 'ABORTED' });
  assert.equal(gateway.seen.requests.length, 1);
});

test('what may have taken effect is never sent twice', async (t) => {
  let calls = 0;
  const { client } = await setUp(t, { functions: { pay: () => (calls++, 'hang up') }, tamper: (data, name, response) => void response.destroy() });
  await assert.rejects(client.callFunction({ name: 'pay' }), { errCode: 'NETWORK_ERROR' });
  await assert.rejects(client.callFunction({ name: 'pay', timeout: 10_000 }), { errCode: 'NETWORK_ERROR' });
  assert.equal(calls, 2);
});

test('methods may have the names of what every object has', async (t) => {
  const { client } = await setUp(t, { functions: { odd: ({ method }) => ({ errCode: 0, method }) } });
  assert.equal((await client.importObject('odd', { secretMethods: {} }).valueOf()).method, 'valueOf');
});

test('the package is there for import and require alike', () => {
  const required = createRequire(import.meta.url)('../dist/cjs/index.js');
  assert.equal(typeof required.createClient, 'function');
  assert.equal(typeof required.CloudError, 'function');
});
