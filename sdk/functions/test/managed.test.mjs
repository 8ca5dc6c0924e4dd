// [functions_host]: the program itself starts Node for a folder of cloud functions, and watches over it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runLingpai, startLingpai } from '../../testing/lingpai-server.mjs';
import { writeFiles } from './kit.mjs';

function folderWith(t, files) {
  const folder = mkdtempSync(join(tmpdir(), 'lingpai-managed-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFiles(folder, files);
  return folder;
}

/** A server with a folder of these files. `host` is more of [functions_host]. */
async function serve(t, files, { host = '', settings = '', ...more } = {}) {
  const folder = folderWith(t, files);
  const section = `[functions_host]\ndir = ${JSON.stringify(folder)}\ntimeout_ms = 600000\nworkers = 2\n${host}\n`;
  const lingpai = await startLingpai(t, { settings: `${settings}\n${section}`, ...more });
  return { lingpai, folder };
}

/** Somebody whom functions call and who answers when told to. */
async function friend(t) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.close(), server.closeAllConnections()));
  return { url: `http://127.0.0.1:${server.address().port}`, called: async () => (await once(server, 'request')) };
}

const ASK = 'exports.main = async ({ url }) => (await fetch(url)).text()';

test('functions and objects of the folder are callable, with the facts of the gateway', async (t) => {
  const { lingpai } = await serve(t, {
    'hello/index.js': 'exports.main = (event, context) => ({ said: event.text, ip: context.CLIENTIP, secretType: context.secretType, uid: context.user?.uid ?? null })',
    'todo/index.obj.js': 'module.exports = { _before() { this.by = this.getMethodName() }, add(a, b) { return { errCode: 0, sum: a + b, by: this.by } }, fail() { throw { errCode: "no", errMsg: "no way" } } }',
    'throws/index.js': 'exports.main = () => { throw Object.assign(new Error("sold out"), { code: "NO_STOCK" }) }',
  });
  const { uid, token } = await lingpai.register('alice');
  assert.deepEqual((await lingpai.invoke('hello', { text: '你好', uniIdToken: token })).data, { said: '你好', ip: '127.0.0.1', secretType: 'none', uid });
  assert.deepEqual((await lingpai.invoke('todo', { method: 'add', params: [1, 2] })).data, { errCode: 0, sum: 3, by: 'add' });
  assert.deepEqual((await lingpai.invoke('todo', { method: 'fail', params: [] })).data, { errCode: 'no', errMsg: 'no way' });
  assert.deepEqual((await lingpai.invoke('throws')).error, { code: 'NO_STOCK', message: 'sold out' });
  assert.equal((await lingpai.invoke('nowhere')).error.code, 'FUNCTION_NOT_FOUND');
  const ready = await fetch(`${lingpai.url}/readyz`);
  assert.deepEqual([ready.status, (await ready.json()).functions], [200, 'ok']);
});

test('built-in names and those of [[functions]] come first', async (t) => {
  const files = {
    'uni-id-co/index.obj.js': 'module.exports = { getSupportedLoginType: () => ({ errCode: 0, stolen: true }) }',
    'mine/index.js': 'exports.main = () => "of the folder"',
    'no good/index.js': 'exports.main = () => 1',
  };
  const settings = '[[functions]]\nname = "mine"\nurl = "http://127.0.0.1:1/"\nkey = "0123456789012345678901234567890123"\n';
  const { lingpai } = await serve(t, files, { settings });
  const { data } = await lingpai.invoke('uni-id-co', { method: 'getSupportedLoginType', params: [] });
  assert.deepEqual([data.stolen, Array.isArray(data.supportedLoginType)], [undefined, true]);
  assert.equal((await lingpai.invoke('mine')).error.code, 'FUNCTION_UNAVAILABLE');
  for (const words of [/uni-id-co: .* left out/, /mine: .* comes first/, /no good.* left out/]) await lingpai.says(words);
});

test('a host that dies is started again, and its functions are unavailable in between rather than unknown', async (t) => {
  const { lingpai } = await serve(t, {
    'fine/index.js': 'exports.main = () => process.pid',
    'dies/index.js': 'exports.main = () => process.kill(process.pid, "SIGKILL")',
  });
  const { data: before } = await lingpai.invoke('fine');
  const { error } = await lingpai.invoke('dies');
  assert.equal(error.code, 'FUNCTION_UNAVAILABLE');
  await lingpai.says(/the host of cloud functions ended/);
  await lingpai.says(/the host of cloud functions is ready/, 2);
  const { data: after } = await lingpai.invoke('fine');
  assert.notEqual(after, before);
});

test('it does not outlive the program, however that ends', async (t) => {
  const { url, called } = await friend(t);
  const { lingpai } = await serve(t, { 'ask/index.js': ASK });
  const [answer, [request]] = await Promise.all([lingpai.invoke('ask', { url }).catch((error) => error), called().then((call) => (lingpai.process.kill('SIGKILL'), call))]);
  assert.ok(answer instanceof Error);
  // The function's own connection ends with its process.
  if (!request.socket.destroyed) await once(request.socket, 'close');
});

