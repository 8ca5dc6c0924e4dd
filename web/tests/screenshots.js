// Pictures of every page in every state: `npm run screenshots` leaves them in `screenshots/`, with a sheet of each kind
// to look at many at once.
//
//   LINGPAI_TEST_PROGRAM=target/debug/lingpai LINGPAI_TEST_BROWSER=/usr/bin/chromium npm run screenshots [-- WORD...]
//
// WORDs choose kinds, such as `phone` or `dark`.
import { mkdirSync, readFileSync } from 'node:fs'
import { DESKTOP, PHONE, startBrowser, stopBrowser, visitor } from './kit.js'
import { enter, INSIDE, NEWCOMER, OUTSIDE, sceneServer, show } from './scenes.js'

const folder = new URL('./screenshots/', import.meta.url).pathname
const kinds = []
for (const [size, viewport] of [['phone', PHONE], ['desktop', DESKTOP]]) {
  for (const colorScheme of ['light', 'dark']) {
    for (const [language, locale] of [['zh-Hans', 'zh-CN'], ['zh-Hant', 'zh-TW'], ['en', 'en-US']]) kinds.push({ name: `${size}-${colorScheme}-${language}`, viewport, colorScheme, locale })
  }
}
const wanted = kinds.filter(({ name }) => process.argv.slice(2).every((word) => name.split('-').includes(word)))

mkdirSync(folder, { recursive: true })
await needChinese()
const server = await sceneServer()
for (const { name: kind, ...how } of wanted) {
  const taken = []
  const take = (who) => async (name) => {
    const path = `${folder}${kind}-${name}.png`
    await who.page.screenshot({ path, fullPage: true })
    taken.push({ name, path })
  }
  for (const [username, scenes] of [['', OUTSIDE], ['looking', INSIDE], ['plain', NEWCOMER]]) {
    const who = await visitor(server, how)
    // Pictures are taken of whatever comes, however long it takes.
    who.context.setDefaultTimeout(60_000)
    if (username) await enter(who, username)
    for (const scene of scenes) {
      try {
        await show(scene, who, server, take(who))
      } catch (error) {
        console.error(`${kind} ${scene.name}: ${error.message}`)
        process.exitCode = 1
      }
    }
    await who.context.close()
  }
  await sheets(kind, taken, how.viewport.width < 600 ? 6 : 3)
  console.log(`${kind}: ${taken.length} pictures`)
}
await stopBrowser()
await server.stop()

/** Without a Chinese font every character is the same empty box, and the pictures show nothing. */
async function needChinese() {
  const page = await (await startBrowser()).newPage()
  const [one, other] = await page.evaluate(() =>
    ['登', '录'].map((character) => {
      const canvas = document.createElement('canvas')
      const context = canvas.getContext('2d')
      context.font = '40px sans-serif'
      context.fillText(character, 10, 60)
      return canvas.toDataURL()
    }),
  )
  await page.context().close()
  if (one !== other) return
  console.error('截图需要中文字体，如 fonts-noto-cjk。 The pictures need a Chinese font, such as fonts-noto-cjk.')
  await stopBrowser()
  process.exit(1)
}

/** Sheets of two rows. */
async function sheets(kind, taken, across) {
  const page = await (await startBrowser()).newPage({ viewport: { width: across * (across > 3 ? 300 : 600), height: 800 } })
  for (let start = 0; start < taken.length; start += across * 2) {
    const cells = taken.slice(start, start + across * 2).map(({ name, path }) => {
      const data = readFileSync(path).toString('base64')
      return `<figure style="margin:4px;width:calc(${100 / across}% - 8px);float:left"><figcaption style="font:12px sans-serif">${name}</figcaption><img style="width:100%;border:1px solid #888" src="data:image/png;base64,${data}"></figure>`
    })
    await page.setContent(`<body style="margin:0;background:#ccc">${cells.join('')}</body>`)
    await page.screenshot({ path: `${folder}sheet-${kind}-${String(start / (across * 2) + 1).padStart(2, '0')}.png`, fullPage: true })
  }
  await page.context().close()
}
