import { account } from './client/account'
import { callError } from './client'
import { config } from './logic/config'
import { supported } from './logic/ways'
import { paint } from './logic/brand'

/** To be called once, in App.vue's onLaunch. */
export async function init(): Promise<void> {
  paint()
  if (config.debug) await checkLoginTypes()
}

/** Says in the console which configured ways the server does not support. */
async function checkLoginTypes() {
  try {
    const { supportedLoginType } = await account.supportedLoginTypes()
    for (const type of config.loginTypes) {
      if (!supported(type, supportedLoginType)) {
        console.error(
          `lingpai-pages: loginTypes 中的“${type}”在服务器上没有配置，请检查 uni-id/config.json。 ` +
            `"${type}" of loginTypes is not set up in the server's uni-id/config.json.`,
        )
      }
    }
  } catch (thrown) {
    console.error('lingpai-pages: getSupportedLoginType', callError(thrown).message)
  }
}

export default init
