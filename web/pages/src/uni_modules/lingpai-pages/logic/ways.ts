import { config } from './config'
import type { LoginType } from './config-types'
import type { ThirdParty } from '../client/account'

/** What the server calls each way. */
const SERVER_NAMES: Record<LoginType, string[]> = {
  username: ['username-password', 'mobile-password', 'email-password'],
  smsCode: ['mobile-code'],
  weixin: ['weixin'],
  qq: ['qq'],
  alipay: ['alipay'],
  apple: ['apple'],
  univerify: ['univerify'],
}

/** The ways in that are configured, possible on this platform and, where that is known, supported by the server. */
export function ways(): LoginType[] {
  return config.loginTypes.filter((type) => possible(type) && supported(type))
}

/** Those that need no form of their own. */
export function quickWays(): LoginType[] {
  return ways().filter((type) => type !== 'username' && type !== 'smsCode')
}

/** Whether the server has one of the ways; true where it did not say. */
export function supported(type: LoginType, known: string[] | undefined = config.supported): boolean {
  return !known || SERVER_NAMES[type].some((name) => known.includes(name))
}

/** The third party behind a way. */
export const PARTY: Partial<Record<LoginType, ThirdParty>> = { weixin: 'Weixin', qq: 'QQ', alipay: 'Alipay', apple: 'Apple' }

function possible(type: LoginType): boolean {
  const here: LoginType[] = ['username', 'smsCode']
  // #ifdef MP-WEIXIN
  here.push('weixin')
  // #endif
  // #ifdef MP-QQ
  here.push('qq')
  // #endif
  // #ifdef MP-ALIPAY
  here.push('alipay')
  // #endif
  // #ifdef APP
  here.push('weixin', 'qq', 'univerify')
  if (uni.getSystemInfoSync().osName === 'ios') here.push('apple')
  // #endif
  // #ifdef H5
  if (weixinAppId()) here.push('weixin')
  // #endif
  return here.includes(type)
}

/** WeChat's application id for this browser; '' where WeChat cannot be used. */
export function weixinAppId(): string {
  const { h5, web } = config.appid.weixin
  // #ifdef H5
  return /MicroMessenger/i.test(navigator.userAgent) ? h5 : web
  // #endif
  // #ifndef H5
  return h5 && web && ''
  // #endif
}
