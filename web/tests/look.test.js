// How every page looks: accessible, inside its width, in each language, theme and size. The pictures
// are kept in `screenshots/` for people to look at; `npm run screenshots` takes all of them, in all kinds.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { DESKTOP, PHONE, SIZES, startServer, stopBrowser, visitor } from './kit.js'
import { enter, INSIDE, NEWCOMER, OUTSIDE, sceneServer, show } from './scenes.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const pictures = new URL('./screenshots/', import.meta.url).pathname
const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

let server
before(async () => {
  mkdirSync(pictures, { recursive: true })
  server = await sceneServer()
})
after(async () => {
  await stopBrowser()
  await server.stop()
})

/** Checks what is shown now, and takes its picture. */
async function look(who, name) {
  await who.page.evaluate(() => document.fonts.ready)
  await who.page.screenshot({ path: `${pictures}${name}.png`, fullPage: true })
  const wide = await who.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  assert.equal(wide, 0, `${name} is wider than the window`)
  // axe is put into the page, which the page's own policy rightly forbids to scripts of the page.
  await who.page.evaluate(axe)
  const { violations } = await who.page.evaluate((tags) => window.axe.run(document, { runOnly: tags }), STANDARDS)
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`)
  assert.deepEqual(found, [], name)
}

// Every state at both sizes, and on phones in both themes; each page once more in the dark on a desktop.
const CONDITIONS = [
  { size: 'phone', viewport: PHONE, colorScheme: 'light', locale: 'zh-CN' },
  { size: 'phone', viewport: PHONE, colorScheme: 'dark', locale: 'en-US' },
  { size: 'desktop', viewport: DESKTOP, colorScheme: 'light', locale: 'en-US' },
  { size: 'desktop', viewport: DESKTOP, colorScheme: 'dark', locale: 'zh-TW', pagesOnly: true },
]

for (const { size, pagesOnly, ...how } of CONDITIONS) {
  const kind = `${size}-${how.colorScheme}-${how.locale}`
  for (const [username, scenes] of [['', OUTSIDE], ['looking', INSIDE], ['plain', NEWCOMER]]) {
    test(`every page looks right: ${kind} ${username}`, async () => {
      const who = await visitor(server, how)
      if (username) await enter(who, username)
      const seen = new Set()
      for (const scene of scenes) {
        const page = scene.path ?? scene.name
        if (pagesOnly && seen.has(page)) continue
        seen.add(page)
        await show(scene, who, server, (name) => look(who, `${kind}-${name}`))
      }
      await who.leave()
    })
  }
}

test('speaks the language of the system, and another when asked to', async () => {
  for (const [locale, words, tag] of [
    ['zh-CN', '登录', 'zh-Hans'],
    ['zh-HK', '登入', 'zh-Hant'],
    ['en-GB', 'Sign in', 'en'],
    ['fr-FR', 'Sign in', 'en'],
  ]) {
    const who = await visitor(server, { locale })
    await who.open('/')
    await who.button(words).waitFor()
    assert.equal(await who.page.locator('html').getAttribute('lang'), tag)
    await who.leave()
  }
  const who = await visitor(server)
  await who.open('/')
  await who.page.locator('#lp-account').fill('kept')
  await who.page.locator('.lp-select').selectOption('en')
  await who.button('Sign in').waitFor()
  assert.equal(await who.page.locator('#lp-account').inputValue(), 'kept')
  await who.page.reload()
  await who.button('Sign in').waitFor()
  // The server answers in it too.
  await who.page.locator('#lp-account').fill('nobody-here')
  await who.page.locator('#lp-password').fill('secret-1')
  await who.page.locator('#lp-consent').check()
  await who.button('Sign in').click()
  assert.match(await who.error('account').textContent(), /^[\x20-\x7e]+$/)
  await who.leave()
})

for (const [size, viewport] of SIZES) {
  test(`an error moves nothing on the page (${size})`, async () => {
    const who = await visitor(server, { viewport })
    const submit = who.page.locator('button[type=submit]')
    const moved = async (path, prepare, shown) => {
      await who.open(path)
      await who.page.locator('#lp-consent').check()
      await prepare()
      const before = await submit.boundingBox()
      await submit.click()
      await shown().waitFor()
      assert.deepEqual(await submit.boundingBox(), before, path)
    }
    await moved('/', async () => {}, () => who.error('account'))
    // A password against the rule, and a failure that belongs to no field.
    await moved(
      'register/register',
      async () => {
        await who.page.locator('.lp-picture img').waitFor()
        await who.page.locator('#lp-username').fill('moving')
        await who.page.locator('#lp-password').fill('abc')
      },
      () => who.page.locator('.lp-broken .lp-rule').first(),
    )
    await moved(
      '/',
      async () => {
        await who.page.route('**/client', (route) => route.abort())
        await who.page.locator('#lp-account').fill('moving')
        await who.page.locator('#lp-password').fill('secret-1')
      },
      () => who.page.getByRole('alert').filter({ hasText: '无法连接服务器' }),
    )
    await who.page.unroute('**/client')
    // The browser itself notes the failed request.
    who.faults.splice(0)
    await who.leave()
  })
}

test('name, logo, colours and style sheet come from the configuration', async () => {
  const branded = await startServer({
    'lingpai-pages/config.json': '{ /* ours */ "brand": { "name": "Acme <i>", "logo": "logo.svg", "color": "#5b21b6", "colorDark": "#c4b5fd" } }',
    'lingpai-pages/logo.svg': '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 20"><rect width="60" height="20" fill="#5b21b6"/></svg>',
    'lingpai-pages/custom.css': '.lp-title { font-style: italic }',
  })
  const who = await visitor(branded)
  await who.open('/')
  await who.page.locator('.lp-brand-name', { hasText: 'Acme <i>' }).waitFor()
  assert.match(await who.page.title(), /Acme <i>$/)
  const style = (selector, name) => who.page.locator(selector).first().evaluate((element, key) => getComputedStyle(element)[key], name)
  assert.equal(await style('button[type=submit]', 'backgroundColor'), 'rgb(91, 33, 182)')
  assert.equal(await style('.lp-title', 'fontStyle'), 'italic')
  assert.ok(await who.page.locator('.lp-logo').evaluate((image) => image.complete && image.naturalWidth > 0))
  await who.page.emulateMedia({ colorScheme: 'dark' })
  assert.equal(await style('button[type=submit]', 'backgroundColor'), 'rgb(196, 181, 253)')
  // Another name and a link, at once: neither a rebuild nor a restart.
  writeFileSync(`${branded.center}/lingpai-pages/config.json`, JSON.stringify({ brand: { name: 'Bolder', links: [{ text: 'Help', url: 'https://example.com/help' }] } }))
  await who.page.reload()
  await who.page.locator('.lp-brand-name', { hasText: 'Bolder' }).waitFor()
  assert.equal(await who.page.getByRole('link', { name: 'Help' }).getAttribute('href'), 'https://example.com/help')
  await who.leave()
  await branded.stop()
})
