/** A new token, as every sign-in and renewal returns it. */
export interface NewToken {
  token: string
  /** Milliseconds since the epoch. */
  tokenExpired: number
}

/** What every successful answer has. */
export interface Answer {
  errCode: number | string
  errMsg?: string
  newToken?: NewToken
}

/** The answer to a sign-in or registration. */
export interface SignedIn extends Answer {
  uid: string
  passwordConfirmed?: boolean
  type?: 'login' | 'register'
}

/** What `getAccountInfo` tells. */
export interface AccountInfo extends Answer {
  isUsernameSet: boolean
  isNicknameSet: boolean
  isPasswordSet: boolean
  isMobileBound: boolean
  isEmailBound: boolean
  isWeixinBound: boolean
  isQQBound: boolean
  isAlipayBound: boolean
  isAppleBound: boolean
}

/** One's own row of `uni-id-users`. */
export interface Profile {
  _id: string
  username?: string
  nickname?: string
  mobile?: string
  email?: string
  avatar_file?: { url: string; name: string; extname: string }
}

/** A place where the user is signed in. */
export interface Session {
  sessionId: string
  /** Whether it is the session that asks. */
  current: boolean
  ip?: string
  userAgent?: string
  /** Milliseconds since the epoch. */
  createDate?: number
  lastUseDate?: number
}

/** A passkey of the user's. */
export interface Passkey {
  id: string
  name: string
  /** Milliseconds since the epoch. */
  createDate: number
  lastUseDate?: number
  /** Whether it is synchronised between devices. */
  backedUp: boolean
  transports: string[]
}

/** What `getPasskeys` tells. */
export interface Passkeys extends Answer {
  /** Whether the server allows them. */
  available: boolean
  /** How many there may be. */
  limit: number
  /** What adding one takes. */
  confirmBy: 'password' | 'code' | ''
  passkeys: Passkey[]
}

/** What `getRealNameInfo` tells. */
export interface RealName extends Answer {
  /** 0 none, 1 waiting, 2 verified, 3 failed. */
  authStatus: number
  realName?: string
  identity?: string
}

/** One step of a clientDB chain. */
export interface DatabaseStep {
  $method: string
  $param: unknown[]
}

/** A file to upload: a browser's blob, or the path that a mini program or app names it by. */
export type Upload = Blob | string

/** How calls reach the server. Every function rejects with a `CallError`. */
export interface Transport {
  call<T extends Answer>(object: string, method: string, argument?: object): Promise<T>
  /** Runs a clientDB chain. */
  database<T>(chain: DatabaseStep[]): Promise<T>
  /** Stores a file and gives its URL. */
  upload(cloudPath: string, file: Upload): Promise<string>
}
