import { CallError } from '../client'
import { isKept } from '../client/storage'
import { t } from '../locales'
import type { LoginType } from './config-types'
import { PARTY, weixinAppId } from './ways'

const STATE = 'lingpai_weixin_state'

/** What a third party gave: the arguments of its method. */
type Proof = Record<string, unknown>

/** The method that signs in with what `prove` gave. */
export function signInMethod(type: LoginType): string {
  return type === 'univerify' ? 'loginByUniverify' : `loginBy${PARTY[type]}`
}

/** Proves an account with a third party; undefined when the visitor changed his mind or the page is being left for it. */
export async function prove(type: LoginType, purpose: 'login' | 'bind'): Promise<Proof | undefined> {
  // #ifdef H5
  if (type === 'weixin') visitWeixin(purpose)
  return undefined
  // #endif
  // #ifndef H5
  void purpose
  return new Promise((resolve, reject) => {
    uni.login({
      provider: type as 'weixin',
      onlyAuthorize: true,
      success: (result) => resolve(proofOf(type, result as unknown as Record<string, unknown>)),
      fail: (failure: { errMsg?: string; errCode?: number }) => {
        uni.closeAuthView?.()
        // Thirty thousand and so on: closed by the visitor.
        if (/cancel|auth deny/i.test(failure.errMsg ?? '') || [30002, 30003].includes(failure.errCode ?? 0)) resolve(undefined)
        else reject({ errCode: 'lingpai-third-party', errMsg: failure.errMsg })
      },
    } as UniApp.LoginOptions)
  })
  // #endif
}

// #ifndef H5
function proofOf(type: LoginType, result: Record<string, unknown>): Proof {
  if (type === 'univerify') {
    uni.closeAuthView?.()
    return (result.authResult ?? {}) as Proof
  }
  if (type === 'apple') {
    const info = (result.appleInfo ?? {}) as Record<string, unknown>
    return { identityToken: info.identityToken, fullName: info.fullName }
  }
  if (type === 'qq' && result.authResult) {
    const { openid, access_token, expires_in } = result.authResult as Record<string, unknown>
    return { accessToken: access_token, openid, accessTokenExpired: Date.now() + Number(expires_in ?? 0) * 1000 }
  }
  return { code: result.code }
}
// #endif

// #ifdef H5
/** Leaves for WeChat's own page, which comes back with a code. */
function visitWeixin(purpose: 'login' | 'bind') {
  // Whoever comes back must be the one who left: that has to be kept meanwhile.
  if (!isKept()) throw new CallError('lingpai-not-kept', t('weixin.unkept'))
  const inside = /MicroMessenger/i.test(navigator.userAgent)
  const state = `${purpose}.${Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join('')}`
  sessionStorage.setItem(STATE, state)
  const query = new URLSearchParams({
    appid: weixinAppId(),
    redirect_uri: location.origin + location.pathname,
    response_type: 'code',
    scope: inside ? 'snsapi_userinfo' : 'snsapi_login',
    state,
  })
  location.href = `https://open.weixin.qq.com/connect/${inside ? 'oauth2/authorize' : 'qrconnect'}?${query}#wechat_redirect`
}
// #endif

/** The code with which WeChat came back to this page; undefined if it did not, or for another purpose. */
export function weixinCode(query: Record<string, string | undefined> | undefined, purpose: 'login' | 'bind'): string | undefined {
  // #ifdef H5
  const expected = sessionStorage.getItem(STATE)
  if (query?.code && expected && query.state === expected && expected.startsWith(`${purpose}.`)) {
    sessionStorage.removeItem(STATE)
    // A code is good once: a reload must not send it again.
    history.replaceState(history.state, '', location.pathname)
    return query.code
  }
  // #endif
  void query
  void purpose
  return undefined
}
