// What one function cannot do to the others.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { nextTime, parseCron } from '../src/cron.js';
import { main } from '../src/cli.js';
import { SettingsError, parseSettings } from '../src/settings.js';
import { sign } from '../src/signature.js';
import { KEY, hostWith, writeFiles } from './kit.mjs';

const FILES = {
  'fine/index.js': 'exports.main = () => "fine"',
  'loop/index.js': 'exports.main = () => { for (;;); }',
  'never/index.js': 'exports.main = () => new Promise(() => {})',
  'memory/index.js': 'exports.main = () => { const kept = []; for (;;) kept.push(new Array(10000).fill({})); }',
  'exit/index.js': 'exports.main = () => process.exit(0)',
  'crash/index.js': 'exports.main = () => new Promise(() => setImmediate(() => { throw new Error("later") }))',
  'slow/index.js': 'exports.main = () => new Promise(() => {})',
  'slow/package.json': '{"cloudfunction-config": {"timeout": 0.1}}',
};

for (const [name, code, status] of [['loop', 'FUNCTION_TIMEOUT', 504], ['never', 'FUNCTION_TIMEOUT', 504], ['memory', 'FUNCTION_OUT_OF_MEMORY', 500], ['exit', 'FUNCTION_CRASHED', 500], ['crash', 'FUNCTION_CRASHED', 500]]) {
  test(`${name}: ${code}, and the next call is served`, async (t) => {
    const { call } = await hostWith(t, FILES, ['--workers', '1', '--timeout', code === 'FUNCTION_TIMEOUT' ? '2' : '60', '--memory', '32']);
    const answer = await call(name);
    assert.deepEqual([answer.status, answer.body.error.code], [status, code]);
    assert.deepEqual((await call('fine')).body, 'fine');
  });
}

test('a function\'s own time limit is the shorter one', async (t) => {
  const { call } = await hostWith(t, FILES, ['--timeout', '600']);
  assert.equal((await call('slow')).body.error.code, 'FUNCTION_TIMEOUT');
});

test('calls wait for a worker, and too many are refused at once', async (t) => {
  const { call, host } = await hostWith(t, FILES, ['--workers', '1', '--queue', '1', '--timeout', '0.5']);
  const calls = await Promise.all([call('never'), call('never'), call('never')]);
  assert.deepEqual(calls.map(({ body }) => body.error.code).sort(), ['FUNCTION_BUSY', 'FUNCTION_TIMEOUT', 'FUNCTION_TIMEOUT']);
  assert.ok(host.workers() <= 1);
});

test('a call whose caller has gone does not start', async (t) => {
  const asked = [];
  const friend = createServer((request, response) => asked.push([request.url, response]));
  await new Promise((resolve) => friend.listen(0, '127.0.0.1', resolve));
  t.after(() => (friend.close(), friend.closeAllConnections()));
  const url = `http://127.0.0.1:${friend.address().port}`;
  const { host, call } = await hostWith(t, { 'ask/index.js': 'exports.main = async ({ url }) => (await fetch(url)).text()' }, ['--workers', '1', '--timeout', '600']);
  const [first] = await Promise.all([[call('ask', { url: `${url}/first` })], once(friend, 'request')]);
  const leaving = new AbortController();
  const [[, response]] = await Promise.all([once(host.server, 'request'), assert.rejects(leave(host.url, leaving.signal)), once(host.server, 'request').then(() => leaving.abort())]);
  if (!response.closed) await once(response, 'close');
  const last = call('ask', { url: `${url}/last` });
  asked[0][1].end('1');
  assert.equal((await first[0]).body, '1');
  await once(friend, 'request');
  asked[1][1].end('2');
  assert.equal((await last).body, '2');
  assert.deepEqual(asked.map(([path]) => path), ['/first', '/last']);
});

/** A call of `ask` that is aborted. */
function leave(url, signal) {
  const body = JSON.stringify({ function: 'ask', event: { url: 'http://127.0.0.1:1/left' }, context: {} });
  const facts = { path: '/ask', timestamp: String(Date.now()), nonce: 'leaving', body };
  const headers = { 'x-lingpai-timestamp': facts.timestamp, 'x-lingpai-nonce': facts.nonce, 'x-lingpai-signature': sign(KEY, facts) };
  return fetch(`${url}/ask`, { method: 'POST', headers, body, signal });
}

test('changed files are loaded again, and new functions are found', async (t) => {
  const { call, folder, reloaded } = await hostWith(t, { 'f/index.js': 'exports.main = () => require("m")', 'common/m/index.js': 'module.exports = 1' }, []);
  assert.equal((await call('f')).body, 1);
  let again = reloaded();
  writeFiles(folder, { 'common/m/index.js': 'module.exports = 2' });
  await again;
  assert.equal((await call('f')).body, 2);
  assert.equal((await call('g')).status, 404);
  again = reloaded();
  writeFiles(folder, { 'g/index.js': 'exports.main = () => "new"' });
  await again;
  assert.equal((await call('g')).body, 'new');
});

