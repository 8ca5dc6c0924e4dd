// The ways of an account, walked by an unmodified client. A driver runs `realClient` of src/real-client.js somewhere and has
// `run(name, ...args)`, `deviceId()`.
import assert from 'node:assert/strict';

const CODE_OF_TEST_MODE = '123456';
const PASSWORD = 'password1';
/** One pixel. */
const PICTURE = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** One name after the other. */
let count = 0;
const fresh = (prefix) => `${prefix}-${process.pid}-${++count}`;

/** What pages do with the account functions, in words of their own. */
function account(driver, lingpai) {
  const call = (method, ...params) => driver.run('call', 'uni-id-co', method, ...params);
  const captcha = async (scene) => {
    const answer = await driver.run('call', 'uni-captcha-co', 'getImageCaptcha', { scene });
    assert.match(answer.captchaBase64, /^data:image/);
    return lingpai.code({ kind: 'captcha', scene });
  };
  const done = (answer) => (assert.ok(!answer.errCode, JSON.stringify(answer)), answer);
  return {
    call,
    captcha,
    done,
    async register(username = fresh('user')) {
      const answer = await call('registerUser', { username, nickname: username, password: PASSWORD, password2: PASSWORD, captcha: await captcha('register') });
      return { username, ...done(answer) };
    },
  };
}

/** Every flow: a name, and what it does; `uniId` is what the server must be configured with. */
export const FLOWS = {
  async 'registration with a captcha logs in'({ driver, lingpai }) {
    const { call, register } = account(driver, lingpai);
    const { uid, username, newToken } = await register();
    assert.equal((await driver.run('user')).uid, uid, 'the SDK reads who is logged in from the token');
    assert.equal(await driver.run('token'), newToken.token);
    assert.equal((await call('getAccountInfo')).isUsernameSet, true);
    const again = await call('registerUser', { username, password: PASSWORD, captcha: 'none' });
    assert.equal(again.errCode, 'uni-captcha-verify-fail');
    assert.ok(again.errMsg && !again.errMsg.includes('request:ok'), again.errMsg);
  },

  async 'three wrong passwords ask for a captcha'({ driver, lingpai }) {
    const { call, captcha, done, register } = account(driver, lingpai);
    const { username, uid } = await register();
    done(await call('logout'));
    const login = (password, more) => call('login', { username, password, captcha: '', ...more });
    for (let attempt = 0; attempt < 3; attempt++) assert.equal((await login('wrong-passw0rd')).errCode, 'uni-id-password-error');
    assert.equal((await login(PASSWORD)).errCode, 'uni-id-captcha-required');
    assert.equal((await login(PASSWORD, { captcha: 'none' })).errCode, 'uni-captcha-verify-fail');
    assert.equal(done(await login(PASSWORD, { captcha: await captcha('login-by-pwd') })).uid, uid);
  },

  async 'a code by SMS logs in, and registers first'({ driver, lingpai }) {
    const { call, captcha, done } = account(driver, lingpai);
    const mobile = `139${String(process.pid).slice(-4).padStart(4, '0')}${String(++count).padStart(4, '0')}`;
    const send = async () => call('sendSmsCode', { mobile, scene: 'login-by-sms', captcha: await captcha('send-sms-code') });
    // Test mode: the pages fill the code in on this very error.
    assert.equal((await send()).errCode, 'uni-id-invalid-sms-template-id');
    const { uid, type } = done(await call('loginBySms', { mobile, code: CODE_OF_TEST_MODE, captcha: '' }));
    assert.equal(type, 'register');
    assert.equal((await driver.run('user')).uid, uid);
    assert.equal((await call('loginBySms', { mobile, code: CODE_OF_TEST_MODE, captcha: '' })).errCode, 'uni-id-mobile-verify-code-error', 'a code is good once');
  },

  async 'a changed password voids the old token, and the client goes to the login page'({ driver, lingpai }) {
    const { call, done, register } = account(driver, lingpai);
    const { username } = await register();
    const token = await driver.run('token');
    // Somewhere else, with another session.
    const other = await lingpai.call('uni-id-co/login', { username, password: PASSWORD }, { clientInfo: { appId: '__UNI__REALCLIENT' } });
    const changed = await lingpai.call('uni-id-co/updatePwd', { oldPassword: PASSWORD, newPassword: 'password2' }, { uniIdToken: other.newToken.token, clientInfo: { appId: '__UNI__REALCLIENT' } });
    assert.equal(changed.errCode, 0);
    assert.equal(await driver.run('token'), token);
    assert.equal((await call('getAccountInfo')).errCode, 'uni-id-token-expired');
    await driver.untilPage('pages/login/login');
    await driver.run('home');
    done(await call('login', { username, password: 'password2', captcha: '' }));
    assert.equal((await call('getAccountInfo')).errCode, 0);
  },

  async 'the own password is changed'({ driver, lingpai }) {
    const { call, done, register } = account(driver, lingpai);
    const { username } = await register();
    assert.equal((await call('updatePwd', { oldPassword: 'wr0ng-password', newPassword: 'password3' })).errCode, 'uni-id-password-error');
    done(await call('updatePwd', { oldPassword: PASSWORD, newPassword: 'password3' }));
    assert.equal((await call('login', { username, password: PASSWORD, captcha: '' })).errCode, 'uni-id-password-error');
    done(await call('login', { username, password: 'password3', captcha: '' }));
  },

  async 'registration and reset by e-mail'({ driver, lingpai }) {
    const { call, captcha, done } = account(driver, lingpai);
    const email = `${fresh('mail')}@example.com`;
    const send = async (scene) => call('sendEmailCode', { email, scene, captcha: await captcha('send-email-code') });
    assert.equal((await send('register')).errCode, 'uni-id-invalid-mail-template');
    const { uid } = done(await call('registerUserByEmail', { email, nickname: 'mail', password: PASSWORD, password2: PASSWORD, code: CODE_OF_TEST_MODE }));
    done(await call('logout'));
    assert.equal((await send('reset-pwd-by-email')).errCode, 'uni-id-invalid-mail-template');
    done(await call('resetPwdByEmail', { email, password: 'password4', password2: 'password4', code: CODE_OF_TEST_MODE, captcha: '' }));
    assert.equal(done(await call('login', { email, password: 'password4', captcha: '' })).uid, uid);
  },

  async 'the nickname is changed through clientDB'({ driver, lingpai }) {
    const { call, done, register } = account(driver, lingpai);
    const { uid, username } = await register();
    const { data } = await driver.run('profile');
    assert.deepEqual(data.map(({ _id, nickname, username: name }) => [_id, nickname, name]), [[uid, username, username]]);
    assert.equal((await driver.run('updateProfile', { nickname: '小令' })).updated, 1);
    assert.equal((await driver.run('profile')).data[0].nickname, '小令');
    assert.equal((await driver.run('updateProfile', { role: ['admin'] })).errCode, 'PERMISSION_ERROR');
    done(await call('logout'));
    assert.equal((await driver.run('updateProfile', { nickname: 'x' })).errCode, 'TOKEN_INVALID_WRONG_TOKEN', 'the token is void');
    await driver.run('forget');
    assert.equal((await driver.run('updateProfile', { nickname: 'x' })).errCode, 'TOKEN_INVALID_ANONYMOUS_USER');
  },

  async 'an avatar is uploaded and kept'({ driver, lingpai }) {
    const { register } = account(driver, lingpai);
    await register();
    // What choosing a picture gives: in a browser its content has an address as it is.
    const chosen = driver.choose?.(PICTURE) ?? PICTURE;
    const fileID = await driver.run('uploadPicture', chosen, 'avatar.png');
    assert.equal(typeof fileID, 'string', JSON.stringify(fileID));
    assert.equal((await driver.run('updateProfile', { avatar_file: { extname: 'png', name: 'avatar.png', url: fileID } })).updated, 1);
    assert.equal((await driver.run('profile')).data[0].avatar_file.url, fileID);
    const { pathname } = new URL(fileID);
    const served = await fetch(lingpai.url + pathname);
    assert.deepEqual([served.status, served.headers.get('content-type')], [200, 'image/png']);
    assert.deepEqual(Buffer.from(await served.arrayBuffer()), Buffer.from(PICTURE.split(',')[1], 'base64'));
    assert.equal(await driver.run('address', fileID), fileID, 'a file that is served needs no other address');
  },

  async 'a closed account is closed'({ driver, lingpai }) {
    const { call, done, register } = account(driver, lingpai);
    const { username } = await register();
    done(await call('closeAccount'));
    assert.equal((await call('login', { username, password: PASSWORD, captcha: '' })).errCode, 'uni-id-account-closed');
  },

  async 'what is not there is an error with words'({ driver, lingpai }) {
    const { call } = account(driver, lingpai);
    for (const answer of [await call('noSuchMethod'), await driver.run('callFunction', { name: 'no-such-function' }), await driver.run('call', 'no-such-object', 'f')]) {
      assert.ok(answer.errCode, JSON.stringify(answer));
      assert.ok(answer.errMsg && !answer.errMsg.includes('request:ok'), JSON.stringify(answer));
    }
  },
};

