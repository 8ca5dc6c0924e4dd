import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESKTOP, PHONE, signIn, startServer, stopBrowser, uniId, visitor } from './kit.js'

let server
before(async () => {
  server = await startServer()
})
after(async () => {
  await stopBrowser()
  await server.stop()
})

/** Asks for a code: the captcha comes as a dialog. */
async function askForCode(who, kind, to) {
  await who.button('获取验证码').click()
  const dialog = who.page.locator('dialog[open]')
  await who.captcha(dialog)
  await who.page.keyboard.press('Enter')
  await dialog.waitFor({ state: 'detached' })
  return server.code(kind, to)
}

for (const [size, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
  test(`signs in by SMS; a new number gets an account (${size})`, async () => {
    const who = await visitor(server, { viewport })
    const mobile = size === 'phone' ? '13800000001' : '13800000002'
    await who.open('/')
    await who.button('短信登录').click()
    await who.page.locator('#lp-mobile').fill(mobile)
    const code = await askForCode(who, 'sms', mobile)
    assert.equal(await who.page.evaluate(() => document.activeElement.id), 'lp-code')
    // As messages are pasted: with blanks.
    await who.page.locator('#lp-code').fill(` ${code.slice(0, 3)} ${code.slice(3)} `)
    await who.button('登录').click()
    await who.at('/userinfo/userinfo')
    await who.toast('注册成功')
    await who.leave()
  })

  test(`resets a password by SMS (${size})`, async () => {
    const mobile = size === 'phone' ? '13800000011' : '13800000012'
    await signedInBySms(mobile)
    const who = await visitor(server, { viewport })
    await who.open('/')
    await who.button('忘记密码？').click()
    await who.page.locator('#lp-mobile').fill(mobile)
    await who.page.locator('#lp-code').fill(await askForCode(who, 'sms', mobile))
    await who.page.locator('#lp-password').fill('short')
    await who.button('重置密码').click()
    assert.equal(await who.error('password').textContent(), '密码不符合下列要求')
    await who.page.locator('#lp-password').fill('another-2')
    await who.button('重置密码').click()
    await who.toast('密码已重置')
    await who.leave()
    const again = await visitor(server)
    await signIn(again, mobile, 'another-2')
    await again.leave()
  })
}

/** An account with a number, made without the browser. */
async function signedInBySms(mobile) {
  await server.call('getImageCaptcha', { scene: 'send-sms-code' })
  const sent = await server.call('sendSmsCode', { mobile, scene: 'login-by-sms', captcha: await server.code('captcha') })
  assert.equal(sent.errCode, 0, JSON.stringify(sent))
  const answer = await server.call('loginBySms', { mobile, code: await server.code('sms', mobile) })
  assert.equal(answer.errCode, 0, JSON.stringify(answer))
  return answer
}

test('the countdown survives a reload', async () => {
  const who = await visitor(server)
  await who.open('login/login-smscode')
  await who.page.locator('#lp-mobile').fill('13800000021')
  await askForCode(who, 'sms', '13800000021')
  await who.page.locator('.lp-send[disabled]', { hasText: '秒后重发' }).waitFor()
  await who.page.reload()
  await who.page.locator('.lp-send[disabled]', { hasText: '秒后重发' }).waitFor()
  await who.leave()
})

test('a wrong captcha keeps the dialog open with another picture', async () => {
  const who = await visitor(server)
  await who.open('login/login-smscode')
  await who.page.locator('#lp-mobile').fill('13800000022')
  await who.button('获取验证码').click()
  const picture = who.page.locator('dialog .lp-picture img')
  const first = await picture.getAttribute('src')
  await who.page.locator('dialog #lp-captcha').fill('nope')
  await who.page.keyboard.press('Enter')
  await who.page.locator('dialog .lp-error').waitFor()
  await who.page.waitForFunction((old) => document.querySelector('dialog .lp-picture img')?.getAttribute('src') !== old, first)
  await who.page.keyboard.press('Escape')
  await who.page.locator('dialog').waitFor({ state: 'detached' })
  await who.leave()
})

test('a wrong number is said beside it before any captcha', async () => {
  const who = await visitor(server)
  await who.open('login/login-smscode')
  await who.page.locator('#lp-mobile').fill('12')
  await who.button('获取验证码').click()
  assert.equal(await who.error('mobile').textContent(), '请输入 11 位手机号')
  assert.equal(await who.page.locator('dialog').count(), 0)
  await who.leave()
})

test('three wrong codes bring a captcha as a dialog, and the call is sent again', async () => {
  const mobile = '13800000023'
  const who = await visitor(server)
  await who.open('login/login-smscode')
  await who.page.locator('#lp-mobile').fill(mobile)
  const code = await askForCode(who, 'sms', mobile)
  const wrong = code === '000000' ? '111111' : '000000'
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await who.page.locator('#lp-code').fill(wrong)
    await who.button('登录').click()
    await who.error('code').waitFor()
  }
  await who.page.locator('#lp-code').fill(code)
  await who.button('登录').click()
  const dialog = who.page.locator('dialog[open]')
  await who.captcha(dialog)
  await who.page.keyboard.press('Enter')
  await who.at('/userinfo/userinfo')
  await who.leave()
})

test('registers by e-mail, and resets the password by e-mail', async () => {
  const email = 'someone@example.com'
  const who = await visitor(server)
  await who.open('register/register')
  await who.button('邮箱注册').click()
  await who.page.locator('#lp-email').fill(email)
  // Without a mail server development mode takes the test code and the page fills it in.
  await askForCode(who, 'captcha')
  await who.toast('123456')
  assert.equal(await who.page.locator('#lp-code').inputValue(), '123456')
  await who.page.locator('#lp-password').fill('secret-1')
  await who.button('注册并登录').click()
  await who.at('/userinfo/userinfo')
  await who.leave()

  const other = await visitor(server)
  await other.open('retrieve/retrieve')
  await other.button('邮箱找回').click()
  await other.page.locator('#lp-email').fill(email)
  await askForCode(other, 'captcha')
  await other.page.locator('#lp-password').fill('another-2')
  await other.button('重置密码').click()
  await other.atSignIn()
  await signIn(other, email, 'another-2')
  await other.leave()
})

test('who has no password is asked for one after signing in, and may skip where that is allowed', async () => {
  const strict = await startServer({
    'uni-id/config.json': uniId(),
    'lingpai-pages/config.json': { setPasswordAfterLogin: { allowSkip: true } },
  })
  const who = await visitor(strict)
  await who.open('login/login-smscode')
  await who.page.locator('#lp-mobile').fill('13800000031')
  await who.button('获取验证码').click()
  const dialog = who.page.locator('dialog[open]')
  await dialog.locator('.lp-picture img').waitFor()
  await dialog.locator('#lp-captcha').fill(await strict.code('captcha'))
  await who.page.keyboard.press('Enter')
  await dialog.waitFor({ state: 'detached' })
  await who.page.locator('#lp-code').fill(await strict.code('sms'))
  await who.button('登录').click()
  await who.at('/userinfo/set-pwd')
  await who.button('暂不设置').click()
  await who.at('/userinfo/userinfo')
  await who.leave()
  await strict.stop()
})
