// How soon the sign-in page can be used on a mid-range phone: a processor four times slower, on "fast
// 3G" as Chromium's developer tools have it. Prints a table; nothing else should run meanwhile.
//
//   LINGPAI_TEST_PROGRAM=target/debug/lingpai node measure.js [RUNS]
import { startBrowser, startServer, stopBrowser } from './kit.js'

const FAST_3G = { offline: false, latency: 562.5, downloadThroughput: 180_000, uploadThroughput: 84_375 }
const SLOWER = 4
const runs = Number(process.argv[2] ?? 5)

const server = await startServer()
const times = { painted: [], usable: [] }
for (let run = 0; run < runs; run += 1) {
  const context = await (await startBrowser()).newContext({ viewport: { width: 375, height: 812 }, baseURL: server.url })
  const page = await context.newPage()
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  await devtools.send('Network.emulateNetworkConditions', FAST_3G)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
  await page.goto('/', { waitUntil: 'commit' })
  // Typed text arrives: the page is not only painted.
  await page.locator('#lp-account').fill('x')
  const usable = await page.evaluate(() => performance.now())
  const painted = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0)
  times.usable.push(Math.round(usable))
  times.painted.push(Math.round(painted))
  await context.close()
}
await stopBrowser()
await server.stop()
for (const [name, all] of Object.entries(times)) {
  all.sort((a, b) => a - b)
  console.log(`${name.padEnd(8)} median ${all[Math.floor(all.length / 2)]} ms   (${all.join(', ')})`)
}
