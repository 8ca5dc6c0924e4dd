// Every page in every state that a visitor can meet. `look.test.js` checks them, `screenshots.js` takes their pictures.
import { startServer, uniId } from './kit.js'
import { twoColours } from './picture.js'
import { totp } from './totp.js'

const MOBILE = '13800138000'
/** Longer than a line of the account centre on a phone. */
const EMAIL = 'somebody.with.a.long.address@mail.example.com'
const TERMS = '# 服务协议\n\n欢迎使用。请阅读以下条款：\n\n1. 账号归您使用，请勿转借。\n2. 请遵守法律法规。\n\n## 联系我们\n\n[support@example.com](mailto:support@example.com)\n\n| 事项 | 期限 |\n|---|---|\n| 注销 | 立即 |\n'

/** A server that has everything to show: agreements, WeChat, second steps, and people with and without. */
export async function sceneServer() {
  const web = { tokenExpiresIn: 7200, tokenExpiresThreshold: 600, oauth: { 'weixin-web': { appid: 'wx1', appsecret: 's' } } }
  const server = await startServer(
    {
      'uni-id/config.json': uniId({ web }),
      'lingpai-pages/config.json': {
        loginTypes: ['username', 'smsCode', 'weixin'],
        appid: { weixin: { h5: 'wx1', web: 'wx1' } },
        brand: { links: [{ text: 'example.com', url: 'https://example.com' }] },
        setPasswordAfterLogin: { allowSkip: true },
      },
      'lingpai-pages/service.md': TERMS,
      'lingpai-pages/service.en.md': '# Terms of Service\n\nWelcome. Please read:\n\n1. The account is yours; do not lend it.\n2. Obey the law.\n',
      'lingpai-pages/privacy.txt': '我们只保存登录所必需的资料。\n\nWe keep only what signing in takes.',
    },
    { LINGPAI_SECURITY_SECOND_STEP: 'true' },
  )
  await server.register('plain')
  // Somebody who types wrong passwords, and is asked for a captcha from then on.
  await server.register('forgetful')
  const { newToken } = await server.register('looking')
  server.token = newToken.token
  // Somebody with a number: signs in by SMS, then has a password and a second device.
  await server.call('getImageCaptcha', { scene: 'send-sms-code' })
  await server.call('sendSmsCode', { mobile: MOBILE, scene: 'bind-mobile-by-sms', captcha: await server.code('captcha') }, server.token)
  await server.call('bindMobileBySms', { mobile: MOBILE, code: await server.code('sms', MOBILE) }, server.token)
  await server.call('bindEmailByCode', { email: EMAIL, code: await server.emailCode(EMAIL, 'bind-email', server.token) }, server.token)
  await server.call('login', { username: 'looking', password: 'secret-1' })
  // Somebody whose sign-in takes a second step.
  const careful = await server.register('careful')
  const { secret } = await server.call('setUpTotp', { password: 'secret-1' }, careful.newToken.token)
  await server.call('confirmTotp', { code: totp(secret) }, careful.newToken.token)
  return server
}

const submit = (who) => who.page.locator('button[type=submit]').first().click()
const field = (who, name) => who.page.locator(`#lp-${name}`)
const drawn = (who) => who.page.locator('.lp-picture img').first().waitFor()
const loaded = (who) => who.page.locator('.lp-me[aria-busy=false]').waitFor()

/** Holds every call to the server back, so that what is shown meanwhile stays. They never arrive: see `show`. */
async function hold(who) {
  who.held = []
  await who.page.route('**/client', (route) => void who.held.push(route))
}

/** Answers every call with a failure of the network. */
async function cut(who) {
  await who.page.route('**/client', (route) => route.abort())
}

async function signIn(who, username) {
  await who.open('login/login-withpwd')
  await field(who, 'account').fill(username)
  await field(who, 'password').fill('secret-1')
  await field(who, 'consent').check()
  await submit(who)
}

