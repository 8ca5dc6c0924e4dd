import { account } from './client/account'
import { callError } from './client'
import { config } from './logic/config'
import { supported } from './logic/ways'
import { paint } from './logic/brand'

/**
 * To be called once, in App.vue's onLaunch. With `debug` it asks the server which ways to sign in it supports.
 *
 * @throws With `debug`: naming the configured ways that the server lacks, or if it could not be asked.
 */
export async function init(): Promise<void> {
  paint()
  if (config.debug) await checkLoginTypes()
}

async function checkLoginTypes() {
  const { supportedLoginType } = await account.supportedLoginTypes().catch((thrown) => {
    throw new Error(`lingpai-pages: getSupportedLoginType: ${callError(thrown).message}`)
  })
  const lacking = config.loginTypes.filter((type) => !supported(type, supportedLoginType))
  if (!lacking.length) return
  const names = (mark: [string, string], between: string) => lacking.map((type) => mark[0] + type + mark[1]).join(between)
  throw new Error(
    `lingpai-pages: loginTypes 中的${names(['“', '”'], '、')}在服务器上没有配置，请检查 uni-id/config.json。 ` +
      `${names(['"', '"'], ', ')} of loginTypes: not set up in the server's uni-id/config.json.`,
  )
}

export default init