/** Needs a server that sends mails to `smtp`: no test mode, no code but the one in the mail. */
export async function withRealMails({ driver, lingpai, smtp }) {
  const { call, captcha, done } = account(driver, lingpai);
  const email = `${fresh('mail')}@example.com`;
  const send = async (scene) => (done(await call('sendEmailCode', { email, scene, captcha: await captcha('send-email-code') })), smtp.code());
  const params = { email, nickname: 'mail', password: PASSWORD, password2: PASSWORD };
  const wrong = (code) => (code === '000000' ? '000001' : '000000');
  const code = await send('register');
  assert.equal((await call('registerUserByEmail', { ...params, code: wrong(code) })).errCode, 'uni-id-email-verify-code-error');
  const { uid } = done(await call('registerUserByEmail', { ...params, code }));
  done(await call('logout'));
  const reset = { email, password: 'password4', password2: 'password4', captcha: '' };
  const another = await send('reset-pwd-by-email');
  assert.equal((await call('resetPwdByEmail', { ...reset, code: wrong(another) })).errCode, 'uni-id-email-verify-code-error');
  done(await call('resetPwdByEmail', { ...reset, code: another }));
  assert.ok((await call('login', { email, password: PASSWORD, captcha: '' })).errCode);
  assert.equal(done(await call('login', { email, password: 'password4', captcha: '' })).uid, uid);
}

/** Needs a server whose tokens are near their end from the first second on. */
export async function renewal({ driver, lingpai }) {
  const { call, register } = account(driver, lingpai);
  const { uid } = await register();
  const first = await driver.run('token');
  do assert.equal((await call('getAccountInfo')).errCode, 0);
  while ((await driver.run('token')) === first);
  assert.equal((await driver.run('user')).uid, uid);
}
