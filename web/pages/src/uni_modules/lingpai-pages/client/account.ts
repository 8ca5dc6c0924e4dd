import { transport } from '.'
import type { AccountInfo, Answer, Passkey, Passkeys, Profile, RealName, Session, SignedIn, Upload } from './types'
import { uid } from './session'

/** One of the three names of an account. */
export type Identifier = { username: string } | { mobile: string } | { email: string }

/** The third parties, as the methods' names spell them. */
export type ThirdParty = 'Weixin' | 'QQ' | 'Alipay' | 'Apple'

/** Options for the browser, and what names them to the server. */
export type PasskeyCeremony = Answer & { ceremonyId: string; publicKey: Record<string, unknown> }

const call = <T extends Answer = Answer>(method: string, argument?: object) => transport().call<T>('uni-id-co', method, argument)

/** The methods of `uni-id-co` that the pages use, typed. Each rejects with a `CallError`. */
export const account = {
  login: (given: Identifier & { password: string; captcha?: string }) => call<SignedIn>('login', given),
  loginBySms: (given: { mobile: string; code: string; captcha?: string }) => call<SignedIn>('loginBySms', given),
  loginByCode: (party: ThirdParty, code: string) => call<SignedIn>(`loginBy${party}`, { code }),
  loginBy: (method: string, given: object) => call<SignedIn>(method, given),
  loginBySecondStep: (given: { ticket: string; code: string }) => call<SignedIn>('loginBySecondStep', given),
  secondStep: () => call<Answer & { available: boolean; enabled: boolean; recoveryCodesLeft?: number }>('getSecondStep'),
  setUpTotp: (given: { password?: string }) => call<Answer & { secret: string; uri: string; qrCode?: string }>('setUpTotp', given),
  confirmTotp: (code: string) => call<Answer & { recoveryCodes: string[] }>('confirmTotp', { code }),
  removeTotp: (code: string) => call('removeTotp', { code }),
  passkeys: () => call<Passkeys>('getPasskeys'),
  startPasskeyRegistration: (given: { password?: string; code?: string }) => call<PasskeyCeremony>('startPasskeyRegistration', given),
  finishPasskeyRegistration: (given: { ceremonyId: string; credential: object; name: string }) =>
    call<Answer & { passkey: Passkey }>('finishPasskeyRegistration', given),
  renamePasskey: (id: string, name: string) => call('renamePasskey', { id, name }),
  removePasskey: (id: string) => call('removePasskey', { id }),
  startPasskeyLogin: () => call<PasskeyCeremony>('startPasskeyLogin'),
  loginByPasskey: (given: { ceremonyId: string; credential: object }) => call<SignedIn>('loginByPasskey', given),
  registerUser: (given: { username: string; password: string; nickname?: string; captcha: string }) => call<SignedIn>('registerUser', given),
  registerUserByEmail: (given: { email: string; password: string; nickname?: string; code: string }) =>
    call<SignedIn>('registerUserByEmail', given),
  registerAdmin: (given: { username: string; password: string; nickname?: string; setupToken?: string }) =>
    call<SignedIn>('registerAdmin', given),
  logout: () => call('logout'),
  sendSmsCode: (given: { mobile: string; scene: string; captcha: string }) => call('sendSmsCode', given),
  sendEmailCode: (given: { email: string; scene: string; captcha: string }) => call('sendEmailCode', given),
  resetPwdBySms: (given: { mobile: string; code: string; password: string; captcha?: string }) => call('resetPwdBySms', given),
  resetPwdByEmail: (given: { email: string; code: string; password: string; captcha?: string }) => call('resetPwdByEmail', given),
  updatePwd: (given: { oldPassword: string; newPassword: string }) => call('updatePwd', given),
  setPwd: (given: { password: string; code: string; captcha?: string }) => call('setPwd', given),
  bindMobileBySms: (given: { mobile: string; code: string; captcha?: string }) => call('bindMobileBySms', given),
  bindMobileByMpWeixin: (given: { code: string } | { encryptedData?: string; iv?: string }) => call('bindMobileByMpWeixin', given),
  bindEmail: (given: { email: string; code: string; captcha?: string }) => call('bindEmailByCode', given),
  unbindEmail: () => call('unbindEmail'),
  unbindMobile: () => call('unbindMobile'),
  bind: (party: ThirdParty, code: string) => call(`bind${party}`, { code }),
  bindBy: (method: string, given: object) => call(method, given),
  sessions: () => call<Answer & { sessions: Session[] }>('getSessions'),
  revokeSession: (sessionId: string) => call('revokeSession', { sessionId }),
  revokeOtherSessions: () => call('revokeOtherSessions'),
  unbind: (party: ThirdParty) => call(`unbind${party}`),
  closeAccount: () => call('closeAccount'),
  info: () => call<AccountInfo>('getAccountInfo'),
  realName: () => call<RealName>('getRealNameInfo'),
  frvCertifyId: (given: { realName: string; idCard: string; metaInfo: string }) => call<Answer & { certifyId: string }>('getFrvCertifyId', given),
  frvResult: (certifyId: string) => call<RealName>('getFrvAuthResult', { certifyId }),
  supportedLoginTypes: () => call<Answer & { supportedLoginType: string[] }>('getSupportedLoginType'),
}

/** Draws a captcha; the picture as a data URI. */
export async function captchaPicture(scene: string): Promise<string> {
  const answer = await transport().call<Answer & { captchaBase64: string }>('uni-captcha-co', 'getImageCaptcha', { scene })
  return answer.captchaBase64
}

const step = ($method: string, ...$param: unknown[]) => ({ $method, $param })

/** One's own row of `uni-id-users`; undefined if there is none. */
export async function profile(): Promise<Profile | undefined> {
  const answer = await transport().database<{ data: Profile[] }>([
    step('collection', 'uni-id-users'),
    step('where', "'_id' == $cloudEnv_uid"),
    step('field', 'mobile,nickname,username,email,avatar_file'),
    step('get'),
  ])
  return answer.data?.[0]
}

/** Changes one's own row. */
export function changeProfile(change: Partial<Pick<Profile, 'nickname' | 'avatar_file'>>): Promise<unknown> {
  return transport().database([step('collection', 'uni-id-users'), step('where', '_id==$env.uid'), step('update', change)])
}

/** Stores a picture and makes it one's avatar; gives its URL. */
export async function changeAvatar(file: Upload, extname: string): Promise<string> {
  const name = `user/avatar/${uid()}${Date.now()}.${extname}`
  const url = await transport().upload(name, file)
  await changeProfile({ avatar_file: { extname, name, url } })
  return url
}

/** Whether nobody administrates yet. Failures count as "somebody does". */
export async function lacksAdmin(): Promise<boolean> {
  try {
    const answer = await transport().database<{ total: number }>([
      step('collection', 'uni-id-users'),
      step('where', { role: 'admin' }),
      step('count'),
    ])
    return answer.total === 0
  } catch {
    return false
  }
}
