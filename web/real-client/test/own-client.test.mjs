// sdk/client inside a uni-app project: in the bundle for WeChat, where `wx` and `uni` are names and WebCrypto is missing, and
// in a browser.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startLingpai } from '../../../sdk/testing/lingpai-server.mjs';
import { launch, openH5 } from './h5.mjs';
import { openMiniProgram } from './mp-weixin.mjs';
import { SPACE } from './space.mjs';

const APP = '__UNI__REALCLIENT';
const SUPPORTED = { name: 'uni-id-co', data: { method: 'getSupportedLoginType', params: [] } };

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** A server that knows the project's page. */
function withSecureNetwork(t, origin) {
  const config = { enable: true, apps: [{ appId: APP, name: 'demo', web: [{ origin }] }], verifyClient: { enable: true, customRules: true, rules: {} } };
  return startLingpai(t, { files: { 'secure-network/config.json': JSON.stringify(config) } });
}

async function keyOf(lingpai) {
  return (await (await fetch(`${lingpai.url}/secure-network/keys`)).json()).identityKey;
}

test('mp-weixin: plain calls work, sealed ones say what a mini program lacks', async (t) => {
  const lingpai = await withSecureNetwork(t, 'https://demo.example');
  const driver = openMiniProgram(lingpai.url);
  await driver.run('useOwnClient', { ...SPACE, endpoint: lingpai.url, appId: APP, secureNetwork: { identityKey: await keyOf(lingpai) } });
  const { errCode, supportedLoginType } = await driver.run('ownCall', SUPPORTED);
  assert.deepEqual([errCode, supportedLoginType.includes('username-password')], [0, true]);
  const refused = await driver.run('ownCall', { ...SUPPORTED, secretType: 'both' });
  assert.equal(refused.errCode, 10001);
  assert.match(refused.errMsg, /WebCrypto/);
});

test('H5: sealed both ways, from the page of a uni-app project', async (t) => {
  const driver = await openH5(t, browser, 'http://127.0.0.1:1');
  const lingpai = await withSecureNetwork(t, driver.origin);
  await driver.run('useOwnClient', { ...SPACE, endpoint: lingpai.url, appId: APP, secureNetwork: { identityKey: await keyOf(lingpai) } });
  for (const secretType of ['none', 'request', 'response', 'both']) {
    const { errCode, supportedLoginType } = await driver.run('ownCall', { ...SUPPORTED, secretType });
    assert.deepEqual([errCode, supportedLoginType.includes('username-password')], [0, true], secretType);
  }
});
