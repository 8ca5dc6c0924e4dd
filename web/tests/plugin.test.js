// The plugin in a project that has nothing else: an empty uni-app with a uniCloud space and a page that needs a user,
// built by the ordinary compiler, whose pages call the server through the official SDK. Beside it stand pages by the
// paths of uni-id-pages, as in a project that moves over step by step.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, test } from 'node:test'
import { PAGES, startServer, stopBrowser, startBrowser } from './kit.js'

const pages = fileURLToPath(new URL('../pages/', import.meta.url))
const plugin = join(pages, 'src/uni_modules/lingpai-pages')
const project = mkdtempSync(join(tmpdir(), 'lingpai-project-'))

let server
let host
before(async () => {
  server = await startServer()
  emptyProject()
})
after(async () => {
  await stopBrowser()
  host?.close()
  await server.stop()
  rmSync(project, { recursive: true, force: true })
})

/** What the compiler's own template has, and the steps of the plugin's readme. */
function emptyProject() {
  const write = (path, text) => writeFileSync(join(project, path), typeof text === 'string' ? text : JSON.stringify(text))
  mkdirSync(join(project, 'src/pages/index'), { recursive: true })
  symlinkSync(join(pages, 'node_modules'), join(project, 'node_modules'))
  cpSync(plugin, join(project, 'src/uni_modules/lingpai-pages'), { recursive: true })
  const listed = JSON.parse(readFileSync(join(plugin, 'pages_init.json'), 'utf8')).pages
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(pages, 'package.json'), 'utf8'))
  write('package.json', { name: 'empty', private: true, dependencies, devDependencies })
  write('vite.config.js', "const uni = require('@dcloudio/vite-plugin-uni')\nmodule.exports = { plugins: [(uni.default ?? uni)()] }\n")
  write('index.html', '<!doctype html><html><head><meta charset="utf-8"><title>x</title></head><body><div id="app"><!--app-html--></div><script type="module" src="/src/main.js"></script></body></html>')
  write('src/main.js', "import { createSSRApp } from 'vue'\nimport App from './App.vue'\nexport function createApp() {\n  return { app: createSSRApp(App) }\n}\n")
  write('src/App.vue', /```vue\n([^]*?)```/.exec(readFileSync(join(plugin, 'readme.md'), 'utf8'))[1])
  write('src/manifest.json', { name: 'empty', appid: '__UNI__LINGPAI', versionName: '1.0.0', versionCode: '1', vueVersion: '3', uniStatistics: { enable: false }, 'mp-weixin': { appid: 'touristappid' } })
  const beside = ['login/login-withpwd', 'userinfo/userinfo'].map((path) => ({ path: `uni_modules/uni-id-pages/pages/${path}` }))
  write('src/pages.json', {
    pages: [{ path: 'pages/index/index' }, { path: 'pages/order/order' }, ...listed, ...beside],
    globalStyle: {},
    uniIdRouter: { loginPage: listed[0].path, needLogin: ['pages/order/order'], resToLogin: true },
  })
  for (const { path } of beside) {
    mkdirSync(join(project, 'src', path, '..'), { recursive: true })
    write(`src/${path}.vue`, '<template><view class="older">older</view></template>\n')
  }
  write('src/pages/index/index.vue', HOME)
  mkdirSync(join(project, 'src/pages/order'), { recursive: true })
  write('src/pages/order/order.vue', '<template><view class="order">order</view></template>\n')
  // The project's own settings of the plugin.
  const config = join(project, 'src/uni_modules/lingpai-pages/config.js')
  const own = [
    ['debug: false', 'debug: true'],
    ["h5: '', web: ''", "h5: '', web: 'wx1'"],
    ["serviceUrl: ''", "serviceUrl: 'https://example.com/terms'"],
    ["scope: ['register', 'login']", "scope: ['register']"],
    ['setPasswordAfterLogin: false', 'setPasswordAfterLogin: { allowSkip: true }'],
    ["passwordStrength: ''", "passwordStrength: 'strong'"],
  ]
  writeFileSync(config, own.reduce((text, [from, to]) => (assert.ok(text.includes(from), from), text.replace(from, to)), readFileSync(config, 'utf8')))
}

