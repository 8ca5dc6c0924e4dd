import { config } from './config'
import { ways } from './ways'

const ROOT = '/uni_modules/lingpai-pages/pages/'

/** The plugin's pages by role. */
export const PAGES = {
  password: `${ROOT}login/login-withpwd`,
  smsCode: `${ROOT}login/login-smscode`,
  withoutPassword: `${ROOT}login/login-withoutpwd`,
  secondStep: `${ROOT}login/second-step`,
  register: `${ROOT}register/register`,
  registerByEmail: `${ROOT}register/register-by-email`,
  registerAdmin: `${ROOT}register/register-admin`,
  retrieve: `${ROOT}retrieve/retrieve`,
  retrieveByEmail: `${ROOT}retrieve/retrieve-by-email`,
  me: `${ROOT}userinfo/userinfo`,
  bindMobile: `${ROOT}userinfo/bind-mobile`,
  bindEmail: `${ROOT}userinfo/bind-email`,
  changePassword: `${ROOT}userinfo/change_pwd`,
  setPassword: `${ROOT}userinfo/set-pwd`,
  twoSteps: `${ROOT}userinfo/two-steps`,
  sessions: `${ROOT}userinfo/sessions`,
  passkeys: `${ROOT}userinfo/passkeys`,
  realName: `${ROOT}userinfo/realname-verify`,
  close: `${ROOT}userinfo/deactivate`,
  webview: `${ROOT}common/webview/webview`,
} as const

/** A role. */
export type Page = keyof typeof PAGES

/** Where to go after signing in, as the page that asked for it wrote it. */
let wanted = ''

/** Remembers the query of a sign-in page. */
export function remember(query: Record<string, string | undefined> | undefined) {
  const asked = query?.uniIdRedirectUrl
  if (asked) wanted = decoded(asked)
}

/** Opens a page; back returns here. */
export function open(page: Page, query = '') {
  uni.navigateTo({ url: PAGES[page] + query })
}

/** Replaces this page: neighbours do not pile up. */
export function swap(page: Page, query = '') {
  uni.redirectTo({ url: PAGES[page] + query })
}

/** Goes back, or to a page if there is nothing behind. */
export function back(otherwise: Page) {
  if (getCurrentPages().length > 1) uni.navigateBack({})
  else swap(otherwise)
}

/** After signing in: to what was asked for, else where the visitor came from, else home. */
export function onward() {
  const target = wanted
  wanted = ''
  if (isOwnPage(target)) return leave(target)
  const pages = getCurrentPages()
  // The page that is open is being left, also where it is that of a password to set.
  const behind = [...pages].reverse().findIndex((page, place) => place > 0 && !isSignInPage(page.route ?? ''))
  if (behind > 0) uni.navigateBack({ delta: behind })
  else leave(config.home)
}

/** To the sign-in page; afterwards back to the page that is open now. */
export function toSignIn(returning: boolean) {
  const pages = getCurrentPages()
  const here = pages[pages.length - 1] as { route?: string; $page?: { fullPath?: string } } | undefined
  if (here && isSignInPage(here.route ?? '')) return
  const path = here?.$page?.fullPath ?? (here?.route ? `/${here.route}` : '')
  const query = returning && path ? `?uniIdRedirectUrl=${encodeURIComponent(path)}` : ''
  uni.reLaunch({ url: signInPage() + query })
}

/** The page of the first configured way to sign in that there is here. */
export function signInPage(): string {
  const first = ways()[0]
  if (first === 'username' || !first) return PAGES.password
  return first === 'smsCode' ? PAGES.smsCode : `${PAGES.withoutPassword}?type=${first}`
}

/** Opens an agreement or another outside address where there are no links. */
export function openLink(url: string) {
  uni.navigateTo({ url: `${PAGES.webview}?url=${encodeURIComponent(url)}` })
}

/** An address that may be a path of the server. */
export function absolute(url: string): string {
  return /^\/(?!\/)/.test(url) ? (config.server?.endpoint ?? '') + url : url
}

/** Tab pages can only be switched to. */
function leave(url: string) {
  uni.redirectTo({ url, fail: () => uni.switchTab({ url: url.split('?')[0], fail: () => uni.reLaunch({ url }) }) })
}

/** Only paths inside the project: a redirect address comes from outside. */
function isOwnPage(url: string): boolean {
  return /^\/(?![/\\])/.test(url) && !isSignInPage(url.slice(1))
}

function isSignInPage(route: string): boolean {
  return /lingpai-pages\/pages\/(login|register|retrieve)\//.test(route) || route === ''
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
