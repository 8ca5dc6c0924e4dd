// What the first view of the sign-in page costs: bytes and journeys. `measure.js` measures the time.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startBrowser, startServer, stopBrowser } from './kit.js'

/** What the project promises for JavaScript, compressed. */
const BUDGET_KB = 115
/** What the first view takes now, with a little room: whoever adds to it should know. */
const NOW = { script: 75, stylesheet: 9, document: 12, requests: 7 }

let server
before(async () => {
  server = await startServer()
})
after(async () => {
  await stopBrowser()
  await server.stop()
})

test('the first view is light', async (t) => {
  const context = await (await startBrowser()).newContext({ viewport: { width: 375, height: 812 }, baseURL: server.url })
  const page = await context.newPage()
  const sizes = { script: 0, stylesheet: 0, document: 0, other: 0 }
  let requests = 0
  const waiting = []
  page.on('requestfinished', (request) => {
    requests += 1
    waiting.push(
      request.sizes().then((size) => {
        const kind = request.resourceType() in sizes ? request.resourceType() : 'other'
        sizes[kind] += size.responseBodySize
      }),
    )
  })
  await page.goto('/', { waitUntil: 'networkidle' })
  await page.locator('#lp-account').waitFor()
  await Promise.all(waiting)
  const kb = (bytes) => (bytes / 1024).toFixed(1)
  t.diagnostic(`first view: ${kb(sizes.script)} KB of JavaScript, ${kb(sizes.stylesheet)} KB of styles, ${kb(sizes.document)} KB of HTML, ${requests} requests`)
  assert.ok(sizes.script > 0 && sizes.script <= BUDGET_KB * 1024, `${kb(sizes.script)} KB of JavaScript`)
  for (const kind of ['script', 'stylesheet', 'document']) assert.ok(sizes[kind] <= NOW[kind] * 1024, `${kind}: ${kb(sizes[kind])} KB`)
  assert.ok(requests <= NOW.requests, `${requests} requests`)
  await context.close()
})

test('nothing is asked for after the scripts that the page itself names', async () => {
  const html = await (await fetch(`${server.url}/`)).text()
  const named = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, address]) => address)
  const context = await (await startBrowser()).newContext({ viewport: { width: 375, height: 812 }, baseURL: server.url })
  const page = await context.newPage()
  const asked = []
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await page.goto('/', { waitUntil: 'networkidle' })
  await page.locator('#lp-account').waitFor()
  // One journey for the page, one for everything it needs: a third would cost a slow phone half a second.
  assert.deepEqual(asked.filter((address) => address.startsWith('/assets/') && !named.includes(address)), [])
  assert.deepEqual(asked.filter((address) => address === '/client'), [])
  // All of it is known from the page's head on, and no script holds the first view up.
  const head = html.slice(0, html.indexOf('</head>'))
  assert.ok(named.every((address) => head.includes(address)))
  for (const [tag] of html.matchAll(/<script[^>]*src=[^>]*>/g)) assert.match(tag, /type="module"/)
  await context.close()
})

test('the first script is small and needs none of the others', async () => {
  const html = await (await fetch(`${server.url}/`)).text()
  const [, script] = /<script[^>]* src="(\/assets\/[^"]+\.js)"/.exec(html)
  assert.match(script, /\/early\./)
  const response = await fetch(server.url + script, { headers: { 'accept-encoding': 'identity' } })
  const text = await response.text()
  assert.ok(text.length <= 12 * 1024, `${text.length} bytes`)
  assert.doesNotMatch(text, /\bimport\b/)
})

test('files of the build never change under their name, and come compressed', async () => {
  const html = await (await fetch(`${server.url}/`)).text()
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)[1]
  const asked = (encoding) => fetch(server.url + script, { headers: { 'accept-encoding': encoding } })
  for (const [encoding, expected] of [['br, gzip', 'br'], ['gzip', 'gzip'], ['identity', null], ['br;q=0, gzip', 'gzip']]) {
    const response = await asked(encoding)
    assert.equal(response.headers.get('content-encoding'), expected, encoding)
    assert.equal(response.headers.get('cache-control'), 'public, max-age=31536000, immutable')
    assert.equal(response.headers.get('vary'), 'accept-encoding')
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    await response.arrayBuffer()
  }
})

test('the pages allow themselves nothing inline and nothing foreign', async () => {
  const response = await fetch(`${server.url}/`)
  const policy = response.headers.get('content-security-policy')
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /script-src 'self';/)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.doesNotMatch(policy, /unsafe/)
  const html = await response.text()
  for (const [, attributes] of html.matchAll(/<script([^>]*)>/g)) assert.match(attributes, /src=|application\/json/)
  for (const [, address] of html.matchAll(/(?:src|href)="([^"]+)"/g)) assert.match(address, /^\//)
})
