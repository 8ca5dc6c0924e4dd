// The mini program's build: its files are complete, and its logic runs against a fake `wx` whose
// requests reach a real server.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import vm from 'node:vm'
import { built, startServer, stopBrowser, uniId } from './kit.js'

const root = new URL('../pages/dist/build/mp-weixin/', import.meta.url).pathname
const plugin = 'uni_modules/lingpai-pages'

let server
let weixin
const shown = { requests: [], navigations: [], pages: [] }
before(async () => {
  // As much of WeChat's servers as signing in takes: every code stands for the person that it names.
  weixin = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://x')
    const person = searchParams.get('js_code')
    const answers = {
      '/sns/jscode2session': { openid: person, unionid: `union-${person}`, session_key: 'a2V5' },
      '/cgi-bin/stable_token': { access_token: 'token', expires_in: 7200 },
      '/wxa/business/getuserphonenumber': { errcode: 0, phone_info: { purePhoneNumber: '13911112222', countryCode: '86' } },
    }
    response.end(JSON.stringify(answers[pathname] ?? { errcode: 40001, errmsg: pathname }))
  })
  await new Promise((resolve) => weixin.listen(0, '127.0.0.1', resolve))
  server = await startServer(
    { 'uni-id/config.json': uniId({ 'mp-weixin': { tokenExpiresIn: 7200, tokenExpiresThreshold: 600, oauth: { weixin: { appid: 'wx1', appsecret: 's' } } } }) },
    { LINGPAI_PROVIDERS_WEIXIN_BASE_URL: `http://127.0.0.1:${weixin.address().port}` },
  )
  fakeWeixin()
  load('./app.js')
})
after(async () => {
  await stopBrowser()
  await server.stop()
  weixin.close()
})

/** What scripts of a mini program see: neither a browser nor Node. */
const phone = vm.createContext({ console, setTimeout, clearTimeout, setInterval, clearInterval })
phone.global = phone
const modules = new Map()

/** Requires a file of the build, as WeChat does. */
function load(path, from = root) {
  const file = join(from, path)
  if (!modules.has(file)) {
    const module = { exports: {} }
    modules.set(file, module)
    const run = vm.compileFunction(readFileSync(file, 'utf8'), ['require', 'module', 'exports'], { parsingContext: phone, filename: file })
    run((wanted) => load(wanted, dirname(file)), module, module.exports)
  }
  return modules.get(file).exports
}

/** As much of WeChat's runtime as the pages use. */
function fakeWeixin() {
  const storage = new Map()
  const system = {
    SDKVersion: '3.0.0', platform: 'devtools', system: 'iOS 17', brand: 'devtools', model: 'iPhone', language: 'zh_CN', version: '8.0.0',
    windowWidth: 375, windowHeight: 700, screenWidth: 375, screenHeight: 812, statusBarHeight: 20, pixelRatio: 2, theme: 'light',
    safeArea: { left: 0, right: 375, top: 20, bottom: 812, width: 375, height: 792 }, host: { appId: 'wx1', env: 'WeChat' },
  }
  const navigate = (options) => {
    shown.navigations.push(options.url)
    options.success?.({})
  }
  const known = {
    getSystemInfoSync: () => system,
    getAppBaseInfo: () => system,
    getDeviceInfo: () => system,
    getWindowInfo: () => system,
    getSystemSetting: () => system,
    getAppAuthorizeSetting: () => system,
    getAccountInfoSync: () => ({ miniProgram: { appId: 'wx1', envVersion: 'develop' } }),
    getLaunchOptionsSync: () => ({ path: '', query: {}, scene: 1001 }),
    getEnterOptionsSync: () => ({ path: '', query: {}, scene: 1001 }),
    getStorageSync: (key) => storage.get(key) ?? '',
    setStorageSync: (key, value) => void storage.set(key, value),
    setStorage: ({ key, data, success }) => {
      storage.set(key, data)
      success?.({})
    },
    removeStorageSync: (key) => void storage.delete(key),
    request: (options) => {
      shown.requests.push(options)
      fetch(options.url, { method: options.method, headers: options.header, body: options.data })
        .then(async (response) => options.success({ statusCode: response.status, data: await response.json(), header: {} }))
        .catch((error) => options.fail({ errMsg: `request:fail ${error.message}` }))
      return { abort() {} }
    },
    login: ({ success }) => success({ code: 'somebody', errMsg: 'login:ok' }),
    navigateTo: navigate,
    redirectTo: navigate,
    reLaunch: navigate,
    switchTab: navigate,
    canIUse: () => true,
  }
  // Whatever else the framework looks for at its start exists and does nothing.
  phone.wx = new Proxy(known, { get: (target, name) => target[name] ?? (typeof name === 'string' && /^(on|off)/.test(name) ? () => {} : target[name]) })
  phone.App = (options) => (shown.app = options)
  phone.Page = () => {}
  phone.Component = (options) => (shown.component = options)
  phone.Behavior = (options) => options
  phone.getApp = () => shown.app
  // The framework asks for the first page again and again until there is one.
  phone.getCurrentPages = () => shown.pages
}

