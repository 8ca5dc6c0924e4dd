// What happens around a form: slow and lost networks, jumps of the page, motion, and words while typing.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { SIZES, startServer, stopBrowser, uniId, visitor } from './kit.js'

let server
before(async () => {
  server = await startServer()
  await server.register('patient')
})
after(async () => {
  await stopBrowser()
  await server.stop()
})

for (const [size, viewport] of SIZES) {
  test(`nothing jumps while the page comes (${size})`, async () => {
    const who = await visitor(server, { viewport })
    await who.page.addInitScript(() => {
      window.shifts = []
      new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((entry) => entry.value))).observe({ type: 'layout-shift', buffered: true })
    })
    for (const path of ['login/login-withpwd', 'login/login-smscode', 'register/register', 'retrieve/retrieve']) {
      await who.open(path)
      await who.page.locator('#app .lp h1').waitFor()
      if (path === 'register/register') await who.page.locator('.lp-picture img').waitFor()
      await who.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
      const shifts = await who.page.evaluate(() => window.shifts)
      assert.ok(shifts.reduce((sum, value) => sum + value, 0) < 0.01, `${path}: ${shifts}`)
    }
    await who.leave()
  })
}

for (const [size, viewport] of SIZES) {
  test(`a slow network is said to be slow, and the button says that it is busy (${size})`, async () => {
    const who = await visitor(server, { viewport })
    await who.page.clock.install()
    await who.open('/')
    let answer
    await who.page.route('**/client', (route) => (answer = () => route.continue()))
    await who.page.locator('#lp-account').fill('patient')
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('登录').click()
    await who.page.locator('.lp-button[aria-busy=true]').waitFor()
    assert.equal(await who.page.locator('.lp-toast').count(), 0)
    await who.page.clock.fastForward(4500)
    await who.toast('网络较慢')
    // The focus was not lost meanwhile, and a second press sends nothing.
    await who.page.keyboard.press('Enter')
    await who.page.unroute('**/client')
    answer()
    await who.at('/userinfo/userinfo')
    await who.leave()
  })
}

for (const [size, viewport] of SIZES) {
  test(`a server that never answers is given up, and everything typed is still there (${size})`, async () => {
    const who = await visitor(server, { viewport })
    await who.page.clock.install()
    await who.open('/')
    await who.page.route('**/client', () => {})
    await who.page.locator('#lp-account').fill('patient')
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('登录').click()
    await who.page.locator('.lp-button[aria-busy=true]').waitFor()
    await who.page.clock.fastForward(21_000)
    await who.page.getByRole('alert').filter({ hasText: '超时' }).waitFor()
    assert.equal(await who.page.locator('#lp-password').inputValue(), 'secret-1')
    await who.leave()
  })
}

test('the rule ticks off while typing, as the server will judge', async () => {
  for (const [strength, steps] of [
    ['', [['abc', 0], ['abcdef', 1]]],
    ['weak', [['12345', 1], ['123456', 2], ['12345a', 3]]],
    ['medium', [['abc', 0], ['abcdefgh', 1], ['abcdefg1', 2]]],
    ['strong', [['a', 1], ['a1', 2], ['a1!', 3], ['a1!a1!a1', 4]]],
    ['super', [['a', 1], ['aB', 2], ['aB1', 3], ['aB1!', 4], ['aB1!aB1!', 5]]],
  ]) {
    const strict = await startServer({ 'uni-id/config.json': uniId({ passwordStrength: strength }) })
    // What the page calls too little, the server refuses.
    await strict.call('getImageCaptcha', { scene: 'register' })
    const weaker = await strict.call('registerUser', { username: 'too-weak', password: steps.at(-2)[0], captcha: await strict.code('captcha') })
    assert.match(String(weaker.errCode), /invalid-password|invalid-param/, `${strength} ${JSON.stringify(weaker)}`)
    const who = await visitor(strict)
    await who.open('register/register')
    for (const [typed, met] of steps) {
      await who.page.locator('#lp-password').fill(typed)
      assert.equal(await who.page.locator('.lp-rule.lp-met').count(), met, `${strength} ${typed}`)
    }
    assert.match(await who.page.locator('#lp-password').getAttribute('aria-describedby'), /lp-rules/)
    // What the page calls good, the server takes.
    await who.page.locator('#lp-username').fill(`strong-${strength || 'none'}`)
    await who.captcha()
    await who.button('注册并登录').click()
    await who.at('/userinfo/userinfo')
    await who.leave()
    await strict.stop()
  }
})

test('who wants less motion sees none', async () => {
  const who = await visitor(server)
  await who.open('/')
  const duration = () => who.page.locator('button[type=submit]').evaluate((button) => getComputedStyle(button).transitionDuration)
  assert.equal(await duration(), '0s')
  await who.page.emulateMedia({ reducedMotion: 'no-preference' })
  assert.notEqual(await duration(), '0s')
  await who.leave()
})

for (const [size, viewport] of SIZES) {
  test(`the web view shows what is configured and nothing else (${size})`, async () => {
    const termsUrl = 'https://example.com/terms'
    const agreeing = await startServer({ 'lingpai-pages/config.json': { agreements: { serviceUrl: termsUrl, privacyUrl: '', scope: ['login'] } } })
    const who = await visitor(agreeing, { viewport })
    const shown = (url) => who.open(`common/webview/webview?url=${encodeURIComponent(url)}`)
    await shown(termsUrl)
    assert.equal(await who.page.getByRole('link', { name: termsUrl }).getAttribute('href'), termsUrl)
    await shown('https://evil.example/')
    await who.page.getByText('没有可以显示的网页').waitFor()
    assert.equal(await who.page.locator('.lp-main a').count(), 0)
    await who.leave()
    await agreeing.stop()
  })
}

test('agreements written as files are opened from the page, in its language', async () => {
  const agreeing = await startServer({
    'lingpai-pages/service.md': '# 服务协议\n\n请遵守。\n',
    'lingpai-pages/service.en.md': '# Terms\n\nPlease obey.\n',
    'lingpai-pages/privacy.html': '<h1>隐私</h1><script>document.title = "broken"</script>',
  })
  const who = await visitor(agreeing)
  await who.open('/')
  const opened = who.context.waitForEvent('page')
  await who.page.getByRole('link', { name: '《用户服务协议》' }).click()
  const terms = await opened
  await terms.locator('h1', { hasText: '服务协议' }).waitFor()
  await terms.getByRole('link', { name: 'English' }).click()
  await terms.locator('h1', { hasText: 'Terms' }).waitFor()
  await terms.goto(`${agreeing.url}/agreements/privacy`)
  await terms.locator('h1', { hasText: '隐私' }).waitFor()
  assert.match(await terms.title(), /隐私政策/)
  await who.leave()
  await agreeing.stop()
})
