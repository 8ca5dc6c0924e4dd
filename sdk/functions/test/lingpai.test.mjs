// The modules that cloud functions require, against the real server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startLingpai, UNI_ID } from '../../testing/lingpai-server.mjs';
import { hostOf, hostWith } from './kit.mjs';

const CALLED = `
  const captcha = require('uni-captcha'), bridge = require('uni-open-bridge-common')
  exports.main = async ({ run, ...args }, context) => {
    const instance = require('uni-id-common').createInstance(args.byContext ? { context } : { clientInfo: args.clientInfo })
    const does = {
      check: () => instance.checkToken(args.token, args.options),
      create: () => instance.createToken({ uid: args.uid }),
      refresh: () => instance.refreshToken({ token: args.token }),
      redraw: () => captcha.refresh({ scene: 'my-form', deviceId: args.deviceId }),
      draw: () => captcha.create({ scene: 'my-form', deviceId: args.deviceId }),
      verify: () => captcha.verify({ scene: 'my-form', captcha: args.captcha, deviceId: args.deviceId }),
      info: () => uniCloud.importObject('uni-id-co').getAccountInfo(),
    }
    return does[run]()
  }`;

async function setUp(t, uniId = {}) {
  const lingpai = await startLingpai(t, { uniId });
  const files = { 'f/index.js': CALLED, 'common/uni-config-center/uni-id/config.json': JSON.stringify({ ...UNI_ID, ...uniId }) };
  const { call } = await hostWith(t, files, ['--lingpai', lingpai.url]);
  return { lingpai, run: async (what, args, context) => (await call('f', { run: what, ...args }, context)).body };
}

test('checkToken: who it is, and no longer after logging out', async (t) => {
  const { lingpai, run } = await setUp(t);
  const { uid, token } = await lingpai.register('alice');
  assert.deepEqual(await run('check', { token }), { errCode: 0, uid, role: [], permission: [] });
  assert.equal((await run('check', { token, byContext: true })).uid, uid);
  const forged = token.slice(0, -3) + (token.endsWith('AAA') ? 'BBB' : 'AAA');
  assert.equal((await run('check', { token: forged })).errCode, 'uni-id-check-token-failed');
  for (const none of ['', 'a.b.c', undefined]) assert.equal((await run('check', { token: none })).errCode, 'uni-id-check-token-failed');
  await lingpai.call('uni-id-co/logout', {}, { uniIdToken: token });
  assert.equal((await run('check', { token })).errCode, 'uni-id-check-token-failed');
});

test('checkToken believes what the gateway said of this call\'s token, and asks for any other', async (t) => {
  const { lingpai, run } = await setUp(t);
  const { uid, token } = await lingpai.register('alice');
  const user = { uid, role: ['editor'], permission: ['write'] };
  assert.deepEqual(await run('check', { token, uniIdToken: token }, { user }), { errCode: 0, ...user });
  assert.deepEqual((await run('check', { token, uniIdToken: 'another' }, { user })).role, []);
  assert.equal((await run('check', { token, uniIdToken: token }, { tokenError: 'uni-id-token-expired' })).errCode, 'uni-id-token-expired');
});

test('checkToken renews a token near its end, unless told not to', async (t) => {
  // Near its end from the first second on.
  const { lingpai, run } = await setUp(t, { tokenExpiresIn: 7200, tokenExpiresThreshold: 7199 });
  const { uid, token } = await lingpai.register('alice');
  const user = { uid, role: [], permission: [] };
  for (const [args, context] of [[{ token }, {}], [{ token, uniIdToken: token }, { user }]]) {
    let renewed;
    do renewed = await run('check', args, context);
    while (renewed.errCode === 0 && !renewed.token);
    assert.equal(renewed.uid, uid);
    assert.notEqual(renewed.token, undefined);
    assert.ok(renewed.tokenExpired > Date.now());
    assert.equal((await run('check', { token: renewed.token, options: { autoRefresh: false } })).token, undefined);
  }
});

