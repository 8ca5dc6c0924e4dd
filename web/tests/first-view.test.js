// The first view, which the server writes: there before any script, in the page's own place, and nothing that was
// done in it is lost.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PAGES, SIZES, startServer, stopBrowser, visitor } from './kit.js'

let server
before(async () => {
  server = await startServer({
    'lingpai-pages/config.json': {
      agreements: { serviceUrl: 'https://example.com/terms', privacyUrl: 'https://example.com/privacy', scope: ['login'] },
    },
  })
  await server.register('early')
})
after(async () => {
  await stopBrowser()
  await server.stop()
})

/** Opens an address and holds the scripts back until they are let through; the early one may pass. */
async function withoutScripts(who, path = '/', { early = false } = {}) {
  let letThrough
  const held = new Promise((resolve) => (letThrough = resolve))
  await who.page.route('**/*.js', async (route) => {
    if (!early || !/\/early\./.test(route.request().url())) await held
    await route.continue()
  })
  await who.page.goto(path, { waitUntil: 'commit' })
  await who.page.locator('#lingpai-shell > .lp').waitFor()
  return async () => {
    letThrough()
    await who.page.locator('#lingpai-shell').waitFor({ state: 'detached' })
  }
}

for (const [size, viewport] of SIZES) {
  for (const locale of ['zh-CN', 'zh-TW', 'en-US']) {
    test(`the page takes exactly the first view's place (${size}, ${locale})`, async () => {
      const who = await visitor(server, { viewport, locale })
      const { page } = who
      const looks = () =>
        page.evaluate(() => {
          const shown = [...document.querySelectorAll('.lp-mark, .lp-brand-name, .lp-title, .lp-tab, .lp-label, .lp-box, .lp-eye, .lp-beside .lp-link, .lp-check, label[for=lp-consent], .lp-agreements .lp-link, .lp-button')]
          const facts = shown.map((element) => {
            const { x, y, width, height } = element.getBoundingClientRect()
            const { color, backgroundColor, fontSize, fontWeight } = getComputedStyle(element)
            const name = [...element.classList].filter((each) => each !== 'lp-waiting').join('.') || element.htmlFor
            const text = element.textContent.trim()
            return JSON.stringify([name, text, [x, y, width, height].map(Math.round), color, backgroundColor, ...(text ? [fontSize, fontWeight] : [])])
          })
          return { facts: facts.slice(0, facts.findIndex((fact) => fact.includes('lp-primary')) + 1), language: document.documentElement.lang }
        })
      const letThrough = await withoutScripts(who)
      await page.locator('link[rel=stylesheet]').last().waitFor({ state: 'attached' })
      await who.until(() => document.styleSheets.length >= document.querySelectorAll('link[rel=stylesheet]').length)
      const first = await looks()
      assert.equal(first.facts.length, 16)
      await letThrough()
      assert.deepEqual(await looks(), first)
      await who.leave()
    })
  }
}

test('what was typed, agreed to and marked before the scripts came is kept', async () => {
  const who = await visitor(server)
  const { page } = who
  const letThrough = await withoutScripts(who)
  await page.locator('#lp-password').fill('secret-1')
  await page.locator('#lp-consent').check()
  await page.locator('#lp-account').pressSequentially('earky')
  await page.keyboard.press('ArrowLeft')
  // Enter must not send a form that no script watches over.
  await page.keyboard.press('Enter')
  await letThrough()
  assert.equal(await page.evaluate(() => document.activeElement.id), 'lp-account')
  await page.keyboard.press('Backspace')
  await page.keyboard.type('l')
  assert.equal(await page.locator('#lp-account').inputValue(), 'early')
  assert.equal(await page.locator('#lp-password').inputValue(), 'secret-1')
  assert.equal(await page.locator('#lp-consent').isChecked(), true)
  await page.keyboard.press('Enter')
  await who.at('/userinfo/userinfo')
  await who.leave()
})

test('a press of the button before the scripts came counts', async () => {
  const who = await visitor(server)
  const letThrough = await withoutScripts(who)
  await who.page.locator('#lp-account').fill('early')
  await who.page.locator('#lp-password').fill('secret-1')
  await who.page.locator('#lp-consent').check()
  await who.page.locator('.lp-early summary').click()
  await letThrough()
  await who.at('/userinfo/userinfo')
  await who.leave()
})

/** What was sent to the server by a visitor, and how to wait for the answer. */
function calls({ page }) {
  const sent = []
  page.on('request', (request) => request.url().endsWith('/client') && sent.push(request))
  return { sent, answered: () => page.waitForResponse('**/client') }
}