async function askForCode(who, number) {
  await who.open('login/login-smscode')
  await field(who, 'mobile').fill(number)
  await who.page.locator('.lp-send').click()
  await drawn(who)
}

/** Pages for visitors who are not signed in. */
export const OUTSIDE = [
  { name: 'password', path: 'login/login-withpwd' },
  { name: 'password-missing', path: 'login/login-withpwd', run: async (who) => (await field(who, 'consent').check(), await submit(who), await who.error('account').waitFor()) },
  {
    name: 'password-wrong-captcha',
    path: 'login/login-withpwd',
    async run(who) {
      await field(who, 'account').fill('forgetful')
      await field(who, 'consent').check()
      for (let attempt = 0; attempt < 3; attempt += 1) {
        await field(who, 'password').fill(`not-it-${attempt}`)
        await submit(who)
        await who.error('password').or(who.page.locator('.lp-picture')).first().waitFor()
      }
      if (!(await who.page.locator('.lp-picture').count())) await submit(who)
      await drawn(who)
    },
  },
  {
    name: 'password-waiting',
    path: 'login/login-withpwd',
    async run(who) {
      await hold(who)
      await field(who, 'account').fill('plain')
      await field(who, 'password').fill('secret-1')
      await who.button(/^(显示密码|顯示密碼|Show password)$/).click()
      await field(who, 'consent').check()
      await submit(who)
      await who.page.locator('.lp-spinner').waitFor()
    },
  },
  {
    name: 'password-no-network',
    path: 'login/login-withpwd',
    async run(who) {
      await field(who, 'account').fill('plain')
      await field(who, 'password').fill('secret-1')
      await field(who, 'consent').check()
      await who.context.setOffline(true)
      await who.page.locator('.lp-offline-text').waitFor()
      await submit(who)
      await who.page.locator('.lp-notice').waitFor()
    },
    after: (who) => who.context.setOffline(false),
  },
  {
    name: 'agreements-dialog',
    path: 'login/login-withpwd',
    async run(who) {
      await field(who, 'account').fill('plain')
      await field(who, 'password').fill('secret-1')
      await submit(who)
      await who.page.locator('dialog[open]').waitFor()
    },
  },
  { name: 'sms', path: 'login/login-smscode' },
  { name: 'sms-wrong-number', path: 'login/login-smscode', run: async (who) => (await field(who, 'mobile').fill('12'), await who.page.locator('.lp-send').click(), await who.error('mobile').waitFor()) },
  { name: 'sms-missing', path: 'login/login-smscode', run: async (who) => (await field(who, 'consent').check(), await submit(who), await who.error('mobile').waitFor()) },
  { name: 'sms-captcha', run: (who) => askForCode(who, '13800138001') },
  {
    name: 'sms-captcha-wrong',
    async run(who) {
      await askForCode(who, '13800138001')
      await who.page.locator('dialog #lp-captcha').fill('nope')
      await who.page.keyboard.press('Enter')
      await who.page.locator('dialog .lp-about.lp-error').waitFor()
      await drawn(who)
    },
  },
  {
    name: 'sms-sent',
    async run(who, server) {
      await askForCode(who, '13800138001')
      await who.page.locator('dialog #lp-captcha').fill(await server.code('captcha'))
      await who.page.keyboard.press('Enter')
      await who.page.locator('.lp-toast').waitFor()
    },
  },
  { name: 'quick', path: 'login/login-withoutpwd?type=weixin' },
  { name: 'register', path: 'register/register', run: drawn },
  {
    name: 'register-errors',
    path: 'register/register',
    async run(who) {
      await drawn(who)
      await field(who, 'username').fill('张三')
      await field(who, 'password').fill('abc')
      await field(who, 'consent').check()
      await submit(who)
      await who.error('username').waitFor()
    },
  },
  { name: 'register-good-password', path: 'register/register', run: async (who) => (await drawn(who), await field(who, 'password').fill('secret-1')) },
  { name: 'register-email', path: 'register/register-by-email' },
  { name: 'admin', path: 'register/register-admin' },
  { name: 'retrieve', path: 'retrieve/retrieve' },
  { name: 'retrieve-errors', path: 'retrieve/retrieve', run: async (who) => (await field(who, 'password').fill('abc'), await submit(who), await who.error('mobile').waitFor()) },
  { name: 'retrieve-email', path: 'retrieve/retrieve-by-email' },
  { name: 'second-step', run: async (who) => (await signIn(who, 'careful'), await who.at('/login/second-step'), await field(who, 'code').waitFor()) },
  {
    name: 'second-step-wrong',
    async run(who) {
      await signIn(who, 'careful')
      await who.at('/login/second-step')
      await field(who, 'code').fill('000000')
      await submit(who)
      await who.error('code').waitFor()
    },
  },
  { name: 'web-view-unknown', path: 'common/webview/webview?url=x' },
  { name: 'web-view', path: 'common/webview/webview?url=https%3A%2F%2Fexample.com' },
  { name: 'agreement', path: '/agreements/service' },
  { name: 'agreement-text', path: '/agreements/privacy' },
]

