// What a project writes into the pages' configuration: the ways to sign in and their order, and when agreements are
// asked for.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { SIZES, startServer, stopBrowser, uniId, visitor } from './kit.js'

after(stopBrowser)

const oauth = { 'weixin-web': { appid: 'wx1', appsecret: 's' }, qq: { appid: '1', appsecret: 's' }, apple: { bundleId: 'x' }, alipay: { appid: '1', privateKey: 'k' } }
const WEB = { tokenExpiresIn: 7200, tokenExpiresThreshold: 600, oauth }

/** A server with a configuration of the pages. */
function configured(pages) {
  return startServer({ 'uni-id/config.json': uniId({ web: WEB }), 'lingpai-pages/config.json': pages })
}

for (const [size, viewport] of SIZES) {
  test(`the first way is the default, and the others are a press away (${size})`, async () => {
    const server = await configured({ loginTypes: ['smsCode', 'username', 'weixin'], appid: { weixin: { h5: '', web: 'wx1' } } })
    await server.register('second')
    const who = await visitor(server, { viewport })
    await who.open('/')
    await who.at('/login/login-smscode')
    await who.page.locator('#lp-mobile').waitFor()
    assert.deepEqual(await who.page.locator('.lp-quick-way').allTextContents(), ['微信'])
    await who.button('密码登录').click()
    await who.page.locator('#lp-account').fill('second')
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('登录').click()
    await who.at('/userinfo/userinfo')
    // Signing out leads to the default again.
    await who.page.locator('.lp-me[aria-busy=false]').waitFor()
    await who.button('退出登录').click()
    await who.page.locator('dialog .lp-primary').click()
    await who.at('/login/login-smscode')
    await who.leave()
    await server.stop()
  })
}

test('a third party may be the default', async () => {
  const server = await configured({ loginTypes: ['weixin', 'username'], appid: { weixin: { h5: '', web: 'wx1' } } })
  const who = await visitor(server)
  await who.open('/')
  await who.at('/login/login-withoutpwd')
  await who.button('使用微信登录').waitFor()
  await who.button('密码登录').click()
  await who.page.locator('#lp-account').waitFor()
  assert.equal(await who.button('短信登录').count(), 0)
  await who.leave()
  await server.stop()
})

for (const [size, viewport] of SIZES) {
  test(`the default is the first way that there is here, never one that could not be taken (${size})`, async () => {
    for (const [loginTypes, page, sign] of [
      [['univerify', 'weixin', 'username', 'apple', 'smsCode'], '/', '#lp-account'],
      [['univerify', 'smsCode', 'username'], '/login/login-smscode', '#lp-mobile'],
    ]) {
      const server = await configured({ loginTypes })
      const who = await visitor(server, { viewport })
      await who.open('/')
      await who.page.locator(`#app ${sign}`).waitFor()
      assert.ok(who.page.url().endsWith(page), who.page.url())
      // The server, which writes the first view, chooses the same.
      assert.equal(/id="lp-account"/.test(await (await fetch(`${server.url}/`)).text()), page === '/')
      // The page without a password leads to the form where nothing else is left.
      await who.open('login/login-withoutpwd')
      await who.page.locator('#app #lp-mobile').waitFor()
      await who.leave()
      await server.stop()
    }
  })

  test(`a project may name a way by type (${size})`, async () => {
    const server = await configured({ loginTypes: ['username', 'smsCode', 'weixin'], appid: { weixin: { h5: '', web: 'wx1' } } })
    await server.register(`typed-${size}`)
    const who = await visitor(server, { viewport })
    await who.open('login/login-withoutpwd?type=weixin')
    await who.button('使用微信登录').waitFor()
    await who.open('login/login-withoutpwd?type=smsCode')
    await who.at('/login/login-smscode')
    await who.open(`login/login-withoutpwd?type=username&uniIdRedirectUrl=${encodeURIComponent('/uni_modules/lingpai-pages/pages/userinfo/sessions')}`)
    await who.atSignIn()
    await who.page.locator('#lp-account').fill(`typed-${size}`)
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('登录').click()
    await who.at('/userinfo/sessions')
    await who.leave()
    await server.stop()
  })
}

test('what this browser or the server cannot do is not shown', async () => {
  const loginTypes = ['username', 'univerify', 'weixin', 'qq', 'apple', 'alipay']
  const shown = async (pages, path = '/') => {
    const server = await configured(pages)
    const who = await visitor(server)
    await who.open(path)
    await who.page.locator('#app .lp h1').waitFor()
    const found = await who.page.locator('.lp-quick-way, .lp-tab').allTextContents()
    await who.leave()
    await server.stop()
    return found
  }
  // Browsers know WeChat alone of the third parties, and that only with an application of the project's.
  assert.deepEqual(await shown({ loginTypes, appid: { weixin: { h5: '', web: 'wx1' } } }), ['微信'])
  assert.deepEqual(await shown({ loginTypes, appid: { weixin: { h5: 'wx1', web: '' } } }), [])
})

for (const [scope, asked] of [
  [['register', 'login'], { 'login/login-withpwd': 1, 'login/login-smscode': 1, 'register/register': 1, 'register/register-by-email': 1, 'login/login-withoutpwd?type=weixin': 1 }],
  [['register'], { 'login/login-withpwd': 0, 'login/login-smscode': 1, 'register/register': 1, 'register/register-by-email': 1, 'login/login-withoutpwd?type=weixin': 1 }],
  [['login'], { 'login/login-withpwd': 1, 'login/login-smscode': 0, 'register/register': 0, 'register/register-by-email': 0, 'login/login-withoutpwd?type=weixin': 0 }],
]) {
  test(`agreements are asked for where their scope says: ${scope}`, async () => {
    const server = await configured({
      loginTypes: ['username', 'smsCode', 'weixin'],
      appid: { weixin: { h5: '', web: 'wx1' } },
      agreements: { serviceUrl: 'https://example.com/terms', privacyUrl: 'https://example.com/privacy', scope },
    })
    const who = await visitor(server)
    for (const [path, count] of Object.entries(asked)) {
      await who.open(path)
      await who.page.locator('#app .lp button[type=submit]').waitFor()
      assert.equal(await who.page.locator('#lp-consent').count(), count, path)
    }
    await who.leave()
    await server.stop()
  })
}
