// What cloud functions require.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hostOf, hostWith, writeFiles } from './kit.mjs';

test('public modules by folder and by package name, packages of their own, and Node\'s', async (t) => {
  const { call } = await hostWith(t, {
    'f/index.js': `
      const { hello } = require('greeting'), named = require('@team/named'), own = require('own'), inside = require('greeting/lib/inside')
      exports.main = () => [hello, named, own, inside, typeof require('crypto').createHash, require('./near')]`,
    'f/near.js': 'module.exports = "near"',
    'f/node_modules/own/index.js': 'module.exports = "own"',
    'common/greeting/index.js': 'exports.hello = require("other").hello',
    'common/greeting/lib/inside.js': 'module.exports = "inside"',
    'common/other/index.js': 'exports.hello = "hello"',
    'common/named-folder/package.json': '{"name":"@team/named","main":"main.js"}',
    'common/named-folder/main.js': 'module.exports = "named"',
  });
  assert.deepEqual((await call('f')).body, ['hello', 'named', 'own', 'inside', 'function', 'near']);
});

test('functions are CommonJS, whatever the project around them is', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lingpai-project-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFiles(folder, { 'package.json': '{"type":"module"}', 'cloudfunctions/f/index.js': '\uFEFFexports.main = () => require("./g")', 'cloudfunctions/f/g.js': 'module.exports = "g"' });
  const { call } = await hostOf(t, join(folder, 'cloudfunctions'), []);
  assert.equal((await call('f')).body, 'g');
});

test('a module that is nowhere is an error with its name', async (t) => {
  const { call } = await hostWith(t, { 'f/index.js': 'require("nowhere"); exports.main = () => 1' });
  assert.match((await call('f')).body.error.message, /nowhere/);
});

test('uni-config-center reads the project\'s configuration', async (t) => {
  const { call } = await hostWith(t, {
    'f/index.js': `
      const config = require('uni-config-center')({ pluginId: 'mine', defaultConfig: { a: 0, b: 2 } })
      const attempt = (run) => { try { return run() } catch (error) { return error.message.includes('../') } }
      exports.main = () => ({
        all: config.config(), nested: config.config('list[1].name'), missing: config.config('no.such', 'otherwise'), inherited: config.config('constructor', 'none'),
        hasFile: config.hasFile('extra.js'), extra: config.requireFile('extra.js'), none: config.requireFile('none.js') ?? null,
        path: config.resolve('extra.js').endsWith('mine/extra.js'), outside: attempt(() => config.hasFile('../uni-id/config.json')),
        empty: require('uni-config-center')({ pluginId: 'absent' }).config(),
      })`,
    'common/uni-config-center/mine/config.json': '\uFEFF// a comment\n{"a": 1, "list": [{}, {"name": "http://x//y /* z */"}] /* more */}',
    'common/uni-config-center/mine/extra.js': 'module.exports = 42',
  });
  assert.deepEqual((await call('f')).body, {
    all: { a: 1, b: 2, list: [{}, { name: 'http://x//y /* z */' }] }, nested: 'http://x//y /* z */', missing: 'otherwise', inherited: 'none',
    hasFile: true, extra: 42, none: null, path: true, outside: true, empty: {},
  });
});

test('requests to others by uniCloud.httpclient', async (t) => {
  const { createServer } = await import('node:http');
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ method: request.method, url: request.url, body, type: request.headers['content-type'] }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.close(), server.closeAllConnections()));
  const { call } = await hostWith(t, {
    'f/index.js': `exports.main = async ({ url }) => [
      (await uniCloud.httpclient.request(url + '/get', { data: { a: 1 }, dataType: 'json' })).data,
      (await uniCloud.httpclient.request(url + '/json', { method: 'POST', data: { a: 1 }, contentType: 'json', dataType: 'json' })).data,
      (await uniCloud.httpclient.request(url + '/form', { method: 'POST', data: { a: 1 }, dataType: 'text' })).data.includes('a=1'),
    ]`,
  });
  const { body } = await call('f', { url: `http://127.0.0.1:${server.address().port}` });
  assert.deepEqual(body, [{ method: 'GET', url: '/get?a=1', body: '' }, { method: 'POST', url: '/json', body: '{"a":1}', type: 'application/json' }, true]);
});
