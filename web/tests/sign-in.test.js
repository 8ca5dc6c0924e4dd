import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { SIZES, signIn, startServer, stopBrowser, uniId, visitor } from './kit.js'

let server
before(async () => {
  server = await startServer()
})
after(async () => {
  await stopBrowser()
  await server.stop()
})

for (const [size, viewport] of SIZES) {
  test(`registers and signs in by keyboard alone (${size})`, async () => {
    const who = await visitor(server, { viewport })
    const { page } = who
    const name = `keys-${size}`
    const tabTo = async (selector) => {
      for (let steps = 0; steps < 30; steps += 1) {
        if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return
        await page.keyboard.press('Tab')
      }
      assert.fail(`${selector} cannot be reached with the Tab key`)
    }
    await who.open('register/register')
    await page.locator('.lp-picture img').waitFor()
    await tabTo('#lp-username')
    await page.keyboard.type(name)
    await tabTo('#lp-nickname')
    await page.keyboard.type('键盘')
    await tabTo('#lp-password')
    await page.keyboard.type('secret-1')
    await tabTo('#lp-captcha')
    await page.keyboard.type(await server.code('captcha'))
    await page.keyboard.press('Enter')
    await who.at('/userinfo/userinfo')
    await page.locator('.lp-me[aria-busy=false]').waitFor()

    await tabTo('.lp-me > .lp-button')
    await page.keyboard.press('Enter')
    await page.locator('dialog[open]').waitFor()
    await tabTo('dialog .lp-primary')
    await page.keyboard.press('Enter')
    await who.atSignIn()

    await page.locator('#lp-account').waitFor()
    await tabTo('#lp-account')
    await page.keyboard.type(name)
    await tabTo('#lp-password')
    await page.keyboard.type('secret-1')
    await page.keyboard.press('Enter')
    await who.at('/userinfo/userinfo')
    await who.leave()
  })

  test(`three wrong passwords bring a captcha, beside the form and nothing lost (${size})`, async () => {
    const name = `wrong-${size}`
    await server.register(name)
    const who = await visitor(server, { viewport })
    const { page } = who
    await who.open('/')
    await who.field('用户名 / 手机号 / 邮箱').fill(name)
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await who.field('密码').fill(`not-it-${attempt}`)
      await who.button('登录').click()
      await who.error('password').waitFor()
      assert.equal(await page.locator('.lp-picture').count(), 0)
    }
    assert.equal(await page.evaluate(() => document.activeElement.id), 'lp-password')
    await who.field('密码').fill('secret-1')
    await who.button('登录').click()
    await page.locator('.lp-picture img').waitFor()
    assert.equal(await page.locator('#lp-account').inputValue(), name)
    assert.equal(await page.locator('#lp-password').inputValue(), 'secret-1')
    assert.equal(await page.evaluate(() => document.activeElement.id), 'lp-captcha')

    await page.locator('#lp-captcha').fill('nope')
    await who.button('登录').click()
    await who.error('captcha').waitFor()
    await who.filled('captcha', '')
    await who.captcha()
    await who.button('登录').click()
    await who.at('/userinfo/userinfo')
    await who.leave()
  })
}

for (const [size, viewport] of SIZES) {
  test(`says beside the field what is missing, without asking the server (${size})`, async () => {
    const who = await visitor(server, { viewport })
    let calls = 0
    who.page.on('request', (request) => (calls += request.url().endsWith('/client') ? 1 : 0))
    await who.open('/')
    await who.button('登录').click()
    assert.equal(await who.error('account').textContent(), '请输入用户名、手机号或邮箱')
    assert.equal(await who.page.locator('#lp-account').getAttribute('aria-invalid'), 'true')
    assert.equal(calls, 0)
    await who.leave()
  })
}

test('shows and hides the password', async () => {
  const who = await visitor(server)
  await who.open('/')
  await who.page.locator('#lp-password').fill('secret-1')
  await who.button('显示密码').click()
  assert.equal(await who.page.locator('#lp-password').getAttribute('type'), 'text')
  await who.button('隐藏密码').click()
  assert.equal(await who.page.locator('#lp-password').getAttribute('type'), 'password')
  await who.leave()
})

/** What each page's fields are, to password managers and to keyboards: field, autocomplete, inputmode. */
const FIELDS = {
  'login/login-withpwd': [['account', 'username', 'email'], ['password', 'current-password', null]],
  'login/login-smscode': [['mobile', 'tel-national', 'tel'], ['code', 'one-time-code', 'numeric']],
  'register/register': [['username', 'username', null], ['nickname', 'nickname', null], ['password', 'new-password', null], ['captcha', 'off', null]],
  'register/register-by-email': [['email', 'email', 'email'], ['code', 'one-time-code', 'numeric'], ['password', 'new-password', null]],
  'register/register-admin': [['username', 'username', null], ['password', 'new-password', null]],
  'retrieve/retrieve': [['mobile', 'tel-national', 'tel'], ['code', 'one-time-code', 'numeric'], ['password', 'new-password', null]],
  'retrieve/retrieve-by-email': [['email', 'email', 'email'], ['code', 'one-time-code', 'numeric'], ['password', 'new-password', null]],
  'userinfo/change_pwd': [['old', 'current-password', null], ['password', 'new-password', null]],
  'userinfo/bind-mobile': [['mobile', 'tel-national', 'tel'], ['code', 'one-time-code', 'numeric']],
  'userinfo/bind-email': [['email', 'email', 'email'], ['code', 'one-time-code', 'numeric']],
}

