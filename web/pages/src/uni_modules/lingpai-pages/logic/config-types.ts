/** Ways to sign in as `loginTypes` names them. */
export type LoginType = 'username' | 'smsCode' | 'weixin' | 'qq' | 'alipay' | 'apple' | 'univerify'

/** Password rules by name (see `password-rule.ts`); '' or false: the least rule. */
export type StrengthName = 'super' | 'strong' | 'medium' | 'weak' | '' | false

/** When the agreements must be consented to. */
export type AgreementScope = 'register' | 'login'

/** A space of the uniCloud client protocol, for calls without the uniCloud SDK. */
export interface Server {
  /** Without a slash at its end; '' means the page's own origin. */
  endpoint: string
  spaceId: string
  clientSecret: string
  appId: string
}

/** How the pages look. */
export interface Brand {
  name: string
  slogan: string
  /** A URL; '' shows the built-in mark. */
  logo: string
  /** A CSS colour for buttons and links; '' keeps the built-in one. */
  color: string
  /** The same on dark backgrounds. */
  colorDark: string
  links: { text: string; url: string }[]
}

/** `config.js`. */
export interface Configuration {
  debug: boolean
  loginTypes: LoginType[]
  agreements: { serviceUrl: string; privacyUrl: string; scope: AgreementScope[] }
  appid: { weixin: { h5: string; web: string } }
  passwordStrength: StrengthName
  setPasswordAfterLogin: boolean | { allowSkip: boolean }
  home: string
  emailRegistration: boolean
  brand: Brand
  server: Server | null
}
