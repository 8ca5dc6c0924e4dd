// A browser that keeps no data of sites (its owner forbids it, or it is a strict private window): the pages work for the
// visit, and say so.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { SIZES, startServer, stopBrowser, uniId, visitor } from './kit.js'

let server
before(async () => {
  const web = { tokenExpiresIn: 7200, tokenExpiresThreshold: 600, oauth: { 'weixin-web': { appid: 'wx1', appsecret: 's' } } }
  server = await startServer({
    'uni-id/config.json': uniId({ web }),
    'lingpai-pages/config.json': { loginTypes: ['username', 'smsCode', 'weixin'], appid: { weixin: { h5: '', web: 'wx1' } } },
  })
})
after(async () => {
  await stopBrowser()
  await server.stop()
})

for (const [size, viewport] of SIZES) {
  test(`signs in for the visit, through all pages, and says what is forgotten (${size})`, async () => {
    const name = `forgetful-${size}`
    await server.register(name)
    const who = await visitor(server, { viewport, forgetful: true })
    await who.open('/')
    assert.equal(await who.page.evaluate(() => document.cookie), '')
    await who.page.locator('.lp-select').selectOption('en')
    await who.button('Sign in').waitFor()
    await who.page.locator('.lp-select').selectOption('zh-Hans')
    await who.page.locator('#lp-account').fill(name)
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('登录').click()
    await who.at('/userinfo/userinfo')
    await who.toast('刷新或关闭后需重新登录')
    await who.page.locator('.lp-me[aria-busy=false]').waitFor()
    await who.row('登录设备').click()
    await who.page.locator('.lp-session .lp-badge').waitFor()
    await who.page.goBack()
    await who.page.locator('.lp-me[aria-busy=false]').waitFor()
    await who.button('退出登录').click()
    await who.page.locator('dialog .lp-primary').click()
    await who.atSignIn()
    await who.page.locator('#lp-account').waitFor()
    await who.leave()
  })

  test(`signs in by SMS, whose captcha belongs to this browser (${size})`, async () => {
    const mobile = size === 'phone' ? '13800000051' : '13800000052'
    const who = await visitor(server, { viewport, forgetful: true })
    await who.open('login/login-smscode')
    await who.page.locator('#lp-mobile').fill(mobile)
    await who.page.locator('#lp-code').fill(await who.askForCode('sms', mobile))
    await who.button('登录').click()
    await who.at('/userinfo/userinfo')
    // Nothing is left: a reload begins anew.
    await who.page.reload()
    await who.atSignIn()
    await who.leave()
  })
}

test('WeChat, whose way back could not be trusted, is refused in words and not left for', async () => {
  const who = await visitor(server, { forgetful: true })
  await who.open('login/login-withoutpwd?type=weixin')
  await who.button('使用微信登录').click()
  await who.page.locator('.lp-notice[role=alert]', { hasText: '禁止保存网站数据' }).waitFor()
  await who.button('密码登录').click()
  await who.page.locator('#lp-account').waitFor()
  await who.leave()
})