test('checkToken with the client of the call asks nobody, so that nothing is renewed where it must not be', async (t) => {
  const files = { 'f/index.js': CALLED, 'common/uni-config-center/uni-id/config.json': JSON.stringify(UNI_ID) };
  // Nobody listens there: whoever asks is told so.
  const { call } = await hostWith(t, files, ['--lingpai', 'http://127.0.0.1:1']);
  const payload = { uid: 'u-1', exp: Math.floor(Date.now() / 1000) + 60 };
  const token = `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.s`;
  const user = { uid: 'u-1', role: ['editor'], permission: ['write'] };
  const event = { run: 'check', token, uniIdToken: token, options: { autoRefresh: false } };
  for (const how of [{ byContext: true }, { clientInfo: { appId: '__UNI__TEST', uniPlatform: 'web' } }]) {
    assert.deepEqual((await call('f', { ...event, ...how }, { user })).body, { ...user, errCode: 0 });
  }
  const another = { clientInfo: { appId: '__UNI__OTHER', uniPlatform: 'web' } };
  assert.equal((await call('f', { ...event, ...another }, { user })).body.uid, undefined, 'another application has a secret of its own');
});

test('createToken and refreshToken', async (t) => {
  const { lingpai, run } = await setUp(t);
  const { uid } = await lingpai.register('alice');
  const made = await run('create', { uid });
  assert.equal(made.errCode, 0);
  assert.equal((await run('check', { token: made.token })).uid, uid);
  assert.equal((await run('create', { uid: 'nobody' })).errCode, 'uni-id-account-not-exists');
  const next = await run('refresh', { token: made.token });
  assert.equal((await run('check', { token: next.token })).uid, uid);
  assert.equal((await run('refresh', { token: 'none' })).errCode, 'uni-id-check-token-failed');
});

test('uni-captcha draws and verifies, once', async (t) => {
  const { lingpai, run } = await setUp(t);
  assert.match((await run('draw', { deviceId: 'device-7' })).captchaBase64, /^data:image/);
  const captcha = lingpai.code({ kind: 'captcha', scene: 'my-form', deviceId: 'device-7' });
  assert.equal((await run('verify', { captcha })).errCode, 'uni-captcha-verify-fail', 'another device');
  assert.equal((await run('verify', { captcha, deviceId: 'device-7' })).errCode, 0);
  assert.equal((await run('verify', { captcha, deviceId: 'device-7' })).errCode, 'uni-captcha-verify-fail');
});

test('uni-captcha draws another picture in place of the first', async (t) => {
  const { lingpai, run } = await setUp(t);
  const drawn = () => lingpai.code({ kind: 'captcha', scene: 'my-form', deviceId: 'device-7' });
  assert.equal((await run('redraw', { deviceId: 'device-7' })).errCode, 'uni-captcha-refresh-fail');
  await run('draw', { deviceId: 'device-7' });
  const first = drawn();
  let again = first;
  while (again === first) {
    assert.match((await run('redraw', { deviceId: 'device-7' })).captchaBase64, /^data:image/);
    again = drawn();
  }
  assert.equal((await run('verify', { captcha: first, deviceId: 'device-7' })).errCode, 'uni-captcha-verify-fail');
  assert.equal((await run('verify', { captcha: again, deviceId: 'device-7' })).errCode, 0);
});

test('uni-id-co is an object like the folder\'s own', async (t) => {
  const { lingpai, run } = await setUp(t);
  const { token } = await lingpai.register('alice');
  assert.equal((await run('info', { uniIdToken: token })).isUsernameSet, true);
});

// The sample's setAccessToken as it is documented; its setSessionKey lacks the openid, which a session key belongs to.
test('uni-open-bridge-common keeps third parties\' credentials', async (t) => {
  const sample = readFileSync(new URL('./samples/open-bridge.txt', import.meta.url), 'utf8');
  const setAccessToken = sample.slice(0, sample.indexOf('await', 5));
  const ipWhiteList = ['127.0.0.1'];
  const weixin = { 'mp-weixin': { oauth: { weixin: { appid: 'wx-app', appsecret: 'secret' } } } };
  const lingpai = await startLingpai(t, { uniId: { dcloudAppid: '__UNI__xxx', ...weixin }, files: { 'uni-open-bridge/config.json': JSON.stringify({ schedule: {}, ipWhiteList }) } });
  const files = {
    'f/index.js': `
      const bridge = require('uni-open-bridge-common')
      const app = { dcloudAppid: '__UNI__xxx', platform: 'weixin-mp' }, user = { ...app, openid: 'o1' }
      exports.main = async () => {
        const accessToken = 'a-token'
        ${setAccessToken}
        await bridge.setSessionKey(user, { session_key: 'a-key' }, 30 * 24 * 60 * 60)
        const kept = [(await bridge.getAccessToken(app)).access_token, (await bridge.getSessionKey(user)).session_key]
        await bridge.removeSessionKey(user)
        const fallback = async () => ({ value: { session_key: 'another' }, duration: 60 })
        return [...kept, await bridge.getSessionKey(user), (await bridge.getSessionKey(user, fallback)).session_key, (await bridge.getSessionKey(user)).session_key]
      }`,
  };
  const { call } = await hostWith(t, files, ['--lingpai', lingpai.url]);
  assert.deepEqual((await call('f')).body, ['a-token', 'a-key', null, 'another', 'another']);
  const { url } = await startLingpai(t);
  const { call: unlisted } = await hostWith(t, files, ['--lingpai', url]);
  assert.equal((await unlisted('f')).status, 500, 'without ipWhiteList nobody may');
});

