import { account } from '../client/account'
import { callError, isMissing, needsLogin, type SignedIn } from '../client'
import { forget, token } from '../client/session'
import { isKept } from '../client/storage'
import { t } from '../locales'
import { config } from './config'
import { back, onward, open, swap, toSignIn } from './go'
import { say } from './toast'

/** Events that projects listen to with `uni.$on`. */
export const SIGNED_IN = 'uni-id-pages-login-success'
export const SIGNED_OUT = 'uni-id-pages-logout'

/** Every sign-in and registration ends here. */
export async function welcome(answer: SignedIn) {
  uni.$emit(SIGNED_IN, { uid: answer.uid, type: answer.type, ...answer.newToken })
  const done = t(answer.type === 'register' ? 'register.done' : 'signIn.welcome')
  say(isKept() ? done : t('signIn.unkept', { done }))
  if (await lacksPassword(answer)) swap('setPassword', '?after=login')
  else onward()
}

/** The ticket of a sign-in whose second step is still to come. */
let ticket = ''

/** Signs in: where the account wants a second step, its page comes first. */
export async function enter(action: () => Promise<SignedIn>) {
  try {
    await welcome(await action())
  } catch (thrown) {
    const error = callError(thrown)
    const step = error.detail.secondStep as { ticket?: string } | undefined
    if (!/second-step-required$/.test(error.code) || !step?.ticket) throw error
    ticket = step.ticket
    open('secondStep')
  }
}

/** Whether a second step is awaited. */
export function awaitsSecondStep(): boolean {
  return Boolean(ticket)
}

/** Takes the second step with a code of the authenticator app, or a recovery code. */
export async function takeSecondStep(code: string) {
  try {
    await welcome(await account.loginBySecondStep({ ticket, code }))
    ticket = ''
  } catch (thrown) {
    const error = callError(thrown)
    if (!/second-step-expired$/.test(error.code)) throw error
    ticket = ''
    say(error.message)
    back('password')
  }
}

/** Whether this user must be asked for a password now. */
async function lacksPassword(answer: SignedIn): Promise<boolean> {
  if (!config.setPasswordAfterLogin || answer.passwordConfirmed) return false
  try {
    // Without a number no code can be sent, and the page could only turn the user away.
    const info = await account.info()
    return !info.isPasswordSet && info.isMobileBound
  } catch {
    return false
  }
}

/** Signs out here whatever the server says: nobody may be kept signed in by a dead network. */
export async function signOut() {
  try {
    if (token()) await account.logout()
  } catch {
    // The token dies of age.
  }
  leave()
  say(t('me.signOut.done'))
}

/** Forgets the session and goes to the sign-in page. */
export function leave(returning = false) {
  forget()
  uni.$emit(SIGNED_OUT)
  toSignIn(returning)
}

/** For pages of the account centre: false, and off to sign in, when nobody is signed in. */
export function requireUser(): boolean {
  if (token()) return true
  // The page that asks is not in the stack before it is shown.
  setTimeout(() => toSignIn(true))
  return false
}

/** Runs a call of a signed-in user; a lost session leads to the sign-in page and back. */
export async function asUser<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (thrown) {
    const error = callError(thrown)
    if (needsLogin(error)) {
      leave(true)
      say(error.message || t('signIn.again'))
    }
    throw error
  }
}

/** As `asUser`; undefined where the server has no such method. */
export async function ifThere<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await asUser(action)
  } catch (thrown) {
    const error = callError(thrown)
    if (isMissing(error)) return undefined
    throw error
  }
}
