// The avatar: chosen, cropped by mouse, keyboard and slider, stored, and shown again.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { SIZES, signIn, startServer, stopBrowser, visitor } from './kit.js'
import { twoColours } from './picture.js'

const RED = [220, 30, 30]
const BLUE = [30, 60, 220]

let server
before(async () => {
  server = await startServer()
})
after(async () => {
  await stopBrowser()
  await server.stop()
})

/** Chooses a file, with the dialog that crops it open and the picture drawn. */
async function choose(who, file) {
  const chooser = who.page.waitForEvent('filechooser')
  await who.button('更换头像').click()
  await (await chooser).setFiles(file)
  await who.page.locator('dialog canvas').waitFor()
  await who.page.locator('dialog .lp-primary:not([disabled])').waitFor()
}

/** Saves by whatever is given, and gives the colour of the stored avatar at a place of its 512 pixels. */
async function saved(who, save = () => who.button('保存').click()) {
  await save()
  await who.toast('头像已更新')
  await who.page.locator('.lp-avatar-image').evaluate((image) => image.decode())
  return (x, y = 256) =>
    who.page.evaluate(
      async ([x, y]) => {
        const picture = await createImageBitmap(await (await fetch(document.querySelector('.lp-avatar-image').src)).blob())
        if (picture.width !== 512 || picture.height !== 512) return `${picture.width} × ${picture.height}`
        const canvas = new OffscreenCanvas(512, 512).getContext('2d')
        canvas.drawImage(picture, 0, 0)
        const [red, , blue] = canvas.getImageData(x, y, 1, 1).data
        return red > blue ? 'red' : 'blue'
      },
      [x, y],
    )
}

for (const [size, viewport] of SIZES) {
  test(`a PNG is cropped with the mouse, stored, and there after a reload (${size})`, async () => {
    const name = `mouse-${size}`
    await server.register(name)
    const who = await visitor(server, { viewport })
    await signIn(who, name)
    await choose(who, { name: 'wide.png', mimeType: 'image/png', buffer: twoColours(400, 200, RED, BLUE) })
    const box = await who.page.locator('dialog canvas').boundingBox()
    await who.page.mouse.move(box.x + 100, box.y + 100)
    await who.page.mouse.down()
    await who.page.mouse.move(box.x + 150, box.y + 110, { steps: 4 })
    await who.page.mouse.move(box.x + 200, box.y + 100, { steps: 4 })
    await who.page.mouse.up()
    const colour = await saved(who)
    // The middle was at 256 and went right by 100 of 280 parts of 512.
    assert.deepEqual([await colour(400), await colour(470)], ['red', 'blue'])
    await who.page.reload()
    assert.equal(await who.page.locator('.lp-avatar-image').evaluate((image) => image.decode().then(() => image.naturalWidth)), 512)
    await who.leave()
  })
}

test('a JPEG is cropped with the keyboard alone', async () => {
  await server.register('keyboard')
  const who = await visitor(server)
  const { page } = who
  await signIn(who, 'keyboard')
  const jpeg = await page.evaluate(
    async ([left, right]) => {
      const canvas = new OffscreenCanvas(800, 400)
      const context = canvas.getContext('2d')
      for (const [at, colour] of [[0, left], [400, right]]) {
        context.fillStyle = `rgb(${colour})`
        context.fillRect(at, 0, 400, 400)
      }
      const blob = await canvas.convertToBlob({ type: 'image/jpeg' })
      return Array.from(new Uint8Array(await blob.arrayBuffer()))
    },
    [RED, BLUE],
  )
  await choose(who, { name: 'wide.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(jpeg) })
  const tabTo = async (selector) => {
    for (let steps = 0; steps < 10; steps += 1) {
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return
      await page.keyboard.press('Tab')
    }
    assert.fail(`${selector} cannot be reached`)
  }
  await tabTo('canvas')
  for (let steps = 0; steps < 30; steps += 1) await page.keyboard.press('ArrowLeft')
  await tabTo('#lp-zoom')
  await page.keyboard.press('End')
  assert.equal(await page.locator('#lp-zoom').inputValue(), '4')
  await page.keyboard.press('Home')
  await tabTo('dialog .lp-primary')
  const colour = await saved(who, () => page.keyboard.press('Enter'))
  // As far left as the picture goes: only its right half is left.
  assert.deepEqual([await colour(8), await colour(500)], ['blue', 'blue'])
  await who.leave()
})

for (const [size, viewport] of SIZES) {
  test(`what is no picture is said to be none, and closing keeps the old one (${size})`, async () => {
    await server.register(`clumsy-${size}`)
    const who = await visitor(server, { viewport })
    await signIn(who, `clumsy-${size}`)
    const choosing = async (file) => {
      const chooser = who.page.waitForEvent('filechooser')
      await who.button('更换头像').click()
      await (await chooser).setFiles(file)
    }
    await choosing({ name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('x') })
    await who.page.locator('.lp-avatar-beside [role=alert]').waitFor()
    assert.equal(await who.page.locator('dialog').count(), 0)
    await choosing({ name: 'broken.png', mimeType: 'image/png', buffer: Buffer.from('not a picture') })
    await who.page.locator('dialog [role=alert]').waitFor()
    assert.equal(await who.button('保存').isDisabled(), true)
    await who.page.keyboard.press('Escape')
    await who.page.locator('dialog').waitFor({ state: 'detached' })
    assert.equal(await who.page.evaluate(() => document.activeElement.className), 'lp-avatar')
    assert.equal(await who.page.locator('.lp-avatar-image').count(), 0)
    await who.leave()
  })
}