/** Pages for the one who is signed in as `looking`. */
export const INSIDE = [
  { name: 'account', path: 'userinfo/userinfo', run: loaded },
  { name: 'account-loading', path: 'userinfo/sessions', run: async (who) => (await hold(who), await who.open('userinfo/userinfo')) },
  { name: 'account-failed', path: 'userinfo/sessions', run: async (who) => (await cut(who), await who.open('userinfo/userinfo'), await who.page.locator('.lp-notice').waitFor()) },
  { name: 'nickname', path: 'userinfo/userinfo', run: async (who) => (await loaded(who), await who.page.locator('.lp-row-press').first().click(), await field(who, 'nickname').waitFor()) },
  {
    name: 'crop',
    path: 'userinfo/userinfo',
    async run(who) {
      await loaded(who)
      const chooser = who.page.waitForEvent('filechooser')
      await who.page.locator('.lp-avatar').click()
      await (await chooser).setFiles({ name: 'a.png', mimeType: 'image/png', buffer: twoColours(300, 200, [30, 120, 90], [230, 180, 60]) })
      await who.page.locator('dialog .lp-primary:not([disabled])').waitFor()
    },
  },
  { name: 'sign-out', path: 'userinfo/userinfo', run: async (who) => (await loaded(who), await who.page.locator('.lp-me > .lp-button').click(), await who.page.locator('dialog[open]').waitFor()) },
  { name: 'bind-mobile', path: 'userinfo/bind-mobile' },
  {
    name: 'unbind',
    path: 'userinfo/bind-mobile',
    async run(who) {
      await who.page.locator('.lp-row-danger').click()
      await who.page.locator('dialog[open]').waitFor()
    },
  },
  { name: 'bind-email', path: 'userinfo/bind-email' },
  { name: 'change-password', path: 'userinfo/change_pwd' },
  {
    name: 'change-password-wrong',
    path: 'userinfo/change_pwd',
    async run(who) {
      await field(who, 'old').fill('not-it-1')
      await field(who, 'password').fill('another-2')
      await submit(who)
      await who.error('old').waitFor()
    },
  },
  { name: 'set-password', path: 'userinfo/set-pwd', run: (who) => who.page.locator('.lp-form, .lp-empty').first().waitFor() },
  { name: 'set-password-after-sign-in', path: 'userinfo/set-pwd?after=login', run: (who) => who.page.locator('.lp-alternative .lp-link').waitFor() },
  { name: 'sessions', path: 'userinfo/sessions', run: (who) => who.page.locator('.lp-session').first().waitFor() },
  { name: 'sessions-ask', path: 'userinfo/sessions', run: async (who) => (await who.page.locator('.lp-card > .lp-danger').click(), await who.page.locator('dialog[open]').waitFor()) },
  { name: 'two-steps', path: 'userinfo/two-steps', run: (who) => field(who, 'password').waitFor() },
  {
    name: 'two-steps-code',
    path: 'userinfo/two-steps',
    async run(who) {
      await field(who, 'password').fill('secret-1')
      await submit(who)
      await who.page.locator('.lp-qr').waitFor()
    },
  },
  { name: 'real-name', path: 'userinfo/realname-verify' },
  { name: 'close', path: 'userinfo/deactivate' },
  { name: 'close-unconfirmed', path: 'userinfo/deactivate', run: async (who) => (await submit(who), await who.page.locator('.lp-about.lp-error', { hasText: /./ }).waitFor()) },
]

