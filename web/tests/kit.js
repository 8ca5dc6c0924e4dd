// What every test needs: a server of its own, a browser, and somebody who reads the outbox.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

export const PAGES = '/uni_modules/lingpai-pages/pages/'
export const PHONE = { width: 375, height: 812 }
export const DESKTOP = { width: 1280, height: 800 }
/** The sizes at which every flow is walked through. */
export const SIZES = Object.entries({ phone: PHONE, desktop: DESKTOP })

const BROWSER = process.env.LINGPAI_TEST_BROWSER ?? '/usr/bin/chromium'
const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'
/** A scene of the SMS configuration. */
const template = { templateId: 'T1', codeExpiresIn: 300 }

/** Starts the program with a folder of its own. `files` go into the configuration folder by path, `settings` into its environment. */
export async function startServer(files = {}, settings = {}, { listen = '127.0.0.1:0', mode = 'development' } = {}) {
  const program = process.env.LINGPAI_TEST_PROGRAM
  assert.ok(program, 'LINGPAI_TEST_PROGRAM must name the program (make browser-tests does)')
  const folder = mkdtempSync(join(tmpdir(), 'lingpai-web-'))
  const all = { 'uni-id/config.json': uniId(), ...files }
  for (const path of Object.keys(all)) {
    const target = join(folder, 'center', path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, typeof all[path] === 'string' ? all[path] : JSON.stringify(all[path]))
  }
  const argumentsGiven = ['serve', '--mode', mode, '--listen', listen, '--data', join(folder, 'data'), '--config-center', join(folder, 'center')]
  // The program refuses settings that it does not know, and the caller's are none of the tests' business.
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LINGPAI_')))
  const child = spawn(program, argumentsGiven, { cwd: folder, env: { ...environment, LINGPAI_LIMITS_ENABLED: 'false', ...settings }, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = []
  child.stderr.on('data', (data) => said.push(String(data)))
  const url = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the program ended with ${code}: ${said.join('')}`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(`${line}\n`)
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(line)
      if (found) resolve(found[0])
    })
  })
  // A test that fails before it stops its server must not keep the whole run from ending.
  for (const handle of [child, child.stdout, child.stderr]) handle.unref()
  process.once('exit', () => child.kill())
  return {
    url,
    folder,
    center: join(folder, 'center'),
    /** The newest message of a kind. */
    async code(kind, to) {
      const lines = (await (await fetch(`${url}/dev/outbox.jsonl`)).text()).trim().split('\n').filter(Boolean).map((line) => JSON.parse(line))
      const found = lines.reverse().find((entry) => entry.kind === kind && (!to || entry.to === to))
      assert.ok(found, `nothing of kind ${kind} in the outbox`)
      return found.code
    },
    /** Calls a method by the URL form; gives the answer. */
    async call(method, params, uniIdToken) {
      const clientInfo = { uniPlatform: 'web', appId: '__UNI__LINGPAI', deviceId: 'the-tests' }
      const body = JSON.stringify({ clientInfo, uniIdToken, params })
      const object = method === 'getImageCaptcha' ? 'uni-captcha-co' : 'uni-id-co'
      const response = await fetch(`${url}/${object}/${method}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      return response.json()
    },
    /** Sends a code by SMS without the browser, and gives it. */
    async smsCode(mobile, scene, uniIdToken) {
      await this.call('getImageCaptcha', { scene: 'send-sms-code' })
      const answer = await this.call('sendSmsCode', { mobile, scene, captcha: await this.code('captcha') }, uniIdToken)
      assert.equal(answer.errCode, 0, JSON.stringify(answer))
      return this.code('sms', mobile)
    },
    /** Asks for a code by e-mail without the browser. Without a mail server it is development mode's test code. */
    async emailCode(email, scene, uniIdToken) {
      await this.call('getImageCaptcha', { scene: 'send-email-code' })
      await this.call('sendEmailCode', { email, scene, captcha: await this.code('captcha') }, uniIdToken)
      return '123456'
    },
    /** Makes a user who has a number and no password, without the browser. */
    async registerMobile(mobile) {
      const answer = await this.call('loginBySms', { mobile, code: await this.smsCode(mobile, 'login-by-sms') })
      assert.equal(answer.errCode, 0, JSON.stringify(answer))
      return answer
    },
    /** Makes a user without the browser. */
    async register(username, password = 'secret-1') {
      await this.call('getImageCaptcha', { scene: 'register' })
      const answer = await this.call('registerUser', { username, password, captcha: await this.code('captcha') })
      assert.equal(answer.errCode, 0, JSON.stringify(answer))
      return answer
    },
    async stop() {
      if (child.exitCode === null) {
        child.ref()
        const ended = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGTERM')
        await ended
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The configuration of the tests; `more` overrides. */
export function uniId(more = {}) {
  return {
    passwordSecret: [{ type: 'argon2id', version: 1 }],
    tokenSecret: 'a-secret-of-the-browser-tests',
    tokenExpiresIn: 7200,
    tokenExpiresThreshold: 600,
    passwordStrength: 'medium',
    service: {
      sms: {
        name: 'Tests',
        codeExpiresIn: 300,
        smsKey: 'k',
        smsSecret: 's',
        scene: { 'login-by-sms': template, 'reset-pwd-by-sms': template, 'bind-mobile-by-sms': template, 'set-pwd-by-sms': template },
      },
    },
    ...more,
  }
}

/** How long a test waits for what must come; a busy machine may need more. */
const PATIENCE_MS = Number(process.env.LINGPAI_TEST_PATIENCE_MS ?? 15_000)

let browser
/** Browsers of single visitors, with their profiles. */
const owned = []
export async function startBrowser() {
  browser ??= await chromium.launch({ executablePath: BROWSER, args: FLAGS.split(' ') })
  return browser
}
export async function stopBrowser() {
  for (const { context, profile } of owned.splice(0)) {
    await context.close()
    rmSync(profile, { recursive: true, force: true })
  }
  await browser?.close()
  browser = undefined
}

/** A browser of its own whose owner lets no site keep anything: no cookies, no storage. */
async function forgetfulBrowser(how) {
  const profile = mkdtempSync(join(tmpdir(), 'lingpai-profile-'))
  mkdirSync(join(profile, 'Default'))
  writeFileSync(join(profile, 'Default/Preferences'), JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }))
  const context = await chromium.launchPersistentContext(profile, { executablePath: BROWSER, args: FLAGS.split(' '), ...how })
  owned.push({ context, profile })
  return context
}

/**
 * A visitor with an empty browser; `forgetful`: with one that keeps no data of sites. What the pages must never do is
 * collected in `faults`.
 */
export async function visitor(server, { viewport = PHONE, locale = 'zh-CN', colorScheme = 'light', forgetful = false } = {}) {
  const how = { viewport, locale, colorScheme, baseURL: server.url, reducedMotion: 'reduce' }
  const context = forgetful ? await forgetfulBrowser(how) : await (await startBrowser()).newContext(how)
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const faults = []
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`)
  })
  page.on('request', (request) => {
    const foreign = !request.url().startsWith(server.url) && !/^(data|blob):/.test(request.url())
    if (foreign) faults.push(`foreign request: ${request.url()}`)
  })
  return {
    page,
    context,
    faults,
    /** Opens a page of the plugin, or an address. */
    open: (path) => page.goto(path.startsWith('/') ? path : PAGES + path, { waitUntil: 'load' }),
    at: (path) => page.waitForURL((url) => url.pathname.endsWith(path)),
    /** The sign-in page is the first one and may stand at the root. */
    atSignIn: () => page.waitForURL((url) => url.pathname === '/' || url.pathname.endsWith('/login/login-withpwd')),
    button: (name) => page.getByRole('button', { name, exact: true }),
    field: (name) => page.getByLabel(name, { exact: true }),
    /**
     * Waits until `holds(given)` is true in the page. For what no locator says, and instead of `waitForFunction`: that
     * one evaluates again at every look, which the pages' policy forbids, so it fails unless the first look succeeds.
     */
    until: (holds, given) =>
      page.evaluate(
        `new Promise((resolve, reject) => {
          const end = performance.now() + ${PATIENCE_MS}
          const look = () => {
            if ((${holds})(${JSON.stringify(given)})) resolve()
            else if (performance.now() > end) reject(new Error('never true: ' + ${JSON.stringify(String(holds))}))
            else requestAnimationFrame(look)
          }
          look()
        })`,
      ),
    /** Waits until a field has a value. */
    filled(field, value) {
      return this.until(([id, wanted]) => document.getElementById(id)?.value === wanted, [`lp-${field}`, value])
    },
    toast: (text) => page.locator('.lp-toast', { hasText: text }).waitFor(),
    error: (field) => page.locator(`#lp-${field}-about.lp-error`),
    /** Answers the captcha that is shown now with what the outbox says. */
    async captcha(within = page) {
      await within.locator('.lp-picture img').waitFor()
      await within.locator('#lp-captcha').fill(await server.code('captcha'))
    },
    /** A line of the account centre. */
    row: (label) => page.locator('.lp-row-press', { has: page.locator('.lp-row-label', { hasText: label }) }),
    /** Asks for a code by the page's button, whose captcha comes as a dialog; gives the code. */
    async askForCode(kind, to) {
      await page.locator('.lp-send').click()
      const dialog = page.locator('dialog[open]')
      await this.captcha(dialog)
      await page.keyboard.press('Enter')
      await dialog.waitFor({ state: 'detached' })
      return server.code(kind, to)
    },
    async leave() {
      await context.close()
      assert.deepEqual(faults, [])
    },
  }
}

/** Signs a user in through the page. */
export async function signIn(who, username, password = 'secret-1') {
  await who.open('/')
  await who.page.locator('#lp-account').fill(username)
  await who.page.locator('#lp-password').fill(password)
  await who.page.locator('button[type=submit]').click()
  await who.at('/userinfo/userinfo')
  await who.page.locator('.lp-me[aria-busy=false]').waitFor()
}

/** A file of the pages' build, for tests that read it. */
export const built = (path) => readFileSync(new URL(`../pages/dist/build/${path}`, import.meta.url))