/** A page that hears the plugin's events and leads to one that needs a user. */
const HOME = `<template>
  <view class="home"><button class="to-order" @click="go">order</button><text class="heard">{{ heard.join(' ') }}</text></view>
</template>
<script>
export default {
  data: () => ({ heard: [] }),
  onLoad() {
    uni.$on('uni-id-pages-login-success', ({ uid, token }) => this.heard.push('in:' + Boolean(uid && token)))
    uni.$on('uni-id-pages-logout', () => this.heard.push('out'))
  },
  methods: {
    go() {
      uni.navigateTo({ url: '/pages/order/order?id=7' })
    },
  },
}
</script>
`

function build(platform) {
  const spaces = [{ provider: 'dcloud', id: 'lingpai-dev', name: 'x', clientSecret: 'lingpai-dev-secret', apiEndpoint: server.url }]
  const env = { ...process.env, UNI_CLOUD_SPACES: JSON.stringify(spaces), UNI_INPUT_DIR: join(project, 'src'), UNI_OUTPUT_DIR: join(project, 'dist', platform) }
  const log = execFileSync(join(pages, 'node_modules/.bin/uni'), ['build', '-p', platform], { cwd: project, env, encoding: 'utf8', stdio: 'pipe' })
  assert.match(log, /Build complete/, log)
  return join(project, 'dist', platform)
}

test('the list of pages is the same in the plugin and in the project around it', () => {
  const shell = [...readFileSync(join(pages, 'src/pages.json'), 'utf8').matchAll(/"path": "([^"]+)"/g)].map(([, path]) => path)
  const listed = JSON.parse(readFileSync(join(plugin, 'pages_init.json'), 'utf8')).pages.map(({ path }) => path)
  assert.deepEqual(shell, listed)
})

test('builds for the mini program', () => {
  const built = build('mp-weixin')
  assert.ok(existsSync(join(built, 'uni_modules/lingpai-pages/pages/login/login-withpwd.wxml')))
})

/** The built project, served as any web server would. */
async function hosted() {
  if (!host) {
    const folder = build('h5')
    const types = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html', '.svg': 'image/svg+xml' }
    host = createServer((request, response) => {
      const asked = join(folder, new URL(request.url, 'http://x').pathname)
      const file = existsSync(asked) && extname(asked) ? asked : join(folder, 'index.html')
      response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
      response.end(readFileSync(file))
    })
    await new Promise((resolve) => host.listen(0, '127.0.0.1', resolve))
  }
  return `http://127.0.0.1:${host.address().port}/#`
}

/** A visitor of the project; `leave` says what went wrong meanwhile. */
async function visit(viewport = { width: 375, height: 812 }) {
  const address = await hosted()
  const context = await (await startBrowser()).newContext({ viewport, locale: 'zh-CN' })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const errors = []
  page.on('pageerror', (error) => errors.push(error.message))
  return {
    page,
    open: (path) => page.goto(address + path),
    at: (path) => page.waitForURL((url) => url.hash.split('?')[0].endsWith(path)),
    async signIn(username, password = 'secret-1') {
      await page.locator('#lp-account').fill(username)
      await page.locator('#lp-password').fill(password)
      await page.locator('button[type=submit]').click()
    },
    async leave() {
      await context.close()
      assert.deepEqual(errors, [])
    },
  }
}

test('builds for browsers, and signs in through the official SDK', async () => {
  await server.register('plugged')
  const who = await visit()
  await who.open(`${PAGES}login/login-withpwd`)
  await who.signIn('plugged', 'not-it-1')
  await who.page.locator('#lp-password-about.lp-error').waitFor()
  await who.signIn('plugged')
  await who.page.locator('.lp-me[aria-busy=false]').waitFor()
  assert.match(await who.page.locator('.lp-row-value', { hasText: 'plugged' }).first().textContent(), /plugged/)
  await who.leave()
})