test('every page and component is there with its four files', () => {
  const app = JSON.parse(built('mp-weixin/app.json'))
  const project = readFileSync(new URL('../pages/src/pages.json', import.meta.url), 'utf8')
  const wanted = [...project.matchAll(/"path": "([^"]+)"/g)].map(([, path]) => path)
  assert.deepEqual(app.pages, wanted)
  for (const page of app.pages) {
    for (const kind of ['js', 'json', 'wxml']) assert.ok(existsSync(`${root}${page}.${kind}`), `${page}.${kind}`)
    const { usingComponents = {} } = JSON.parse(built(`mp-weixin/${page}.json`))
    for (const path of Object.values(usingComponents)) {
      const file = new URL(path, `file://${root}${page}`).pathname
      assert.ok(existsSync(`${file}.wxml`), `${page} uses ${path}`)
    }
  }
})

test('a mobile number can be bound by the button of WeChat', () => {
  assert.match(String(built(`mp-weixin/${plugin}/components/lp-bind.wxml`)), /<button[^>]*open-type="getPhoneNumber"[^>]*bindgetphonenumber=/)
})

test('no file is of another platform', () => {
  for (const page of JSON.parse(built('mp-weixin/app.json')).pages) {
    const wxml = String(built(`mp-weixin/${page}.wxml`))
    assert.doesNotMatch(wxml, /<(component|dialog|select|canvas)\b/, page)
  }
})