for (const [size, viewport] of SIZES) {
  test(`the early script alone makes the button work (${size})`, async () => {
    const who = await visitor(server, { viewport })
    const { sent, answered } = calls(who)
    const letThrough = await withoutScripts(who, '/', { early: true })
    await who.page.locator('#lp-account').fill('early')
    await who.page.locator('#lp-password').fill('secret-1')
    await who.page.locator('#lp-consent').check()
    const answer = answered()
    await who.page.locator('.lp-early summary').click()
    await answer
    assert.equal(await who.page.locator('#lingpai-shell .lp-spinner').isVisible(), true)
    await letThrough()
    await who.at('/userinfo/userinfo')
    await who.toast('登录成功')
    // It was sent once.
    assert.equal(sent.filter((request) => request.postData().includes('\\"method\\":\\"login\\"')).length, 1)
    await who.leave()
  })
}

test('Enter signs in early, and what was wrong is said by the page', async () => {
  const who = await visitor(server)
  const { answered } = calls(who)
  const letThrough = await withoutScripts(who, '/', { early: true })
  await who.page.locator('#lp-account').fill('early')
  await who.page.locator('#lp-consent').check()
  await who.page.locator('#lp-password').fill('not-it-1')
  const answer = answered()
  await who.page.locator('#lp-password').press('Enter')
  await answer
  await letThrough()
  await who.error('password').waitFor()
  assert.equal(await who.page.locator('#lp-account').inputValue(), 'early')
  assert.equal(await who.page.locator('#lp-password').inputValue(), 'not-it-1')
  await who.page.locator('#lp-password').fill('secret-1')
  await who.button('登录').click()
  await who.at('/userinfo/userinfo')
  await who.leave()
})

test('nothing is sent early while something is missing, and the page says what', async () => {
  for (const [account, password, agreed, shown] of [
    ['', 'secret-1', true, '#lp-account-about.lp-error'],
    ['early', '', true, '#lp-password-about.lp-error'],
    ['no such name', 'secret-1', true, '#lp-account-about.lp-error'],
    ['early', 'secret-1', false, 'dialog[open]'],
  ]) {
    const who = await visitor(server)
    const { sent } = calls(who)
    const letThrough = await withoutScripts(who, '/', { early: true })
    await who.page.locator('#lp-account').fill(account)
    await who.page.locator('#lp-password').fill(password)
    await who.page.locator('#lp-consent').setChecked(agreed)
    await who.page.locator('.lp-early summary').click()
    // A second press takes nothing back.
    await who.page.locator('.lp-early summary').click({ force: true })
    await letThrough()
    await who.page.locator(shown).waitFor()
    assert.equal(sent.length, 0)
    await who.leave()
  }
})

test('links of the first view lead where they say, also without scripts', async () => {
  const who = await visitor(server)
  const target = encodeURIComponent('/uni_modules/lingpai-pages/pages/userinfo/sessions')
  const letThrough = await withoutScripts(who, `/?uniIdRedirectUrl=${target}`)
  const href = (name) => who.page.getByRole('link', { name, exact: true }).getAttribute('href')
  assert.equal(await href('短信登录'), `${PAGES}login/login-smscode?uniIdRedirectUrl=${target}`)
  assert.equal(await href('忘记密码？'), `${PAGES}retrieve/retrieve`)
  assert.equal(await href('《隐私政策》'), 'https://example.com/privacy')
  await who.page.getByRole('link', { name: '短信登录' }).click()
  // The page cannot be complete while its scripts are held back.
  await who.page.waitForURL('**/login/login-smscode?*', { waitUntil: 'commit' })
  await letThrough()
  await who.page.locator('#app #lp-mobile').waitFor()
  await who.leave()
})

test('a language that was chosen is spoken from the first view on', async () => {
  const who = await visitor(server)
  const letThrough = await withoutScripts(who)
  await who.page.locator('.lp-select').selectOption('en')
  await letThrough()
  await who.button('Sign in').waitFor()
  const html = await (await who.context.request.get('/')).text()
  assert.match(html, /<html lang="en">/)
  assert.match(html, />Welcome back</)
  await who.leave()
})

test('no form flashes by for whoever is signed in, nor on other pages', async () => {
  const who = await visitor(server)
  const view = async (path) => /<div id="lingpai-shell"[^]*<div id="app">/.exec(await (await who.context.request.get(path)).text())[0]
  assert.match(await view('/'), /id="lp-account"/)
  assert.doesNotMatch(await view(`${PAGES}register/register`), /<input/)
  assert.match(await view(`${PAGES}register/register`), /lp-back/)
  await who.open('/')
  await who.page.locator('#lp-consent').check()
  await who.page.locator('#lp-account').fill('early')
  await who.page.locator('#lp-password').fill('secret-1')
  await who.button('登录').click()
  await who.at('/userinfo/userinfo')
  assert.doesNotMatch(await view('/'), /<input/)
  await who.page.locator('.lp-me[aria-busy=false]').waitFor()
  await who.button('退出登录').click()
  await who.page.locator('dialog .lp-primary').click()
  await who.atSignIn()
  assert.match(await view('/'), /id="lp-account"/)
  await who.leave()
})
