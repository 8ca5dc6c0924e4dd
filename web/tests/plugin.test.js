// The plugin in a project that has nothing else: an empty uni-app with a uniCloud space, built by the
// ordinary compiler, whose pages call the server through the official SDK.
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
  write('src/pages.json', { pages: [{ path: 'pages/index/index' }, ...listed], globalStyle: {}, uniIdRouter: { loginPage: listed[0].path, needLogin: [], resToLogin: true } })
  write('src/pages/index/index.vue', '<template><view class="home">home</view></template>\n')
}

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

test('builds for browsers, and signs in through the official SDK', async () => {
  const folder = build('h5')
  const types = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html', '.svg': 'image/svg+xml' }
  host = createServer((request, response) => {
    const asked = join(folder, new URL(request.url, 'http://x').pathname)
    const file = existsSync(asked) && extname(asked) ? asked : join(folder, 'index.html')
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
    response.end(readFileSync(file))
  })
  await new Promise((resolve) => host.listen(0, '127.0.0.1', resolve))
  await server.register('plugged')
  const context = await (await startBrowser()).newContext({ viewport: { width: 375, height: 812 }, locale: 'zh-CN' })
  const page = await context.newPage()
  const errors = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(`http://127.0.0.1:${host.address().port}/#${PAGES}login/login-withpwd`)
  await page.locator('#lp-account').fill('plugged')
  await page.locator('#lp-password').fill('not-it-1')
  await page.locator('button[type=submit]').click()
  await page.locator('#lp-password-about.lp-error').waitFor()
  await page.locator('#lp-password').fill('secret-1')
  await page.locator('button[type=submit]').click()
  await page.locator('.lp-me[aria-busy=false]').waitFor()
  assert.match(await page.locator('.lp-row-value', { hasText: 'plugged' }).first().textContent(), /plugged/)
  assert.deepEqual(errors, [])
  await context.close()
})
