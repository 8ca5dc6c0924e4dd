// The second step: set up with an authenticator app, asked for when signing in, and switched off again.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { SIZES, signIn, startServer, stopBrowser, visitor } from './kit.js'
import { totp } from './totp.js'

let server
before(async () => {
  server = await startServer({}, { LINGPAI_SECURITY_SECOND_STEP: 'true' })
})
after(async () => {
  await stopBrowser()
  await server.stop()
})

/** Types name and password; the page of the second step comes. */
async function passwordOf(who, name) {
  await who.open('/')
  await who.page.locator('#lp-account').fill(name)
  await who.page.locator('#lp-password').fill('secret-1')
  await who.button('登录').click()
  await who.at('/login/second-step')
}

for (const [size, viewport] of SIZES) {
  test(`is set up, asked for when signing in, and switched off with a recovery code (${size})`, async () => {
    const name = `steps-${size}`
    await server.register(name)
    const who = await visitor(server, { viewport })
    await signIn(who, name)
    await who.row('两步验证').filter({ hasText: '未开启' }).click()
    await who.page.locator('#lp-password').fill('not-it-1')
    await who.button('开始设置').click()
    await who.error('password').waitFor()
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('开始设置').click()
    assert.ok(await who.page.locator('.lp-qr').evaluate((image) => image.decode().then(() => image.naturalWidth > 0)))
    const secret = (await who.page.locator('.lp-secret').textContent()).replace(/\s/g, '')
    await who.page.locator('#lp-code').fill('000000')
    await who.button('验证并开启').click()
    await who.error('code').waitFor()
    await who.page.locator('#lp-code').fill(totp(secret))
    await who.button('验证并开启').click()
    await who.page.locator('.lp-secret > *').first().waitFor()
    const codes = await who.page.locator('.lp-secret > *').allTextContents()
    assert.ok(codes.length >= 5, codes.join())
    await who.button('我已保存').click()
    await who.at('/userinfo/userinfo')
    await who.row('两步验证').filter({ hasText: '已开启' }).waitFor()
    await who.button('退出登录').click()
    await who.page.locator('dialog .lp-primary').click()
    await who.atSignIn()

    // The password alone is not enough; what is wrong is said beside the field, which has the cursor.
    await passwordOf(who, name)
    assert.equal(await who.page.evaluate(() => localStorage.getItem('uni_id_token')), null)
    await who.page.locator('#lp-code').fill('000000')
    await who.button('登录').click()
    await who.error('code').waitFor()
    // A code is good once: the one of the set-up is used up, the next is taken already.
    await who.page.locator('#lp-code').fill(totp(secret, 1))
    await who.button('登录').click()
    await who.at('/userinfo/userinfo')
    await who.page.locator('.lp-me[aria-busy=false]').waitFor()

    await who.row('两步验证').click()
    await who.page.locator('#lp-code').fill(codes[0])
    await who.button('关闭两步验证').click()
    await who.toast('两步验证已关闭')
    await who.row('两步验证').filter({ hasText: '未开启' }).waitFor()
    await who.leave()
  })
}

for (const [size, viewport] of SIZES) {
  test(`a recovery code lets in where the app is lost, and a reload begins anew (${size})`, async () => {
    const { newToken } = await server.register(`lost-${size}`)
    const { secret } = await server.call('setUpTotp', { password: 'secret-1' }, newToken.token)
    const { recoveryCodes } = await server.call('confirmTotp', { code: totp(secret) }, newToken.token)
    const who = await visitor(server, { viewport })
    await passwordOf(who, `lost-${size}`)
    await who.page.reload()
    await who.atSignIn()
    await passwordOf(who, `lost-${size}`)
    await who.page.locator('#lp-code').fill(recoveryCodes[0])
    await who.page.keyboard.press('Enter')
    await who.at('/userinfo/userinfo')
    await who.page.locator('.lp-me[aria-busy=false]').waitFor()
    await who.row('两步验证').filter({ hasText: '已开启' }).click()
    await who.page.getByText(`剩余恢复码 ${recoveryCodes.length - 1} 个`).waitFor()
    await who.leave()
  })
}