test('a stopping host finishes what is under way', async (t) => {
  const { host, call } = await hostWith(t, { 'f/index.js': 'exports.main = () => new Promise((resolve) => setTimeout(() => resolve("done"), 200))' });
  const under = call('f');
  await once(host.server, 'request');
  await host.close();
  assert.deepEqual(await under, { status: 200, body: 'done' });
});

test('timers run _timing of objects and main of functions', async (t) => {
  const trigger = '{"cloudfunction-config": {"triggers": [{"name": "t", "type": "timer", "config": "* * * * * * *"}]}}';
  const { host } = await hostWith(t, {
    'object/index.obj.js': 'module.exports = { _timing() { if (this.getMethodName() !== "_timing") throw new Error("not a timer") } }',
    'object/package.json': trigger,
    'broken/index.js': 'exports.main = (event, context) => { throw new Error([event.Type, event.TriggerName, context.SOURCE].join()) }',
    'broken/package.json': trigger,
    'unreadable/index.js': '',
    'unreadable/package.json': trigger.replace('* * * * * * *', 'every day'),
  });
  assert.match(host.catalog().problems.join(), /unreadable/);
  const seen = new Map();
  while (seen.size < 2) {
    const [name, error] = await once(host, 'timer');
    seen.set(name, error?.message);
  }
  assert.equal(seen.get('object'), undefined);
  assert.equal(seen.get('broken'), 'timer,t,timing');
});

test('timers\' expressions', () => {
  const next = (text, after) => nextTime(parseCron(text), new Date(...after).getTime());
  const at = (...parts) => new Date(...parts).getTime();
  assert.equal(next('0 0 2 1 * * *', [2026, 0, 1, 2, 0, 0]), at(2026, 1, 1, 2, 0, 0));
  assert.equal(next('*/15 * * * * * *', [2026, 0, 1, 0, 0, 44]), at(2026, 0, 1, 0, 0, 45));
  assert.equal(next('0 30 9-17/4 * * 1-5 *', [2026, 0, 2, 13, 30, 0]), at(2026, 0, 2, 17, 30, 0));
  assert.equal(next('0 0 0 * * 7', [2026, 0, 1]), at(2026, 0, 4));
  assert.equal(next('0 0 0 29 2 * *', [2026, 0, 1]), at(2028, 1, 29));
  assert.equal(next('0 0 0 31 2 * *', [2026, 0, 1]), undefined);
  assert.equal(next('0 0 0 1 1 * 2020', [2026, 0, 1]), undefined);
  for (const wrong of ['', '* * * * *', '60 * * * * * *', '5-1 * * * * * *', 'a * * * * * *', '*/0 * * * * * *', '1-2-3 * * * * * *']) assert.throws(() => parseCron(wrong), wrong);
});

test('functions see the environment, but not the key', async (t) => {
  Object.assign(process.env, { LINGPAI_FUNCTIONS_KEY: KEY, FOR_FUNCTIONS: 'yes' });
  t.after(() => ['LINGPAI_FUNCTIONS_KEY', 'FOR_FUNCTIONS'].forEach((name) => delete process.env[name]));
  const { call } = await hostWith(t, { 'f/index.js': 'exports.main = () => [process.env.FOR_FUNCTIONS, process.env.LINGPAI_FUNCTIONS_KEY ?? null]' });
  assert.deepEqual((await call('f')).body, ['yes', null]);
});

test('the command prints what lingpai.toml needs, and says what is wrong', async (t) => {
  const { folder } = await hostWith(t, { 'f/index.js': '', 'common/m/index.js': '', 'nothing/readme.txt': '' });
  const said = [];
  const out = { log: (text) => said.push(text), error: (text) => said.push(text) };
  assert.equal(await main(['--print', '--folder', folder, '--key-file', '/etc/functions.key'], {}, out), 0);
  assert.equal(said.pop(), '[[functions]]\nname = "f"\nurl = "http://127.0.0.1:8710/f"\nkey = "file:/etc/functions.key"\n');
  assert.equal(await main([], {}, out), 2);
  assert.match(said.pop(), /--folder is missing/);
  assert.equal(await main(['--help'], {}, out), 0);
});

test('settings: flags before environment, and every mistake has words', () => {
  const good = ['--folder', '.', '--key', KEY];
  const { host, port, timeoutMs, workers } = parseSettings([...good, '--timeout', '2.5', '--listen', '[::1]:99'], { LINGPAI_FUNCTIONS_TIMEOUT: '9', LINGPAI_FUNCTIONS_WORKERS: '3' });
  assert.deepEqual([host, port, timeoutMs, workers], ['::1', 99, 2500, 3]);
  const cases = [[['--key', KEY], '--folder'], [['--folder', '/nowhere/at/all', '--key', KEY], '--folder'], [['--folder', '.'], '--key'], [['--folder', '.', '--key', 'short'], '32'],
    [['--folder', '.', '--key-file', '/nowhere'], '--key-file'], [[...good, '--workers', '0'], '--workers'], [[...good, '--listen', '80'], '--listen'], [[...good, '--lingpai', 'ftp://x'], '--lingpai'], [['--folders', '.'], '--folders']];
  for (const [args, named] of cases) assert.throws(() => parseSettings(args, {}), (error) => error instanceof SettingsError && error.message.includes(named), named);
});
