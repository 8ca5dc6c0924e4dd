import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Verifier, sign } from '../src/signature.js';
import { KEY, hostWith, send } from './kit.mjs';

const FILES = { 'echo/index.js': 'exports.main = (event) => event' };
const BODY = JSON.stringify({ function: 'echo', event: { a: 1 }, context: {} });

test('a signed request is answered once', async (t) => {
  const { host } = await hostWith(t, FILES);
  const signed = { nonce: 'a-nonce', timestamp: String(Date.now()) };
  assert.deepEqual(await send(host.url, BODY, { signed }), { status: 200, body: { a: 1 } });
  assert.equal((await send(host.url, BODY, { signed })).status, 401, 'a repetition');
});

test('what is not the gateway\'s is refused', async (t) => {
  const { host } = await hostWith(t, FILES);
  const cases = {
    'no signature': { headers: { 'x-lingpai-signature': '' } },
    'another key': { key: 'another key of at least thirty-two chars' },
    'another body': { body: BODY.replace('1', '2') },
    'another path': { path: '/functions?x=2' },
    'another nonce': { headers: { 'x-lingpai-nonce': 'other' } },
    'a time that is over': { signed: { timestamp: String(Date.now() - 61_000) } },
    'a time to come': { signed: { timestamp: String(Date.now() + 62_000) } },
    'a time that is none': { signed: { timestamp: 'soon' } },
    'no nonce': { signed: { nonce: '' } },
  };
  for (const [name, change] of Object.entries(cases)) {
    const { status, body } = await send(host.url, BODY, change);
    assert.equal(status, 401, name);
    assert.equal(body.error.code, 'FUNCTION_UNSIGNED', name);
  }
});

test('bodies that are no call, too long, or for nobody', async (t) => {
  const { host } = await hostWith(t, FILES, ['--body', '2000']);
  for (const body of ['', 'null', '[]', '{"function":1,"context":{}}', '{"function":"echo"}', '{"function":"echo","event":[],"context":{}}']) {
    assert.equal((await send(host.url, body)).body.error.code, 'FUNCTION_BAD_REQUEST', body);
  }
  assert.equal((await send(host.url, 'x'.repeat(2001))).status, 413);
  assert.equal((await send(host.url, '{"function":"__proto__","context":{}}')).body.error.code, 'FUNCTION_NOT_FOUND');
  assert.equal((await fetch(`${host.url}/healthz`)).status, 200);
  assert.equal((await fetch(`${host.url}/`)).status, 405);
});

test('nonces are remembered for as long as they matter, and no longer', () => {
  let now = 1_000_000;
  const verifier = new Verifier(KEY, () => now);
  const request = (nonce, timestamp = now) => {
    const facts = { path: '/', timestamp: String(timestamp), nonce, body: '' };
    return { path: '/', body: '', headers: { 'x-lingpai-timestamp': facts.timestamp, 'x-lingpai-nonce': nonce, 'x-lingpai-signature': sign(KEY, facts) } };
  };
  const first = request('1');
  assert.equal(verifier.accepts(first), true);
  now += 60_000;
  assert.equal(verifier.accepts(first), false);
  now += 1;
  assert.equal(verifier.accepts(first), false, 'too old by then');
  assert.equal(verifier.accepts(request('1')), true, 'the same nonce at another time');
});

// As docs/src/guide/functions.md has it.
test('the canonical text', () => {
  assert.equal(
    sign('k'.repeat(32), { path: '/order?a=1', timestamp: '1700000000000', nonce: 'n', body: '{}' }),
    'v1=4f5058f223e3eff6b43f97bb77720456ee5ad4480f0eed4b775c9dec4da98dec',
  );
});