test('tells password managers and keyboards what each field is', async () => {
  await server.register('filling')
  const who = await visitor(server)
  let signedIn = false
  for (const [path, fields] of Object.entries(FIELDS)) {
    if (path.startsWith('userinfo/') && !signedIn) {
      await signIn(who, 'filling')
      signedIn = true
    }
    await who.open(path)
    for (const [name, ...facts] of fields) {
      const box = who.page.locator(`#app #lp-${name}`)
      assert.deepEqual([await box.getAttribute('autocomplete'), await box.getAttribute('inputmode')], facts, `${path} ${name}`)
      // Every field has a label of its own, by which screen readers call it.
      assert.equal(await who.page.locator(`#app label[for=lp-${name}]`).count(), 1, `${path} ${name}`)
    }
  }
  await who.leave()
})

for (const [size, viewport] of SIZES) {
  test(`a page that needs a user leads to the sign-in page and back (${size})`, async () => {
    await server.register(`returning-${size}`)
    const who = await visitor(server, { viewport })
    await who.open('userinfo/deactivate')
    await who.atSignIn()
    await who.page.locator('#lp-account').fill(`returning-${size}`)
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('登录').click()
    await who.at('/userinfo/deactivate')
    await who.leave()
  })
}

test('never redirects out of the project', async () => {
  await server.register('careful')
  for (const target of ['//evil.example/x', 'https://evil.example', '/\\evil.example']) {
    const who = await visitor(server)
    await who.open(`login/login-withpwd?uniIdRedirectUrl=${encodeURIComponent(target)}`)
    await who.page.locator('#lp-account').fill('careful')
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('登录').click()
    await who.at('/userinfo/userinfo')
    await who.leave()
  }
})

test('keeps the session over a reload, and a revoked one leads to sign-in', async () => {
  await server.register('staying')
  const who = await visitor(server)
  await signIn(who, 'staying')
  await who.page.reload()
  await who.page.locator('.lp-me[aria-busy=false]').waitFor()
  const token = await who.page.evaluate(() => localStorage.getItem('uni_id_token'))
  assert.equal((await server.call('logout', {}, token)).errCode, 0)
  await who.page.reload()
  await who.atSignIn()
  await who.leave()
})

for (const [size, viewport] of SIZES) {
  test(`the first administrator is offered until there is one (${size})`, async () => {
    const fresh = await startServer()
    const who = await visitor(fresh, { viewport })
    await who.open('/')
    await who.button('创建首个管理员').click()
    await who.page.locator('#lp-username').fill('boss')
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('创建管理员账号').click()
    await who.at('/userinfo/userinfo')
    await who.leave()
    const next = await visitor(fresh, { viewport })
    await next.open('/')
    assert.equal(await next.button('创建首个管理员').count(), 0)
    await next.leave()
    await fresh.stop()
  })
}

for (const [size, viewport] of SIZES) {
  test(`in production the first administrator takes the set-up token (${size})`, async () => {
    const token = 'the token that the operator was given'
    const strict = await startServer(
      { 'uni-id/config.json': uniId({ tokenSecret: 'a'.repeat(32), passwordSecret: [{ type: 'hmac-sha256', version: 1, value: 'b'.repeat(32) }] }) },
      { LINGPAI_SECURITY_MASTER_KEY: 'c'.repeat(64), LINGPAI_SECURITY_SETUP_TOKEN: token },
      { mode: 'production' },
    )
    const who = await visitor(strict, { viewport })
    await who.open('/')
    await who.button('创建首个管理员').click()
    await who.page.locator('#lp-username').fill('boss')
    await who.page.locator('#lp-password').fill('secret-1')
    for (const wrong of ['', 'guessed']) {
      await who.page.locator('#lp-setupToken').fill(wrong)
      await Promise.all([who.page.waitForResponse('**/client'), who.button('创建管理员账号').click()])
      await who.error('setupToken').waitFor()
      // Nothing that was typed is lost.
      assert.equal(await who.page.locator('#lp-password').inputValue(), 'secret-1')
    }
    await who.page.locator('#lp-setupToken').fill(token)
    await who.button('创建管理员账号').click()
    await who.at('/userinfo/userinfo')
    await who.leave()
    await strict.stop()
  })
}

for (const [size, viewport] of SIZES) {
  test(`without a network it says so and keeps what was typed (${size})`, async () => {
    const who = await visitor(server, { viewport })
    await who.open('/')
    await who.page.locator('#lp-account').fill('somebody')
    await who.page.locator('#lp-password').fill('secret-1')
    await who.context.setOffline(true)
    await who.page.locator('.lp-offline-text').waitFor()
    await who.button('登录').click()
    await who.page.getByRole('alert').waitFor()
    assert.equal(await who.page.locator('#lp-account').inputValue(), 'somebody')
    await who.context.setOffline(false)
    await who.page.locator('.lp-offline-text').waitFor({ state: 'detached' })
    // The browser itself notes the failed request.
    who.faults.splice(0)
    await who.leave()
  })
}
