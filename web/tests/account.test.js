import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { SIZES, signIn, startServer, stopBrowser, visitor } from './kit.js'

let server
before(async () => {
  server = await startServer()
})
after(async () => {
  await stopBrowser()
  await server.stop()
})

for (const [size, viewport] of SIZES) {
  test(`changes the password; everything is signed out (${size})`, async () => {
    const name = `changing-${size}`
    await server.register(name)
    const who = await visitor(server, { viewport })
    await signIn(who, name)
    await who.row('修改密码').click()
    await who.page.locator('#lp-old').fill('not-it-1')
    await who.page.locator('#lp-password').fill('another-2')
    await who.button('修改密码').click()
    await who.error('old').waitFor()
    assert.equal(await who.page.locator('#lp-password').inputValue(), 'another-2')
    await who.page.locator('#lp-old').fill('secret-1')
    await who.button('修改密码').click()
    await who.atSignIn()
    await who.toast('密码已修改')
    await signIn(who, name, 'another-2')
    await who.leave()
  })

  test(`closes the account once the consequences are understood (${size})`, async () => {
    const name = `leaving-${size}`
    await server.register(name)
    const who = await visitor(server, { viewport })
    await signIn(who, name)
    await who.row('注销账号').click()
    await who.button('永久注销账号').click()
    await who.page.getByRole('alert').filter({ hasText: '请先确认' }).waitFor()
    await who.page.getByLabel('我已了解上述后果').check()
    await who.button('永久注销账号').click()
    await who.atSignIn()
    await who.page.locator('#lp-account').fill(name)
    await who.page.locator('#lp-password').fill('secret-1')
    await who.button('登录').click()
    await who.error('account').waitFor()
    await who.leave()
  })

  test(`says where a real name is verified (${size})`, async () => {
    const name = `real-${size}`
    await server.register(name)
    const who = await visitor(server, { viewport })
    await signIn(who, name)
    await who.row('实名认证').filter({ hasText: '未认证' }).click()
    await who.at('/userinfo/realname-verify')
    // Browsers have no face check: no form that could only fail.
    await who.page.getByText('请打开 App').waitFor()
    assert.equal(await who.page.locator('input').count(), 0)
    await who.leave()
  })

  test(`changes the nickname (${size})`, async () => {
    const name = `named-${size}`
    await server.register(name)
    const who = await visitor(server, { viewport })
    await signIn(who, name)
    await who.row('昵称').click()
    await who.page.locator('#lp-nickname').fill('a@b')
    await who.button('保存').click()
    await who.error('nickname').waitFor()
    await who.page.locator('#lp-nickname').fill('小令牌')
    await who.button('保存').click()
    await who.page.locator('.lp-avatar-name', { hasText: '小令牌' }).waitFor()
    await who.page.reload()
    await who.page.locator('.lp-avatar-name', { hasText: '小令牌' }).waitFor()
    await who.leave()
  })
}

for (const [size, viewport] of SIZES) test(`signs out after asking (${size})`, async () => {
  await server.register(`going-${size}`)
  const who = await visitor(server, { viewport })
  await signIn(who, `going-${size}`)
  await who.button('退出登录').click()
  await who.page.locator('dialog[open]').waitFor()
  await who.page.keyboard.press('Escape')
  await who.page.locator('dialog').waitFor({ state: 'detached' })
  await who.button('退出登录').click()
  await who.page.locator('dialog .lp-primary').click()
  await who.atSignIn()
  await who.page.goto('/')
  await who.page.locator('#lp-account').waitFor()
  await who.leave()
})

test('agreements are asked for where they are configured, also after the button', async () => {
  const agreeing = await startServer({
    'lingpai-pages/config.json': {
      agreements: { serviceUrl: 'https://example.com/terms', privacyUrl: 'https://example.com/privacy', scope: ['login'] },
    },
  })
  await agreeing.register('agreeable')
  const who = await visitor(agreeing)
  await who.open('/')
  await who.page.locator('#lp-account').fill('agreeable')
  await who.page.locator('#lp-password').fill('secret-1')
  await who.button('登录').click()
  await who.page.locator('dialog[open]').waitFor()
  await who.button('暂不同意').click()
  assert.equal(new URL(who.page.url()).pathname, '/')
  await who.button('登录').click()
  await who.button('同意并继续').click()
  await who.at('/userinfo/userinfo')
  await who.leave()
  await agreeing.stop()
})
