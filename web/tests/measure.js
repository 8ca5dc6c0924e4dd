// How soon the sign-in page can be used on a mid-range phone: a processor four times slower, on "fast 3G" as Chromium's
// developer tools have it. Prints a table. A busy machine shows in the times, hence also what does not depend on it:
// bytes, journeys, and the processor time of the main thread.
//
//   LINGPAI_TEST_PROGRAM=target/debug/lingpai LINGPAI_TEST_BROWSER=/usr/bin/chromium node measure.js [RUNS]
import { startBrowser, startServer, stopBrowser } from './kit.js'

const FAST_3G = { offline: false, latency: 562.5, downloadThroughput: 180_000, uploadThroughput: 84_375 }
const SLOWER = 4
const runs = Number(process.argv[2] ?? 5)

const server = await startServer()
/** Milliseconds after the address was entered. */
const times = { painted: [], typed: [], works: [], ready: [] }
const costs = { 'script ms': [], 'main thread ms': [] }
let transfer = ''
for (let run = 0; run < runs; run += 1) {
  await timed()
  await pressed()
  await counted()
}
await stopBrowser()
await server.stop()
console.log('painted: something is to be seen; typed: a field takes text; works: a press of the button is on its way to the server; ready: the scripts have taken over\n')
for (const [name, all] of [...Object.entries(times), ...Object.entries(costs)]) {
  all.sort((a, b) => a - b)
  console.log(`${name.padEnd(15)} median ${String(all[Math.floor(all.length / 2)]).padStart(5)}   (${all.join(', ')})`)
}
console.log(transfer)

/** One visit by a slow phone. */
async function timed() {
  const { context, page } = await slowVisit()
  await page.goto('/', { waitUntil: 'commit' })
  // Typed text arrives: the field is not only painted.
  await page.locator('#lp-account').fill('x')
  times.typed.push(await now(page))
  await page.locator('#lingpai-shell').waitFor({ state: 'detached' })
  times.ready.push(Math.round(await page.evaluate(() => window.readyAt)))
  times.painted.push(Math.round(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0)))
  await context.close()
}

/** One visit by a slow phone whose visitor has filled in and pressed the button before anything can answer: when the sign-in is sent. */
async function pressed() {
  const { context, page } = await slowVisit()
  await page.addInitScript(() => {
    const send = window.fetch
    window.sentAt = new Promise((resolve) => {
      window.fetch = (...given) => {
        resolve(performance.now())
        return send(...given)
      }
    })
    new MutationObserver((_, observer) => {
      const button = document.querySelector('#lingpai-shell details')
      if (!button) return
      observer.disconnect()
      document.querySelector('#lp-account').value = 'somebody'
      document.querySelector('#lp-password').value = 'secret-1'
      button.open = true
    }).observe(document, { subtree: true, childList: true })
  })
  await page.goto('/', { waitUntil: 'commit' })
  times.works.push(Math.round(await page.evaluate(() => window.sentAt)))
  await context.close()
}

/** One visit at full speed: processor time, bytes and journeys. */
async function counted() {
  const { context, page, devtools } = await visit()
  const journeys = []
  page.on('requestfinished', (request) => journeys.push(request.sizes().then((size) => [request.resourceType(), size.responseBodySize])))
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
  const before = await metrics(devtools)
  await page.goto('/', { waitUntil: 'load' })
  await page.locator('#lingpai-shell').waitFor({ state: 'detached' })
  const after = await metrics(devtools)
  const spent = (name) => Math.round((after[name] - before[name]) * 1000)
  costs['script ms'].push(spent('ScriptDuration'))
  costs['main thread ms'].push(spent('TaskDuration'))
  const sizes = {}
  for (const [kind, bytes] of await Promise.all(journeys)) sizes[kind] = (sizes[kind] ?? 0) + bytes
  transfer = `${journeys.length} requests, ${Object.entries(sizes).map(([kind, bytes]) => `${kind} ${(bytes / 1024).toFixed(1)} KB`).join(', ')}`
  await context.close()
}

async function visit() {
  const context = await (await startBrowser()).newContext({ viewport: { width: 375, height: 812 }, baseURL: server.url })
  const page = await context.newPage()
  await page.addInitScript(() => {
    const ready = () => document.querySelector('#app .lp button[type=submit]') && !document.getElementById('lingpai-shell')
    new MutationObserver(() => {
      if (ready()) window.readyAt ??= performance.now()
    }).observe(document, { subtree: true, childList: true })
  })
  return { context, page, devtools: await context.newCDPSession(page) }
}

/** The visitor's phone and network are slow. */
async function slowVisit() {
  const visitor = await visit()
  await visitor.devtools.send('Network.enable')
  await visitor.devtools.send('Network.emulateNetworkConditions', FAST_3G)
  await visitor.devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
  return visitor
}

async function now(page) {
  return Math.round(await page.evaluate(() => performance.now()))
}

async function metrics(devtools) {
  return Object.fromEntries((await devtools.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]))
}