test('calls under way are finished before both stop', async (t) => {
  const { url, called } = await friend(t);
  const { lingpai } = await serve(t, { 'ask/index.js': ASK });
  const call = lingpai.invoke('ask', { url });
  const [request, response] = await called();
  lingpai.process.kill('SIGTERM');
  await lingpai.says(/stopping/);
  response.end('in time');
  assert.equal((await call).data, 'in time');
  assert.equal(await lingpai.ended, 0);
  if (!request.socket.destroyed) await once(request.socket, 'close');
});

test('what functions print is in the program\'s log, a line each', async (t) => {
  const { lingpai } = await serve(t, { 'says/index.js': 'exports.main = () => { console.warn("first\\nsecond", { a: 1 }); process.stdout.write("raw words\\n"); return 1 }' });
  assert.equal((await lingpai.invoke('says')).data, 1);
  await lingpai.says(/WARN .*a function printed.*function=says.*first\\nsecond \{ a: 1 \}/);
  await lingpai.says(/INFO .*raw words/);
});

test('functions see the environment, but none of the program\'s own settings', async (t) => {
  const env = { LINGPAI_SECURITY_MASTER_KEY: 'a master key of more than 32 characters', FOR_FUNCTIONS: 'yes' };
  const { lingpai } = await serve(t, { 'env/index.js': 'exports.main = () => Object.keys(process.env).filter((name) => /LINGPAI|FOR_/.test(name))' }, { env });
  assert.deepEqual((await lingpai.invoke('env')).data, ['FOR_FUNCTIONS']);
});

test('in development mode changed files are loaded again and new functions are found', async (t) => {
  const { lingpai, folder } = await serve(t, { 'f/index.js': 'exports.main = () => 1' });
  assert.equal((await lingpai.invoke('f')).data, 1);
  writeFiles(folder, { 'f/index.js': 'exports.main = () => 2', 'g/index.js': 'exports.main = () => "new"' });
  await lingpai.says(/loaded again.*functions="f g"/);
  assert.deepEqual([(await lingpai.invoke('f')).data, (await lingpai.invoke('g')).data], [2, 'new']);
});

test('the built-in modules need no configuration of their own: the program knows its host', async (t) => {
  const weixin = { 'mp-weixin': { oauth: { weixin: { appid: 'wx-app', appsecret: 'secret' } } } };
  const { lingpai } = await serve(
    t,
    {
      'modules/index.js': `
        const bridge = require('uni-open-bridge-common'), key = { dcloudAppid: '__UNI__TEST', platform: 'weixin-mp' }
        exports.main = async ({ uid }, context) => {
          const { token } = await require('uni-id-common').createInstance({ context }).createToken({ uid })
          await bridge.setAccessToken(key, { access_token: 'kept' }, 60)
          return { isToken: token.split('.').length === 3, kept: (await bridge.getAccessToken(key)).access_token }
        }`,
    },
    { uniId: { dcloudAppid: '__UNI__TEST', ...weixin } },
  );
  const { uid } = await lingpai.register('alice');
  assert.deepEqual((await lingpai.invoke('modules', { uid })).data, { isToken: true, kept: 'kept' });
  // Whoever only claims to be the host is nobody.
  const body = JSON.stringify({ dcloudAppid: '__UNI__TEST', platform: 'weixin-mp' });
  for (const token of ['', 'x', '0'.repeat(64)]) {
    const headers = { 'content-type': 'application/json', 'x-lingpai-functions-host': token };
    const answer = await fetch(`${lingpai.url}/uni-open-bridge/getAccessToken`, { method: 'POST', headers, body });
    assert.equal((await answer.json()).errCode, 'uni-id-illegal-request');
  }
});

const PAGES = {
  'page/index.js': `exports.main = (event) => ({ statusCode: 201, headers: { 'content-type': 'text/html', 'x-own': 'yes', 'transfer-encoding': 'nonsense' }, body: '<p>' + event.path + '</p>' })`,
  'echo/index.js': 'exports.main = (event, context) => ({ ...event, headers: { own: event.headers["x-own"] }, source: context.SOURCE, token: event.uniIdToken ?? null })',
  'text/index.js': 'exports.main = () => "words"',
  'todo/index.obj.js': 'module.exports = { list() { const { httpMethod, queryStringParameters } = this.getHttpInfo(); return { httpMethod, queryStringParameters, source: this.getClientInfo().source } }, _hidden() { return 1 } }',
  'throws/index.js': 'exports.main = () => { throw new Error("broken") }',
  'closed/index.js': 'exports.main = () => 1',
};

