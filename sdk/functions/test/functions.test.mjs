// Cloud functions and cloud objects as projects write them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hostOf, hostWith } from './kit.mjs';

test('a cloud function gets event and context', async (t) => {
  const { call } = await hostWith(t, { 'f/index.js': 'exports.main = async (event, context) => ({ event, context })' });
  const user = { uid: 'u1', role: ['editor'], permission: [] };
  const { status, body } = await call('f', { goods: 1, uniIdToken: 'token' }, { user, secretType: 'both' });
  assert.equal(status, 200);
  assert.deepEqual(body.event, { goods: 1, uniIdToken: 'token' });
  const { FUNCTION_NAME, SOURCE, CLIENTIP, CLIENTUA, OS, PLATFORM, APPID, DEVICEID, LOCALE, SPACEINFO, secretType, requestId } = body.context;
  assert.deepEqual(
    [FUNCTION_NAME, SOURCE, CLIENTIP, CLIENTUA, OS, PLATFORM, APPID, DEVICEID, LOCALE, SPACEINFO.spaceId, secretType, requestId],
    ['f', 'client', '10.1.2.3', 'test', 'linux', 'web', '__UNI__TEST', 'device-1', 'en', 's-1', 'both', 'r-1'],
  );
  assert.deepEqual(body.context.user, user);
});

test('results travel as JSON: dates as texts, nothing as null', async (t) => {
  const { call } = await hostWith(t, {
    'date/index.js': 'exports.main = () => ({ at: new Date(0), run() {}, gone: undefined })',
    'nothing/index.js': 'exports.main = () => undefined',
    'esm/index.js': 'export const main = async () => "module"',
    'esm/package.json': '{"type":"module"}',
  });
  assert.deepEqual((await call('date')).body, { at: '1970-01-01T00:00:00.000Z' });
  assert.equal((await call('nothing')).body, null);
  assert.equal((await call('esm')).body, 'module');
});

test('an error of a function carries its code and words', async (t) => {
  const { call } = await hostWith(t, {
    'plain/index.js': 'exports.main = () => { throw new Error("too late") }',
    'coded/index.js': 'exports.main = () => { throw Object.assign(new Error("no"), { code: "MY_CODE" }) }',
    'text/index.js': 'exports.main = () => Promise.reject("only text")',
    'broken/index.js': 'this is no program',
    'empty/index.js': '',
  });
  const codes = {};
  for (const name of ['plain', 'coded', 'text', 'broken', 'empty']) {
    const { status, body } = await call(name);
    assert.equal(status, 500, name);
    codes[name] = [body.error.code, body.error.message];
  }
  assert.deepEqual(codes.plain, ['FUNCTION_ERROR', 'too late']);
  assert.deepEqual(codes.coded, ['MY_CODE', 'no']);
  assert.deepEqual(codes.text, ['FUNCTION_ERROR', 'only text']);
  assert.equal(codes.broken[0], 'FUNCTION_ERROR');
  assert.equal(codes.empty[0], 'FUNCTION_INVALID');
});

const OBJECT = `
module.exports = {
  _before() { this.started = 'yes'; if (this.getMethodName() === 'refused') throw { errCode: 'not-you', errMsg: 'no' } },
  async facts(a, b) {
    return { errCode: 0, a, b, started: this.started, info: this.getClientInfo(), token: this.getUniIdToken(), method: this.getMethodName(),
      params: this.getParams(), http: this.getHttpInfo() ?? null, requestId: this.getUniCloudRequestId(), cloud: this.getCloudInfo(), helper: this._helper() }
  },
  refused() { return { errCode: 0 } },
  async failing() { const error = new Error('broken'); error.errCode = 'x-broken'; error.errSubject = 'x'; throw error },
  async crashing() { throw new Error('a crash') },
  keeps() { const before = this.kept ?? null; this.kept = 1; return { before } },
  _helper() { return 'helped' },
  notAFunction: 1,
  _after(error, result) { if (error) throw error; return { ...result, after: true } },
}`;

test('a cloud object: _before, the method with its parameters, _after, and what this knows', async (t) => {
  const { call } = await hostWith(t, { 'todo/index.obj.js': OBJECT });
  const { body } = await call('todo', { method: 'facts', params: [1, { two: 2 }], uniIdToken: 'token' }, { secretType: 'response', httpInfo: { path: '/x' } });
  const { info, cloud, ...rest } = body;
  assert.deepEqual(rest, {
    errCode: 0, a: 1, b: { two: 2 }, started: 'yes', token: 'token', method: 'facts', params: [1, { two: 2 }], http: { path: '/x' }, requestId: 'r-1', helper: 'helped', after: true,
  });
  assert.deepEqual([info.appId, info.secretType], ['__UNI__TEST', 'response']);
  assert.deepEqual(cloud, { provider: 'private', spaceId: 's-1', functionName: 'todo', functionType: 'cloudobject' });
});

test('errors with an errCode are answers, others are failures', async (t) => {
  const { call } = await hostWith(t, { 'todo/index.obj.js': OBJECT });
  assert.deepEqual(await call('todo', { method: 'refused' }), { status: 200, body: { errCode: 'not-you', errMsg: 'no' } });
  assert.deepEqual((await call('todo', { method: 'failing' })).body, { errCode: 'x-broken', errMsg: 'broken', errSubject: 'x' });
  assert.deepEqual(await call('todo', { method: 'crashing' }), { status: 500, body: { error: { code: 'FUNCTION_ERROR', message: 'a crash' } } });
});

