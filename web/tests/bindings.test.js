// A mobile number and an e-mail address: bound, changed, given up, and what the server says against it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { SIZES, signIn, startServer, stopBrowser, visitor } from './kit.js'

let server
before(async () => {
  server = await startServer()
})
after(async () => {
  await stopBrowser()
  await server.stop()
})

/** The two of them: how they are called, and what two visitors bind. */
const KINDS = [
  { field: 'mobile', label: '手机号', values: { phone: ['13900000001', '13900000002'], desktop: ['13900000003', '13900000004'] } },
  { field: 'email', label: '邮箱', values: { phone: ['one@phone.example', 'two@phone.example'], desktop: ['one@desk.example', 'two@desk.example'] } },
]

/** Fills in the number or address, and its code. Without a mail server the page fills in the test code itself. */
async function prove(who, field, value) {
  await who.page.locator(`#lp-${field}`).fill(value)
  const code = await who.askForCode(field === 'email' ? 'captcha' : 'sms', field === 'email' ? undefined : value)
  if (field === 'mobile') await who.page.locator('#lp-code').fill(code)
  else await who.filled('code', '123456')
}

for (const { field, label, values } of KINDS) {
  for (const [size, viewport] of SIZES) {
    test(`binds, changes and unbinds: ${field} (${size})`, async () => {
      const [first, second] = values[size]
      const name = `${field}-${size}`
      await server.register(name)
      const who = await visitor(server, { viewport })
      await who.page.clock.install()
      const shown = (text) => who.row(label).filter({ hasText: text }).waitFor()
      await signIn(who, name)
      await shown('未绑定')

      await who.row(label).click()
      await prove(who, field, first)
      await who.button('绑定').click()
      await who.at('/userinfo/userinfo')
      await who.toast(`${label}已绑定`)
      await shown(first)

      await who.row(label).click()
      await who.page.locator('.lp-row-still', { hasText: first }).waitFor()
      // Until then no further code is sent.
      await who.page.clock.fastForward(60_000)
      await prove(who, field, second)
      await who.button('更换').click()
      await who.at('/userinfo/userinfo')
      await shown(second)

      // It is one of two ways in: asked once more, then gone, and no longer good for signing in.
      await who.row(label).click()
      await who.row('解绑').click()
      await who.page.locator('dialog[open]').waitFor()
      await who.page.keyboard.press('Escape')
      await who.page.locator('dialog').waitFor({ state: 'detached' })
      await who.row('解绑').click()
      await who.page.locator('dialog .lp-danger').click()
      await who.at('/userinfo/userinfo')
      await who.toast(`已解绑${label}`)
      await shown('未绑定')
      await who.leave()

      const answer = await server.call('login', { [field]: second, password: 'secret-1' })
      assert.equal(answer.errCode, 'uni-id-account-not-exists')
    })
  }

  test(`the only way in cannot be given up, and the dialog says so: ${field}`, async () => {
    const [value] = field === 'mobile' ? ['13900000011'] : ['only@example.com']
    const who = await visitor(server)
    if (field === 'mobile') {
      await who.open('login/login-smscode')
      await prove(who, field, value)
      await who.button('登录').click()
    } else {
      await who.open('register/register-by-email')
      await prove(who, field, value)
      await who.page.locator('#lp-password').fill('secret-1')
      await who.button('注册并登录').click()
    }
    await who.at('/userinfo/userinfo')
    await who.page.locator('.lp-me[aria-busy=false]').waitFor()
    await who.row(label).click()
    await who.row('解绑').click()
    await who.page.locator('dialog .lp-danger').click()
    await who.page.locator('dialog [role=alert]').waitFor()
    await who.button('取消').click()
    await who.page.locator('.lp-row-still', { hasText: value }).waitFor()
    await who.leave()
  })

  test(`what somebody else has is said to be taken, and stays in the field: ${field}`, async () => {
    const value = field === 'mobile' ? '13900000021' : 'taken@example.com'
    const { newToken } = await server.register(`owner-${field}`)
    const bound =
      field === 'mobile'
        ? await server.call('bindMobileBySms', { mobile: value, code: await server.smsCode(value, 'bind-mobile-by-sms', newToken.token) }, newToken.token)
        : await server.call('bindEmailByCode', { email: value, code: await server.emailCode(value, 'bind-email', newToken.token) }, newToken.token)
    assert.equal(bound.errCode, 0, JSON.stringify(bound))
    await server.register(`second-${field}`)
    const who = await visitor(server)
    await signIn(who, `second-${field}`)
    await who.row(label).click()
    await prove(who, field, value)
    await who.button('绑定').click()
    await who.error(field).waitFor()
    assert.equal(await who.page.locator(`#lp-${field}`).inputValue(), value)
    await who.leave()
  })

  test(`three wrong codes bring a captcha as a dialog, and the right one still counts: ${field}`, async () => {
    const value = field === 'mobile' ? '13900000031' : 'careless@example.com'
    await server.register(`careless-${field}`)
    const who = await visitor(server)
    await signIn(who, `careless-${field}`)
    await who.row(label).click()
    await prove(who, field, value)
    const code = await who.page.locator('#lp-code').inputValue()
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await who.page.locator('#lp-code').fill(code === '000000' ? '111111' : '000000')
      await who.button('绑定').click()
      await who.error('code').waitFor()
    }
    await who.page.locator('#lp-code').fill(code)
    await who.button('绑定').click()
    await who.captcha(who.page.locator('dialog[open]'))
    await who.page.keyboard.press('Enter')
    await who.at('/userinfo/userinfo')
    await who.toast(`${label}已绑定`)
    await who.leave()
  })
}