test('registers, signs in, fails and signs out through wx.request', async () => {
  const { config } = load(`./${plugin}/logic/config.js`)
  config.server = { endpoint: server.url, spaceId: 'lingpai-dev', clientSecret: 'lingpai-dev-secret', appId: '__UNI__LINGPAI' }
  const { account, captchaPicture } = load(`./${plugin}/client/account.js`)
  const session = load(`./${plugin}/client/session.js`)

  assert.match(await captchaPicture('register'), /^data:image\//)
  const registered = await account.registerUser({ username: 'mini', password: 'secret-1', captcha: await server.code('captcha') })
  assert.equal(session.uid(), registered.uid)
  const sent = JSON.parse(JSON.parse(shown.requests.at(-1).data).params).functionArgs
  assert.equal(sent.clientInfo.uniPlatform, 'mp-weixin')
  assert.equal((await account.info()).isUsernameSet, true)
  await account.logout()
  session.forget()
  assert.equal(session.token(), '')
  await assert.rejects(account.login({ username: 'mini', password: 'not-it-1' }), (error) => error.code === 'uni-id-password-error' && error.message.length > 0)
  assert.equal((await account.login({ username: 'mini', password: 'secret-1' })).uid, registered.uid)

  config.server = { ...config.server, endpoint: 'http://127.0.0.1:1' }
  await assert.rejects(account.info(), (error) => error.code === 'lingpai-offline')
  config.server = { ...config.server, endpoint: server.url }
})

test('WeChat signs in without a form; projects hear of it, and of signing out', async () => {
  const { ways } = load(`./${plugin}/logic/ways.js`)
  // What other platforms have is not offered, whatever is configured.
  const { config } = load(`./${plugin}/logic/config.js`)
  const before = config.loginTypes
  config.loginTypes = ['weixin', 'username', 'apple', 'qq', 'alipay', 'univerify', 'smsCode']
  assert.deepEqual([...ways()], ['weixin', 'username', 'smsCode'])
  const { signInPage } = load(`./${plugin}/logic/go.js`)
  assert.match(signInPage(), /login-withoutpwd\?type=weixin$/)
  config.loginTypes = before

  const heard = []
  const { index: uni } = load('./common/vendor.js')
  uni.$on('uni-id-pages-login-success', ({ uid }) => heard.push(uid))
  uni.$on('uni-id-pages-logout', () => heard.push('out'))
  const { prove, signInMethod } = load(`./${plugin}/logic/third-party.js`)
  const { account } = load(`./${plugin}/client/account.js`)
  const { enter, signOut } = load(`./${plugin}/logic/signed-in.js`)
  const session = load(`./${plugin}/client/session.js`)
  const proof = await prove('weixin', 'login')
  await enter(() => account.loginBy(signInMethod('weixin'), proof))
  assert.equal(shown.navigations.at(-1), config.home)

  // The number comes from WeChat's own button; turned down, nothing happens.
  const { bindWeixinPhone } = load(`./${plugin}/logic/weixin-phone.js`)
  assert.equal(await bindWeixinPhone({ errMsg: 'getPhoneNumber:fail user deny' }), false)
  assert.equal((await account.info()).isMobileBound, false)
  assert.equal(await bindWeixinPhone({ code: 'given' }), true)
  assert.equal((await account.info()).isMobileBound, true)
  await signOut()
  assert.equal(session.token(), '')
  assert.match(shown.navigations.at(-1), /login\/login-withpwd/)
  assert.equal(heard.length, 2)
  assert.match(heard[0], /^[0-9a-f]{24}$/)
  assert.equal(heard[1], 'out')
})

test('with debug init throws, naming the ways that the server lacks', async () => {
  const { config } = load(`./${plugin}/logic/config.js`)
  const { init } = load(`./${plugin}/init.js`)
  const before = { ...config }
  try {
    Object.assign(config, { debug: true, loginTypes: ['username', 'weixin', 'apple', 'qq'] })
    await assert.rejects(init(), ({ message }) => {
      assert.deepEqual([...message.matchAll(/“(\w+)”/g)].map(([, type]) => type), ['apple', 'qq'])
      return true
    })
    config.loginTypes = ['username', 'weixin']
    await init()
    // Without debug nothing is asked.
    Object.assign(config, { debug: false, loginTypes: ['apple'] })
    await init()
  } finally {
    Object.assign(config, before)
  }
})

test('the sign-in page starts, in the language of the phone', () => {
  const path = `${plugin}/pages/login/login-withpwd`
  load(`./${path}.js`)
  const page = instance(shown.component, path)
  // What the template gets: the words of the page in the order of the template.
  assert.ok(Object.values(page.data).some((value) => /忘记密码/.test(JSON.stringify(value) ?? '')), JSON.stringify(page.data))
})

test('every other page starts as well, and those of the account centre lead to signing in', async () => {
  const { forget } = load(`./${plugin}/client/session.js`)
  forget()
  for (const path of JSON.parse(built('mp-weixin/app.json')).pages.slice(1)) {
    load(`./${path}.js`)
    shown.pages.length = 0
    const before = shown.navigations.length
    instance(shown.component, path)
    await new Promise((resolve) => setImmediate(() => setTimeout(resolve)))
    if (path.includes('/userinfo/')) assert.match(shown.navigations[before] ?? '', /login\/login-withpwd/, path)
  }
})

/** Starts a page as WeChat would. */
function instance(options, route) {
  const page = {
    route,
    is: route,
    options: {},
    data: structuredClone(options.data ?? {}),
    properties: {},
    setData(change, done) {
      Object.assign(this.data, change)
      done?.()
    },
    triggerEvent: () => {},
    selectComponent: () => null,
    selectAllComponents: () => [],
    createSelectorQuery: () => ({ exec() {} }),
    getPageId: () => 1,
    ...options.methods,
  }
  shown.pages.push(page)
  options.lifetimes.attached?.call(page)
  page.onLoad?.({})
  page.onShow?.()
  options.lifetimes.ready?.call(page)
  return page
}