test('_after may turn an error into an answer', async (t) => {
  const { call } = await hostWith(t, { 'o/index.obj.js': 'module.exports = { f() { throw new Error("x") }, _after: (error, result) => ({ saw: error.message, result: result ?? null }) }' });
  assert.deepEqual((await call('o', { method: 'f' })).body, { saw: 'x', result: null });
});

test('what clients must not call is not there', async (t) => {
  const { call } = await hostWith(t, { 'todo/index.obj.js': OBJECT });
  for (const method of ['_before', '_after', '_helper', '_timing', 'constructor', 'toString', 'hasOwnProperty', '__proto__', 'getClientInfo', 'notAFunction', 'unknown', '', null, 1]) {
    assert.equal((await call('todo', { method })).body.error.code, 'METHOD_NOT_FOUND', String(method));
  }
});

test('what one call puts into this the next one does not find', async (t) => {
  const { call } = await hostWith(t, { 'todo/index.obj.js': OBJECT }, ['--workers', '1']);
  assert.deepEqual((await call('todo', { method: 'keeps' })).body, { before: null, after: true });
  assert.deepEqual((await call('todo', { method: 'keeps' })).body, { before: null, after: true });
});

// Their condition holds for every secretType, so what they do is always to refuse.
test('the documented samples run as they are', async (t) => {
  const { call } = await hostOf(t, fileURLToPath(new URL('../example/cloudfunctions', import.meta.url)), ['--no-reload']);
  for (const secretType of ['none', 'request', 'response', 'both']) {
    assert.equal((await call('secret-type-function', {}, { secretType })).body.error.message, 'secretType invalid');
    assert.equal((await call('secret-type-object', { method: 'reward' }, { secretType })).body.error.message, 'secretType invalid');
    assert.deepEqual((await call('secret-type-object', { method: 'other' }, { secretType })).body, { errCode: 0 });
  }
});

test('functions of a folder call each other', async (t) => {
  const { call } = await hostWith(t, {
    'outer/index.js': `exports.main = async (event) => {
      const { result } = await uniCloud.callFunction({ name: 'inner', data: { n: event.n } })
      const object = await uniCloud.importObject('object').twice(result.n)
      const failed = await uniCloud.importObject('object').fail().catch((error) => error.errCode)
      return { result, object, failed }
    }`,
    'inner/index.js': 'exports.main = (event, context) => ({ n: event.n + 1, source: context.SOURCE })',
    'object/index.obj.js': 'module.exports = { twice(n) { return { n: n * 2, source: uniCloud.getClientInfos()[0].appId } }, fail() { return { errCode: "bad", errMsg: "bad" } } }',
  });
  assert.deepEqual((await call('outer', { n: 1 })).body, { result: { n: 2, source: 'function' }, object: { n: 4, source: '__UNI__TEST' }, failed: 'bad' });
});

test('the URL form: a function gets the request, an object the method that the path names', async (t) => {
  const { call } = await hostWith(t, {
    'f/index.js': 'exports.main = (event, context) => ({ event, source: context.SOURCE })',
    'o/index.obj.js': 'module.exports = { list() { return { path: this.getHttpInfo().path, params: this.getParams(), method: this.getMethodName() } }, _timing() {}, nested: async () => uniCloud.importObject("p").seen() }',
    'p/index.obj.js': 'module.exports = { seen() { return { http: this.getHttpInfo() ?? null, source: this.getClientInfo().source ?? null } } }',
  });
  const httpInfo = { path: '/list/x', httpMethod: 'POST', headers: {}, queryStringParameters: {}, body: '{}', isBase64Encoded: false };
  const http = (name, path, event = {}) => call(name, event, { source: 'http', httpInfo: { ...httpInfo, path } });
  assert.deepEqual((await http('f', '/')).body, { event: { ...httpInfo, path: '/' }, source: 'http' });
  assert.deepEqual((await http('o', '/list/x', { method: '_timing' })).body, { path: '/list/x', params: [], method: 'list' });
  assert.deepEqual((await http('o', '/nested')).body, { http: null, source: 'function' }, 'another object was not called by HTTP');
  for (const path of ['/_timing', '/', '/constructor', '']) assert.equal((await http('o', path)).body.error.code, 'METHOD_NOT_FOUND', path);
});

test('uniCloud.logger prints, and uniCloud tells of the call', async (t) => {
  const { call } = await hostWith(t, {
    'f/index.js': `exports.main = () => {
      for (const level of ['log', 'info', 'warn', 'error']) uniCloud.logger[level]('words')
      return [uniCloud.getRequestList(), uniCloud.getClientInfos()[0].deviceId, uniCloud.getCloudInfos()[0].spaceId]
    }`,
  });
  assert.deepEqual((await call('f')).body, [['r-1'], 'device-1', 's-1']);
});

test('what uniCloud has and this host has not says so', async (t) => {
  const { call } = await hostWith(t, { 'f/index.js': 'exports.main = () => uniCloud.database()' });
  const { error } = (await call('f')).body;
  assert.equal(error.code, 'NOT_SUPPORTED');
  assert.match(error.message, /uniCloud\.database/);
});
