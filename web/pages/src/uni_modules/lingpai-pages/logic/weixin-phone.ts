import { account } from '../client/account'
import { asUser } from './signed-in'

/** What WeChat's `getPhoneNumber` button brings: a code, or, from older base libraries, the number encrypted. */
export interface PhoneNumberGiven {
  code?: string
  encryptedData?: string
  iv?: string
}

/** Binds the number that WeChat vouches for: no code need be sent. False: the visitor turned it down. */
export async function bindWeixinPhone({ code, encryptedData, iv }: PhoneNumberGiven): Promise<boolean> {
  if (!code && !encryptedData) return false
  await asUser(() => account.bindMobileByMpWeixin(code ? { code } : { encryptedData, iv }))
  return true
}
