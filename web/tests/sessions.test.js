// What only some servers have: the account centre shows the devices where the server lists them, and
// nothing of the kind where it does not.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESKTOP, signIn, startServer, stopBrowser, visitor } from './kit.js'

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

test('devices are listed and signed out where the server can, and not mentioned where it cannot', async () => {
  await server.register('many')
  const phone = await visitor(server)
  const desk = await visitor(server, { viewport: DESKTOP })
  await signIn(phone, 'many')
  await signIn(desk, 'many')
  const row = desk.page.locator('.lp-row-press', { hasText: '登录设备' })
  if (!listed) {
    assert.equal(await row.count(), 0)
  } else {
    await row.click()
    await desk.page.locator('.lp-session .lp-badge').waitFor()
    await desk.button('退出其他所有设备').click()
    await desk.page.locator('dialog .lp-danger').click()
    await desk.page.getByText('没有其他设备登录').waitFor()
    await phone.page.reload()
    await phone.atSignIn()
  }
  await phone.leave()
  await desk.leave()
})