test('uni-open-bridge-common: every credential is set, read and removed', async (t) => {
  const application = { appid: 'wx-app', appsecret: 'secret' };
  const weixin = { 'mp-weixin': { oauth: { weixin: application } }, web: { oauth: { 'weixin-h5': application } } };
  const config = JSON.stringify({ schedule: {}, ipWhiteList: ['127.0.0.1'] });
  const lingpai = await startLingpai(t, { uniId: { dcloudAppid: '__UNI__xxx', ...weixin }, files: { 'uni-open-bridge/config.json': config } });
  const { call } = await hostWith(
    t,
    {
      'f/index.js': `
        const bridge = require('uni-open-bridge-common')
        const app = { dcloudAppid: '__UNI__xxx', platform: 'weixin-mp' }, user = { ...app, openid: 'o1' }
        const cases = [
          ['AccessToken', app, { access_token: 'a' }], ['UserAccessToken', { ...user, platform: 'weixin-h5' }, { access_token: 'b' }],
          ['SessionKey', user, { session_key: 'c' }], ['EncryptKey', { ...user, version: 3 }, { encrypt_key: 'd', iv: '0123456789abcdef' }],
          ['Ticket', { ...app, platform: 'weixin-h5' }, { ticket: 'e' }],
        ]
        exports.main = async () => {
          const told = {}
          for (const [name, key, value] of cases) {
            await bridge['set' + name](key, value, 60)
            const found = await bridge['get' + name](key)
            told[name] = Object.entries(value).every(([field, text]) => found[field] === text)
            await bridge['remove' + name](key)
          }
          return told
        }`,
    },
    ['--lingpai', lingpai.url],
  );
  assert.deepEqual((await call('f')).body, { AccessToken: true, UserAccessToken: true, SessionKey: true, EncryptKey: true, Ticket: true });
});

test('without a server, or without the secret, the words say what is missing', async (t) => {
  const { call } = await hostWith(t, { 'f/index.js': CALLED }, ['--lingpai', 'http://127.0.0.1:1']);
  const { error } = (await call('f', { run: 'refresh', token: 'x' })).body;
  assert.deepEqual([error.code, error.message.includes('127.0.0.1:1')], ['LINGPAI_UNAVAILABLE', true]);
  assert.match((await call('f', { run: 'create', uid: 'u' })).body.error.message, /requestAuthSecret/);
});

test('the example: a reward that insists on sealing', async (t) => {
  const lingpai = await startLingpai(t);
  const { token } = await lingpai.register('alice');
  const folder = fileURLToPath(new URL('../example/cloudfunctions', import.meta.url));
  const { call: example } = await hostOf(t, folder, ['--lingpai', lingpai.url]);
  const claim = (secretType, uniIdToken = token) => example('reward', { method: 'claim', params: [{ videoId: 'v1' }], uniIdToken }, { secretType });
  for (const secretType of ['none', 'request']) assert.equal((await claim(secretType)).body.errCode, 'reward-not-sealed');
  for (const secretType of ['response', 'both']) {
    const { errCode, points, coupon, at } = (await claim(secretType)).body;
    assert.deepEqual([errCode, points, coupon.split('.').length, typeof at], [0, 10, 2, 'string']);
  }
  assert.equal((await claim('both', 'forged')).body.errCode, 'uni-id-check-token-failed');
  assert.equal((await example('whoami', { text: 'hi' })).body.said, 'hi');
});
