// WeChat in a browser: to its page and back, against a stub of its servers.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { SIZES, signIn, startServer, stopBrowser, uniId, visitor } from './kit.js'

let server
let weixin
before(async () => {
  weixin = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://x')
    // Every code stands for the person that it names.
    const who = searchParams.get('code') ?? searchParams.get('openid')
    const answers = {
      '/sns/oauth2/access_token': { access_token: 'token', expires_in: 7200, refresh_token: 'refresh', openid: who, unionid: `union-${who}`, scope: 'snsapi_login' },
      '/sns/userinfo': { openid: who, unionid: `union-${who}`, nickname: '微信用户', headimgurl: '' },
    }
    response.writeHead(200, { 'content-type': 'text/plain' })
    response.end(JSON.stringify(answers[pathname] ?? { errcode: 40001, errmsg: pathname }))
  })
  await new Promise((resolve) => weixin.listen(0, '127.0.0.1', resolve))
  server = await startServer(
    {
      'uni-id/config.json': uniId({ web: { tokenExpiresIn: 7200, tokenExpiresThreshold: 600, oauth: { 'weixin-web': { appid: 'wx1', appsecret: 's' } } } }),
      'lingpai-pages/config.json': { loginTypes: ['username', 'weixin'], appid: { weixin: { h5: '', web: 'wx1' } } },
    },
    { LINGPAI_PROVIDERS_WEIXIN_BASE_URL: `http://127.0.0.1:${weixin.address().port}` },
  )
})
after(async () => {
  await stopBrowser()
  await server.stop()
  weixin.close()
})

/** A visitor who scans WeChat's QR code at once, as the person of that name; undefined: who turns back. */
async function visitorOfWeixin(person, how) {
  const who = await visitor(server, how)
  await who.page.route('https://open.weixin.qq.com/**', async (route) => {
    const asked = new URL(route.request().url())
    who.asked = asked
    const back = new URL(asked.searchParams.get('redirect_uri'))
    back.searchParams.set('code', person)
    back.searchParams.set('state', asked.searchParams.get('state'))
    await route.fulfill({ status: 302, headers: { location: String(back) } })
  })
  const leave = who.leave
  who.leave = async () => {
    // WeChat's own page is the one that may be gone to.
    who.faults.splice(0, who.faults.length, ...who.faults.filter((fault) => !fault.startsWith('foreign request: https://open.weixin.qq.com/')))
    await leave()
  }
  return who
}

const row = (who) => who.page.locator('.lp-row-press', { has: who.page.locator('.lp-row-label', { hasText: '微信' }) })

for (const [size, viewport] of SIZES) {
  test(`connects WeChat, signs in with it, and disconnects it (${size})`, async () => {
    const name = `party-${size}`
    await server.register(name)
    const who = await visitorOfWeixin(`code-${size}`, { viewport })
    await signIn(who, name)
    await row(who).click()
    await who.toast('已绑定微信')
    await row(who).filter({ hasText: '已绑定' }).waitFor()
    assert.equal(who.asked.searchParams.get('appid'), 'wx1')
    // The code is gone from the address: a reload sends nothing again.
    assert.equal(new URL(who.page.url()).search, '')
    await who.leave()

    const again = await visitorOfWeixin(`code-${size}`, { viewport })
    await again.open('/')
    await again.button('微信').click()
    await again.button('使用微信登录').click()
    await again.at('/userinfo/userinfo')
    await again.page.locator('.lp-row-value', { hasText: name }).first().waitFor()
    await row(again).click()
    await again.page.locator('dialog[open]').waitFor()
    await again.page.keyboard.press('Escape')
    await row(again).click()
    await again.page.locator('dialog .lp-danger').click()
    await again.toast('已解绑微信')
    await row(again).filter({ hasText: '未绑定' }).waitFor()
    await again.leave()
  })
}

for (const [size, viewport] of SIZES) {
  test(`somebody new gets an account, which keeps its only way in (${size})`, async () => {
    const who = await visitorOfWeixin(`newcomer-${size}`, { viewport })
    await who.open('/')
    await who.button('微信').click()
    await who.button('使用微信登录').click()
    await who.at('/userinfo/userinfo')
    await who.page.locator('.lp-me[aria-busy=false]').waitFor()
    await row(who).click()
    await who.page.locator('dialog .lp-danger').click()
    // The server refuses: nobody could sign in to the account any more.
    await who.page.locator('dialog [role=alert]').waitFor()
    await who.button('取消').click()
    await row(who).filter({ hasText: '已绑定' }).waitFor()
    await who.leave()
  })
}

for (const [size, viewport] of SIZES) {
  test(`a WeChat account of somebody else is said to be taken (${size})`, async () => {
    const first = await visitorOfWeixin(`taken-${size}`, { viewport })
    await first.open('login/login-withoutpwd?type=weixin')
    await first.button('使用微信登录').click()
    await first.at('/userinfo/userinfo')
    await first.leave()
    await server.register(`second-${size}`)
    const who = await visitorOfWeixin(`taken-${size}`, { viewport })
    await signIn(who, `second-${size}`)
    await row(who).click()
    await who.page.locator('.lp-toast').waitFor()
    await row(who).filter({ hasText: '未绑定' }).waitFor()
    await who.leave()
  })
}

for (const [size, viewport] of SIZES) {
  test(`a code that this browser did not ask for is not taken (${size})`, async () => {
    const who = await visitorOfWeixin('stranger', { viewport })
    let calls = 0
    who.page.on('request', (request) => (calls += request.url().endsWith('/client') ? 1 : 0))
    await who.open('login/login-withoutpwd?code=stranger&state=login.guessed')
    await who.button('使用微信登录').waitFor()
    assert.equal(calls, 0)
    await who.leave()
  })
}
