// The package in a real browser: keys that no script can read, and that a reload does not lose.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { CHROMIUM_FLAGS, chromiumPath } from '../../testing/chromium.mjs';
import { startLingpai } from '../../testing/lingpai-server.mjs';
import { SPACE, startGateway } from './gateway.mjs';

const BUNDLE = new URL('../dist/index.js', import.meta.url);
let browser;
before(async () => (browser = await chromium.launch({ executablePath: chromiumPath(), headless: true, args: CHROMIUM_FLAGS })));
after(() => browser?.close());

/** A page of its own origin that has the package at hand: `call` calls by a client with these options. */
async function openSite(t) {
  const site = createServer((request, response) => {
    if (request.url === '/client.js') return response.setHeader('content-type', 'text/javascript').end(readFileSync(BUNDLE));
    return response.setHeader('content-type', 'text/html').end('<!DOCTYPE html><title>demo</title>');
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  const context = await browser.newContext();
  t.after(async () => {
    await context.close();
    await new Promise((resolve) => (site.close(resolve), site.closeAllConnections()));
  });
  const page = await context.newPage();
  const origin = `http://127.0.0.1:${site.address().port}`;
  await page.goto(origin);
  const call = (options, call) =>
    page.evaluate(
      async ([options, call]) => {
        const { createClient } = await import('/client.js');
        globalThis.client ??= createClient(options);
        const { result } = await globalThis.client.callFunction(call);
        return result;
      },
      [options, call],
    );
  return { page, origin, call };
}

async function openPage(t) {
  const functions = { order: (args, { secretType, evidence }) => ({ errCode: 0, args, secretType, evidence: evidence ?? null }) };
  const gateway = await startGateway({ functions });
  t.after(() => gateway.close());
  const { page, origin, call } = await openSite(t);
  const options = { ...SPACE, endpoint: gateway.endpoint, appId: '__UNI__WEB', clientInfo: { deviceId: 'device-1' }, secureNetwork: { identityKey: gateway.identityKey } };
  return { gateway, page, origin, options, call: (asked) => call(options, asked) };
}

test('sealed both ways, from the page\'s own origin', async (t) => {
  const { gateway, call, origin } = await openPage(t);
  assert.deepEqual(await call({ name: 'order', data: { goods: '灯' }, secretType: 'both' }), { errCode: 0, args: { goods: '灯' }, secretType: 'both', evidence: 'keyed' });
  const [{ package: name, platform }] = gateway.seen.handshakes;
  assert.deepEqual([name, platform], [origin, 'web']);
});

test('the keys outlive a reload, and cannot be exported', async (t) => {
  const { gateway, page, call } = await openPage(t);
  await call({ name: 'order', secretType: 'both' });
  await page.reload();
  assert.equal((await call({ name: 'order', secretType: 'both' })).errCode, 0);
  assert.equal(gateway.seen.handshakes.length, 1);
  const kept = await page.evaluate(async () => {
    const request = (asked) => new Promise((resolve, reject) => Object.assign(asked, { onsuccess: () => resolve(asked.result), onerror: () => reject(asked.error) }));
    const database = await request(indexedDB.open('lingpai-secure-network', 1));
    const [{ pair, record }] = await request(database.transaction('keys').objectStore('keys').getAll());
    const attempts = await Promise.allSettled([crypto.subtle.exportKey('pkcs8', pair.privateKey), crypto.subtle.exportKey('raw', record.secret)]);
    return { extractable: [pair.privateKey.extractable, record.secret.extractable], attempts: attempts.map(({ status }) => status) };
  });
  assert.deepEqual(kept, { extractable: [false, false], attempts: ['rejected', 'rejected'] });
});

test('two tabs share the device\'s key', async (t) => {
  const { gateway, page, call, origin, options } = await openPage(t);
  const other = await page.context().newPage();
  await other.goto(origin);
  const here = call({ name: 'order', secretType: 'both' });
  const there = other.evaluate(async (options) => {
    const { createClient } = await import('/client.js');
    return (await createClient(options).callFunction({ name: 'order', secretType: 'both' })).result;
  }, options);
  assert.deepEqual([(await here).errCode, (await there).errCode], [0, 0]);
  assert.equal(new Set(gateway.seen.handshakes.map(({ deviceKey }) => deviceKey)).size, 1);
});

test('the real server: another origin, verified and sealed', async (t) => {
  const { origin, call } = await openSite(t);
  const appId = '__UNI__WEB';
  const secureNetwork = { enable: true, apps: [{ appId, name: 'demo', web: [{ origin }] }], verifyClient: { enable: true } };
  const lingpai = await startLingpai(t, { files: { 'secure-network/config.json': JSON.stringify(secureNetwork) } });
  const { identityKey } = await (await fetch(`${lingpai.url}/secure-network/keys`)).json();
  const space = { spaceId: 'lingpai-dev', clientSecret: 'lingpai-dev-secret' };
  const options = { ...space, endpoint: lingpai.url, appId, secureNetwork: { identityKey } };
  const data = { method: 'getSupportedLoginType', params: [] };
  for (const secretType of ['none', 'request', 'response', 'both']) {
    const { errCode, supportedLoginType } = await call(options, { name: 'uni-id-co', data, secretType });
    assert.deepEqual([errCode, supportedLoginType.includes('username-password')], [0, true], secretType);
  }
});
