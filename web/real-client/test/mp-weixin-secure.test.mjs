// The secure network as WeChat's clients speak it, by the published SDK's own bundle.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { functionSettings, startFunctions } from '../../../sdk/testing/functions-host.mjs';
import { freePort } from '../../../sdk/testing/free-port.mjs';
import { startLingpai } from '../../../sdk/testing/lingpai-server.mjs';
import { openMiniProgram } from './mp-weixin.mjs';
import { WEIXIN, startWeixin } from './weixin.mjs';

const APP = '__UNI__REALCLIENT';
const EXAMPLE = fileURLToPath(new URL('../../../sdk/functions/example/cloudfunctions', import.meta.url));

/** A server that knows the mini program and verifies whoever calls `whoami`, with the example's functions behind it. */
async function setUp(t) {
  const weixin = await startWeixin(t);
  const port = await freePort();
  const rules = { whoami: [{ appId: APP, platform: 'mp-weixin', version: 'production' }] };
  const secureNetwork = {
    enable: true,
    apps: [{ appId: APP, name: 'real client', 'mp-weixin': [{ wxAppId: WEIXIN.appid, version: 'production' }] }],
    verifyClient: { enable: true, customRules: true, rules },
  };
  const lingpai = await startLingpai(t, {
    uniId: { 'mp-weixin': { oauth: { weixin: { appid: WEIXIN.appid, appsecret: WEIXIN.secret } } } },
    files: { 'secure-network/config.json': JSON.stringify(secureNetwork) },
    settings: `${functionSettings(['whoami', 'reward'], port)}\n[providers.weixin]\nbase_url = "${weixin.url}"\n`,
  });
  await startFunctions(t, EXAMPLE, port, lingpai.url);
  return { lingpai, weixin, driver: openMiniProgram(lingpai.url, { weixin }) };
}

test('the handshake logs in by WeChat', async (t) => {
  const { driver } = await setUp(t);
  const { code } = await driver.run('initSecureNetwork', { callLoginByWeixin: true });
  assert.ok(code);
  assert.ok((await driver.run('user')).uid);
  assert.equal((await driver.run('call', 'uni-id-co', 'getAccountInfo')).isWeixinBound, true);
});

for (const secretType of ['request', 'response', 'both']) {
  test(`secretMethods ${secretType}: sealed on the wire, plain on both sides`, async (t) => {
    const { driver } = await setUp(t);
    await driver.run('initSecureNetwork', { callLoginByWeixin: true });
    const info = await driver.run('sealed', 'uni-id-co', { '*': secretType }, 'getAccountInfo');
    assert.deepEqual([info.errCode, info.isWeixinBound], [0, true]);
    const { functionArgs } = JSON.parse(JSON.parse(driver.sent.at(-1).body).params);
    assert.equal(functionArgs._uniCloudOptions.secretType, secretType);
    assert.equal(typeof functionArgs.content, secretType === 'response' ? 'object' : 'string');
  });
}

test('the reward of the example: sealed replies alone', async (t) => {
  const { driver } = await setUp(t);
  await driver.run('initSecureNetwork', { callLoginByWeixin: true });
  const claim = (secretType) => driver.run('sealed', 'reward', { '*': secretType }, 'claim', { videoId: 'v1' });
  assert.equal((await claim('none')).errCode, 'reward-not-sealed');
  assert.equal((await claim('both')).points, 10);
});

test('a verified function: the client signs by itself', async (t) => {
  const { driver } = await setUp(t);
  await driver.run('initSecureNetwork', { callLoginByWeixin: false });
  const result = await driver.run('callFunction', { name: 'whoami', data: { text: 'hi' } });
  assert.deepEqual([result.said, result.client.platform, result.client.evidence, result.you], ['hi', 'mp-weixin', 'weixin', null]);
  const { functionArgs } = JSON.parse(JSON.parse(driver.sent.at(-1).body).params);
  assert.ok(functionArgs._uniCloudOptions.verifyClientSign);
});