test("the project's router leads to the sign-in page and back, and the project hears of it", async () => {
  await server.register('routed')
  const who = await visit()
  await who.open('/pages/index/index')
  await who.page.locator('.to-order').click()
  await who.at('/login/login-withpwd')
  // Encoded for the address, in which the framework encodes once more.
  assert.match(decodeURIComponent(decodeURIComponent(who.page.url())), /uniIdRedirectUrl=.*pages\/order\/order/)
  await who.signIn('routed')
  await who.at('/pages/order/order')
  await who.page.locator('.order').waitFor()
  assert.match(who.page.url(), /id=7/)
  await who.page.goBack()
  await who.page.locator('.heard', { hasText: 'in:true' }).waitFor()
  await who.open(`${PAGES}userinfo/userinfo`)
  await who.page.locator('.lp-me[aria-busy=false]').waitFor()
  await who.page.locator('.lp-me > .lp-button').click()
  await who.page.locator('dialog .lp-primary').click()
  await who.at('/login/login-withpwd')
  await who.page.locator('#lp-account').waitFor()
  // Signed out: the page is guarded again.
  await who.open('/pages/index/index')
  await who.page.locator('.to-order').click()
  await who.at('/login/login-withpwd')
  assert.equal(await who.page.locator('.order').count(), 0)
  await who.leave()
})

test('every page of the plugin runs in the project, beside those of uni-id-pages', async () => {
  await server.register('walking')
  const who = await visit()
  for (const [path, sign] of [
    ['register/register', '#lp-username'],
    ['register/register-by-email', '#lp-email'],
    ['register/register-admin', '#lp-username'],
    ['retrieve/retrieve', '#lp-mobile'],
    ['retrieve/retrieve-by-email', '#lp-email'],
    ['login/login-smscode', '#lp-mobile'],
    ['login/login-withoutpwd', 'h1'],
    ['common/webview/webview', 'h1'],
  ]) {
    await who.open(PAGES + path)
    await who.page.locator(sign).first().waitFor()
  }
  await who.open(`${PAGES}login/login-withpwd`)
  await who.signIn('walking')
  // Back to the last page that is none of signing in.
  await who.at('/common/webview/webview')
  await who.open(`${PAGES}userinfo/userinfo`)
  await who.page.locator('.lp-me[aria-busy=false]').waitFor()
  for (const path of ['bind-mobile', 'bind-email', 'change_pwd', 'set-pwd', 'sessions', 'two-steps', 'passkeys', 'realname-verify', 'deactivate']) {
    await who.open(`${PAGES}userinfo/${path}`)
    await who.page.locator('h1').first().waitFor()
    await who.at(`/userinfo/${path}`)
  }
  await who.open('/uni_modules/uni-id-pages/pages/login/login-withpwd')
  await who.page.locator('.older').waitFor()
  await who.leave()
})

test('the project\'s own configuration decides: agreements by scope, the password\'s rule, and a password asked for after signing in', async () => {
  const who = await visit()
  await who.open(`${PAGES}login/login-withpwd`)
  await who.page.locator('#lp-account').waitFor()
  assert.equal(await who.page.locator('#lp-consent').count(), 0)
  await who.open(`${PAGES}register/register`)
  await who.page.locator('#lp-consent').waitFor()
  assert.equal(await who.page.locator('.lp-rule').count(), 4)

  const mobile = '13800000099'
  const code = await server.smsCode(mobile, 'login-by-sms')
  await who.open('/pages/index/index')
  await who.page.locator('.home').waitFor()
  await who.open(`${PAGES}login/login-smscode`)
  await who.page.locator('#lp-mobile').fill(mobile)
  await who.page.locator('#lp-code').fill(code)
  await who.page.locator('#lp-consent').check()
  await who.page.locator('button[type=submit]').click()
  await who.at('/userinfo/set-pwd')
  await who.page.getByRole('button', { name: '暂不设置' }).click()
  await who.at('/pages/index/index')
  await who.leave()
})

test('with debug an exception names the ways to sign in that the server lacks', async () => {
  const who = await visit()
  // The framework reports what its hooks throw in the console.
  const thrown = who.page.waitForEvent('console', (message) => message.type() === 'error' && /^Error: lingpai-pages: /.test(message.text()))
  await who.open(`${PAGES}login/login-withpwd`)
  const text = (await thrown).text()
  assert.match(text, /“weixin”/)
  assert.doesNotMatch(text, /“username”/)
  // The pages work all the same.
  await who.page.locator('#lp-account').waitFor()
  await who.leave()
})
