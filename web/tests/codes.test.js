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

for (const [size, viewport] of SIZES) {
  test(`signs in by SMS; a new number gets an account (${size})`, async () => {
    const who = await visitor(server, { viewport })
    const mobile = size === 'phone' ? '13800000001' : '13800000002'
    await who.open('/')
    await who.button('短信登录').click()
    await who.page.locator('#lp-mobile').fill(mobile)
    const code = await who.askForCode('sms', mobile)
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
    await server.registerMobile(mobile)
    const who = await visitor(server, { viewport })
    await who.open('/')
    await who.button('忘记密码？').click()
    await who.page.locator('#lp-mobile').fill(mobile)
    await who.page.locator('#lp-code').fill(await who.askForCode('sms', mobile))
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

for (const [size, viewport] of SIZES) {
  test(`the countdown survives a reload, and goes on from where it was (${size})`, async () => {
    const mobile = size === 'phone' ? '13800000021' : '13800000025'
    const who = await visitor(server, { viewport })
    const counting = who.page.locator('.lp-send[disabled]', { hasText: '秒后重发' })
    const left = async () => Number.parseInt(await counting.textContent(), 10)
    await who.page.clock.install()
    await who.open('login/login-smscode')
    await who.page.locator('#lp-mobile').fill(mobile)
    await who.askForCode('sms', mobile)
    const first = await left()
    assert.ok(first > 50 && first <= 60, String(first))
    await who.page.clock.fastForward(20_000)
    await who.page.reload()
    const later = await left()
    assert.ok(later > first - 30 && later <= first - 20, `${first} ${later}`)
    await who.page.clock.fastForward(60_000)
    await who.button('获取验证码').waitFor()
    await who.leave()
  })

  test(`of a message that is pasted whole the code alone is taken (${size})`, async () => {
    const who = await visitor(server, { viewport })
    const paste = (text) =>
      who.page.locator('#lp-code').evaluate((box, pasted) => {
        const clipboardData = new DataTransfer()
        clipboardData.setData('text', pasted)
        box.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
      }, text)
    await who.open('login/login-smscode')
    for (const [message, code] of [
      ['【令牌】您的验证码为 482913，5 分钟内有效，请勿告知他人。', '482913'],
      ['Your code is 555-120. It is good for 5 minutes.', '555120'],
      ['[Lingpai] 13800000000: 004217', '004217'],
    ]) {
      await who.page.locator('#lp-code').fill('')
      await paste(message)
      assert.equal(await who.page.locator('#lp-code').inputValue(), code)
    }
    await who.leave()
  })
}

for (const [size, viewport] of SIZES) {
  test(`a wrong captcha keeps the dialog open with another picture (${size})`, async () => {
    const who = await visitor(server, { viewport })
    await who.open('login/login-smscode')
    await who.page.locator('#lp-mobile').fill(size === 'phone' ? '13800000022' : '13800000024')
    await who.button('获取验证码').click()
    const picture = who.page.locator('dialog .lp-picture img')
    const first = await picture.getAttribute('src')
    await who.page.locator('dialog #lp-captcha').fill('nope')
    await who.page.keyboard.press('Enter')
    await who.page.locator('dialog .lp-error').waitFor()
    await who.until((old) => document.querySelector('dialog .lp-picture img')?.getAttribute('src') !== old, first)
    await who.page.keyboard.press('Escape')
    await who.page.locator('dialog').waitFor({ state: 'detached' })
    await who.leave()
  })
}

for (const [size, viewport] of SIZES) {
  test(`a wrong number is said beside it before any captcha (${size})`, async () => {
    const who = await visitor(server, { viewport })
    await who.open('login/login-smscode')
    await who.page.locator('#lp-mobile').fill('12')
    await who.button('获取验证码').click()
    assert.equal(await who.error('mobile').textContent(), '请输入 11 位手机号')
    assert.equal(await who.page.locator('dialog').count(), 0)
    await who.leave()
  })
}

for (const [size, viewport] of SIZES) {
  test(`three wrong codes bring a captcha as a dialog, and the call is sent again (${size})`, async () => {
    const mobile = size === 'phone' ? '13800000023' : '13800000025'
    const who = await visitor(server, { viewport })
    await who.open('login/login-smscode')
    await who.page.locator('#lp-mobile').fill(mobile)
    const code = await who.askForCode('sms', mobile)
    const wrong = code === '000000' ? '111111' : '000000'
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await who.page.locator('#lp-code').fill(wrong)
      // The words of the attempt before may still be there: what counts is the answer.
      await Promise.all([who.page.waitForResponse('**/client'), who.button('登录').click()])
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
}

for (const [size, viewport] of SIZES) {
  test(`registers by e-mail, signs in with the address, and resets the password by e-mail (${size})`, async () => {
    const email = `${size}@example.com`
    const who = await visitor(server, { viewport })
    await who.open('register/register')
    await who.button('邮箱注册').click()
    await who.page.locator('#lp-email').fill(email)
    // Without a mail server development mode takes the test code and the page fills it in.
    await who.askForCode('captcha')
    await who.toast('123456')
    assert.equal(await who.page.locator('#lp-code').inputValue(), '123456')
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('注册并登录').click()
    await who.at('/userinfo/userinfo')
    await who.leave()

    const other = await visitor(server, { viewport })
    await other.open('retrieve/retrieve')
    await other.button('邮箱找回').click()
    await other.page.locator('#lp-email').fill(email)
    await other.askForCode('captcha')
    await other.page.locator('#lp-password').fill('another-2')
    await other.button('重置密码').click()
    await other.atSignIn()
    await signIn(other, email, 'another-2')
    await other.leave()
  })
}

/** A server that asks for a password after signing in, and a visitor who just signed in there by SMS. */
async function withoutPassword(setPasswordAfterLogin, mobile, how) {
  const asking = await startServer({ 'lingpai-pages/config.json': { setPasswordAfterLogin } })
  const code = await asking.smsCode(mobile, 'login-by-sms')
  const who = await visitor(asking, how)
  await who.open('login/login-smscode')
  await who.page.locator('#lp-mobile').fill(mobile)
  await who.page.locator('#lp-code').fill(code)
  await who.button('登录').click()
  await who.at('/userinfo/set-pwd')
  return { who, asking }
}

for (const [size, viewport] of SIZES) {
  test(`who has no password is asked for one after signing in, and sets it (${size})`, async () => {
    const mobile = '13800000032'
    const { who, asking } = await withoutPassword(true, mobile, { viewport })
    assert.equal(await who.button('暂不设置').count(), 0)
    await who.filled('mobile', mobile)
    await who.page.locator('#lp-code').fill(await who.askForCode('sms', mobile))
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('设置密码').click()
    await who.toast('密码已设置')
    await who.at('/userinfo/userinfo')
    await who.leave()
    const again = await visitor(asking, { viewport })
    await signIn(again, mobile)
    await again.leave()
    await asking.stop()
  })

  test(`a password may be left for later where that is allowed, and is set in the account centre (${size})`, async () => {
    const mobile = '13800000031'
    const { who, asking } = await withoutPassword({ allowSkip: true }, mobile, { viewport })
    await who.button('暂不设置').click()
    await who.at('/userinfo/userinfo')
    await who.page.locator('.lp-me[aria-busy=false]').waitFor()
    await who.row('设置密码').click()
    await who.at('/userinfo/set-pwd')
    await who.page.locator('#lp-code').fill(await who.askForCode('sms', mobile))
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('设置密码').click()
    await who.at('/userinfo/userinfo')
    await who.row('修改密码').waitFor()
    await who.leave()
    await asking.stop()
  })
}
