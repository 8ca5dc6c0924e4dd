// What only some servers have: the account centre shows the devices where the server lists them, and
// nothing of the kind where it does not.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESKTOP, SIZES, signIn, startServer, stopBrowser, visitor } from './kit.js'

let server
let listed
before(async () => {
  server = await startServer()
  listed = (await (await fetch(`${server.url}/openapi.json`)).text()).includes('/getSessions')
})
after(async () => {
  await stopBrowser()
  await server.stop()
})

for (const [size, viewport] of SIZES) {
  test(`devices are listed and signed out where the server can, and not mentioned where it cannot (${size})`, async () => {
    const name = `many-${size}`
    await server.register(name)
    const here = await visitor(server, { viewport })
    const [phone, desk] = [await visitor(server), await visitor(server, { viewport: DESKTOP })]
    for (const who of [phone, desk, here]) {
      // Tokens of one second are alike but for what they say of the user: they would be one device.
      await who.until((second) => Math.floor(Date.now() / 1000) > second, Math.floor(Date.now() / 1000))
      await signIn(who, name)
    }
    const row = here.row('登录设备')
    if (!listed) {
      assert.equal(await row.count(), 0)
    } else {
      // The registration made one more.
      await row.filter({ hasText: '4' }).click()
      const devices = here.page.locator('.lp-session')
      await here.page.locator('.lp-session .lp-badge', { hasText: '当前设备' }).waitFor()
      assert.equal(await devices.count(), 4)
      // One of them; the others stay.
      await here.button('退出该设备').first().click()
      await here.toast('已退出')
      await here.page.locator('.lp-session:nth-child(4)').waitFor({ state: 'detached' })
      assert.equal(await here.page.locator('.lp-badge', { hasText: '当前设备' }).count(), 1)
      // Nothing happens until it is meant.
      await here.button('退出其他所有设备').click()
      await here.page.keyboard.press('Escape')
      await here.page.locator('dialog').waitFor({ state: 'detached' })
      assert.equal(await devices.count(), 3)
      await here.button('退出其他所有设备').click()
      await here.page.locator('dialog .lp-danger').click()
      await here.page.getByText('没有其他设备登录').waitFor()
      assert.equal(await devices.count(), 1)
      for (const who of [phone, desk]) {
        await who.page.reload()
        await who.atSignIn()
      }
      await here.page.reload()
      await here.page.locator('.lp-session .lp-badge').waitFor()
    }
    for (const who of [phone, desk, here]) await who.leave()
  })
}