/** Pages for somebody who has neither a number nor an e-mail address. */
export const NEWCOMER = [
  { name: 'account-plain', path: 'userinfo/userinfo', run: loaded },
  { name: 'set-password-without-number', path: 'userinfo/set-pwd', run: (who) => who.page.locator('.lp-empty').waitFor() },
  {
    name: 'sessions-alone',
    async run(who) {
      await who.open('userinfo/sessions')
      await who.page.locator('.lp-session').first().waitFor()
      await who.page.locator('.lp-card > .lp-danger').click()
      await who.page.locator('dialog .lp-danger').click()
      await who.page.locator('.lp-note').waitFor()
    },
  },
  { name: 'two-steps-recovery-codes', run: switchOn, after: switchOff },
  { name: 'two-steps-on', run: async (who) => (await switchOn(who), await who.open('userinfo/two-steps'), await who.page.locator('.lp-danger').waitFor()), after: switchOff },
]

/** Switches the second step on; its recovery codes are shown then. */
async function switchOn(who) {
  await who.open('userinfo/two-steps')
  await field(who, 'password').fill('secret-1')
  await submit(who)
  await who.page.locator('.lp-qr').waitFor()
  const secret = (await who.page.locator('.lp-secret').textContent()).replace(/\s/g, '')
  await field(who, 'code').fill(totp(secret))
  await submit(who)
  await who.page.locator('.lp-secret > *').first().waitFor()
  who.recoveryCode = await who.page.locator('.lp-secret > *').first().textContent()
}

async function switchOff(who) {
  await who.open('userinfo/two-steps')
  await field(who, 'code').fill(who.recoveryCode)
  await submit(who)
  await who.at('/userinfo/userinfo')
}

/** Brings a visitor into a scene, hands it to `look`, and undoes what the scene did. */
export async function show(scene, who, server, look) {
  if (scene.path?.startsWith('/agreements/')) await who.page.route('**/agreements/**', withoutSandbox)
  if (scene.path) {
    await who.open(scene.path)
    await who.page.locator('h1').first().waitFor()
  }
  await scene.run?.(who, server)
  await who.page.evaluate(() => document.fonts.ready)
  await look(scene.name)
  await scene.after?.(who)
  // Without a handler they would be sent after all, and a sign-in that was held back succeed in the next scene.
  for (const route of who.held?.splice(0) ?? []) await route.abort()
  await who.page.unroute('**/client')
  await who.page.unroute('**/agreements/**')
  // What the browser notes about calls that a scene cut off.
  who.faults.splice(0, who.faults.length, ...who.faults.filter((fault) => !/Failed to load resource/.test(fault)))
}

/** Agreements are served in a sandbox without scripts, in which the checks would wait for their own timers for ever. */
async function withoutSandbox(route) {
  const response = await route.fetch()
  const headers = response.headers()
  delete headers['content-security-policy']
  await route.fulfill({ response, headers })
}

/** Signs a visitor in for the scenes inside. */
export async function enter(who, username) {
  await signIn(who, username)
  await who.at('/userinfo/userinfo')
  await loaded(who)
}