test('the URL form reaches what the settings open, as uniCloud has it', async (t) => {
  const { lingpai } = await serve(t, PAGES, { host: 'http = ["page", "echo", "text", "todo", "throws"]' });
  const get = (path, options) => fetch(`${lingpai.url}/http/${path}`, options);
  const page = await get('page/a/b');
  assert.deepEqual([page.status, page.headers.get('content-type'), page.headers.get('x-own'), await page.text()], [201, 'text/html', 'yes', '<p>/a/b</p>']);
  assert.match(page.headers.get('content-security-policy'), /^sandbox/);
  const text = await get('text');
  assert.deepEqual([text.headers.get('content-type'), await text.text()], ['text/plain; charset=utf-8', 'words']);

  const echo = async (options) => (await get('echo?a=1&b=2&b=3', options)).json();
  const plain = await echo({ method: 'PUT', body: '中文', headers: { 'x-own': 'mine' } });
  assert.deepEqual(plain, { path: '/', httpMethod: 'PUT', headers: { own: 'mine' }, queryStringParameters: { a: '1', b: ['2', '3'] }, body: '中文', isBase64Encoded: false, source: 'http', token: null });
  const { body, isBase64Encoded } = await echo({ method: 'POST', body: new Uint8Array([255, 0]) });
  assert.deepEqual([body, isBase64Encoded], ['/wA=', true]);

  assert.deepEqual(await (await get('todo/list?x=1')).json(), { httpMethod: 'GET', queryStringParameters: { x: '1' }, source: 'http' });
  for (const method of ['_hidden', 'nothing', '']) {
    const answer = await get(`todo/${method}`);
    assert.deepEqual([answer.status, (await answer.json()).error.code], [404, 'METHOD_NOT_FOUND'], method);
  }
  const thrown = await get('throws');
  assert.deepEqual([thrown.status, (await thrown.json()).error], [500, { code: 'FUNCTION_ERROR', message: 'broken' }]);
  for (const path of ['closed', 'nowhere', 'closed/x', '']) assert.equal((await get(path)).status, 404, path);
  assert.equal((await lingpai.invoke('closed')).data, 1);
});

test('a verified function refuses the URL form', async (t) => {
  const apps = [{ appId: '__UNI__TEST', name: 'demo', web: [{ origin: 'https://demo.example', require: 'keyed' }] }];
  const config = { enable: true, apps, verifyClient: { enable: true, customRules: true, rules: { text: [{ appId: '__UNI__TEST', platform: 'web', version: 'production' }] } } };
  const { lingpai } = await serve(t, PAGES, { host: 'http = ["*"]', files: { 'secure-network/config.json': JSON.stringify(config) } });
  const refused = await (await fetch(`${lingpai.url}/http/text`)).json();
  assert.deepEqual([refused.errCode, refused.errSubject], [70008, 'uni-secure-network']);
  assert.equal((await fetch(`${lingpai.url}/http/page`)).status, 201);
});

test('the example, started as the README has it', async (t) => {
  const cwd = fileURLToPath(new URL('../../..', import.meta.url));
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, config] = /make run ARGS="--config ([\w./-]+)"/.exec(readme);
  const lingpai = await startLingpai(t, { from: { cwd, config } });
  const whoami = await (await fetch(`${lingpai.url}/http/whoami`)).json();
  assert.deepEqual(whoami, { you: null, client: null, secretType: 'none', address: '127.0.0.1', said: null });
  const claim = await lingpai.invoke('reward', { method: 'claim', params: [{ videoId: 'v1' }] });
  assert.equal(claim.data.errCode, 'reward-not-sealed');
  assert.deepEqual((await lingpai.invoke('secret-type-object', { method: 'other', params: [] })).data, { errCode: 0 });
  assert.equal((await lingpai.invoke('secret-type-function')).error.message, 'secretType invalid');
});

test('what is wrong with Node or the folder is said, by `check` and at the start', async (t) => {
  const folder = folderWith(t, { 'cf/f/index.js': 'exports.main = () => 1', 'cf/uni-id-co/index.obj.js': '', 'empty/readme.txt': '' });
  const run = async (command, section) => {
    writeFiles(folder, { 'lingpai.toml': `[server]\nlisten = "127.0.0.1:0"\n[functions_host]\n${section}\n` });
    return runLingpai(folder, [command]);
  };
  for (const command of ['check', 'serve']) {
    const missing = await run(command, 'dir = "nowhere"');
    assert.equal(missing.code, 2);
    assert.match(missing.output, /functions_host\.dir[^]*there is no folder nowhere/);
    for (const [node, words] of [['/nowhere/node', /install Node 18/], ['true', /is not Node/]]) {
      const { code, output } = await run(command, `dir = "cf"\nnode = "${node}"`);
      assert.equal(code, 1, output);
      assert.match(output, words);
    }
  }
  const taken = await run('check', 'dir = "cf"');
  assert.equal(taken.code, 1);
  assert.match(taken.output, /Cloud functions: f\n[^]*uni-id-co: .*left out/);
  assert.match((await run('check', 'dir = "empty"')).output, /there is no function/);
  rmSync(join(folder, 'cf/uni-id-co'), { recursive: true });
  assert.deepEqual((await run('check', 'dir = "cf"')).code, 0);
});
