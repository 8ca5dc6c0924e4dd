// Passkeys with the browser's own virtual authenticator: added, signed in with, renamed and removed; and nothing of
// them where the server has none.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { freePort } from '../../sdk/testing/free-port.mjs'
import { SIZES, signIn, startServer, stopBrowser, visitor } from './kit.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const pictures = new URL('./screenshots/', import.meta.url).pathname

let server
before(async () => {
  mkdirSync(pictures, { recursive: true })
  // The origin has the port in it, and must be known before the program starts.
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const settings = { ENABLED: 'true', RP_ID: 'localhost', RP_NAME: 'Tests', ORIGINS: origin }
  const environment = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`LINGPAI_PASSKEYS_${name}`, value]))
  server = await startServer({}, environment, { listen: `127.0.0.1:${port}` })
  server.url = origin
})
after(async () => {
  await stopBrowser()
  await server.stop()
})

/** Gives a visitor's browser a phone-like authenticator. */
async function authenticator({ page, context }) {
  const devtools = await context.newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    // The page offers passkeys in the background, too: nobody takes one there until the test says so.
    automaticPresenceSimulation: false,
  }
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options })
  const touch = (enabled) => devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })
  const count = async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length
  return { touch, count }
}

/** Checks what is shown now, and takes its picture. */
async function look({ page }, name) {
  await page.screenshot({ path: `${pictures}passkeys-${name}.png`, fullPage: true })
  await page.evaluate(axe)
  const { violations } = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags }), STANDARDS)
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 120)}`), [], name)
}

for (const [size, viewport] of SIZES) {
  test(`a passkey is added, renamed, signed in with, and removed (${size})`, async () => {
    const name = `holder-${size}`
    await server.register(name)
    const who = await visitor(server, { viewport })
    const device = await authenticator(who)
    await signIn(who, name)

    // Adding one takes the password.
    await who.page.locator('.lp-row-press', { hasText: '通行密钥' }).click()
    await who.page.getByText('还没有通行密钥').waitFor()
    await look(who, `${size}-none`)
    await who.button('在此设备上添加').click()
    await who.error('password').waitFor()
    await who.page.locator('#lp-password').fill('wrong-password-1')
    await who.button('在此设备上添加').click()
    await who.error('password').waitFor()
    await device.touch(true)
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('在此设备上添加').click()

    // What it is called is asked at once.
    await who.page.locator('dialog #lp-name').fill('我的手机')
    await who.page.locator('dialog button[type=submit]').click()
    await who.page.locator('.lp-session-name', { hasText: '我的手机' }).waitFor()
    assert.equal(await device.count(), 1)
    await look(who, `${size}-one`)

    // The same device says that it has one.
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('在此设备上添加').click()
    await who.toast('此设备已有本账号的通行密钥')
    assert.equal(await device.count(), 1)

    // Out, and in again without a password.
    await device.touch(false)
    await who.open('/account')
    await who.page.locator('.lp-me[aria-busy=false]').waitFor()
    await who.button('退出登录').click()
    await who.page.locator('dialog .lp-primary').click()
    await who.atSignIn()
    assert.equal(await who.page.locator('#lp-account').getAttribute('autocomplete'), 'username webauthn')
    await look(who, `${size}-sign-in`)
    await device.touch(true)
    await who.button('使用通行密钥登录').click()
    await who.at('/userinfo/userinfo')
    await who.page.locator('.lp-me[aria-busy=false]').waitFor()

    // Without it there is the password still: it may go.
    await who.page.locator('.lp-row-press', { hasText: '通行密钥' }).click()
    await who.button('删除').click()
    await who.page.locator('dialog .lp-danger').click()
    await who.toast('通行密钥已删除')
    await who.page.getByText('还没有通行密钥').waitFor()
    await who.leave()
  })

  test(`what the server refuses is said in words, and the password still works (${size})`, async () => {
    const name = `keeper-${size}`
    await server.register(name)
    const who = await visitor(server, { viewport, locale: 'en-US', colorScheme: 'dark' })
    const device = await authenticator(who)
    await signIn(who, name)
    await device.touch(true)
    await who.page.locator('.lp-row-press', { hasText: 'Passkeys' }).click()
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('Add one on this device').click()
    await who.page.locator('dialog button', { hasText: 'Cancel' }).click()
    await who.page.locator('.lp-session-name').waitFor()
    await look(who, `${size}-dark`)
    await device.touch(false)

    // Removed on another device.
    const { newToken } = await server.call('login', { username: name, password: 'secret-1' })
    const { passkeys } = await server.call('getPasskeys', {}, newToken.token)
    assert.equal((await server.call('removePasskey', { id: passkeys[0].id }, newToken.token)).errCode, 0)

    await who.open('/account')
    await who.page.locator('.lp-me[aria-busy=false]').waitFor()
    await who.button('Sign out').click()
    await who.page.locator('dialog .lp-primary').click()
    await who.atSignIn()
    await device.touch(true)
    await who.button('Sign in with a passkey').click()
    await who.page.locator('.lp-passkey [role=alert]', { hasText: 'There is no such passkey' }).waitFor()
    await signIn(who, name)
    await who.leave()
  })
}

test('a server without passkeys offers none and loads nothing for them', async () => {
  const plain = await startServer()
  const who = await visitor(plain)
  const asked = []
  who.page.on('request', (request) => asked.push(request.url()))
  await plain.register('nobody')
  await who.open('/')
  await who.page.locator('#lp-account').waitFor()
  assert.equal(await who.button('使用通行密钥登录').count(), 0)
  assert.equal(await who.page.locator('#lp-account').getAttribute('autocomplete'), 'username')
  assert.deepEqual(asked.filter((address) => /passkey/i.test(address)), [])
  await signIn(who, 'nobody')
  assert.equal(await who.page.locator('.lp-row-press', { hasText: '通行密钥' }).count(), 0)
  await who.leave()
  await plain.stop()
})
