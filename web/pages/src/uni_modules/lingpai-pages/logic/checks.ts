import { t } from '../locales'
import { FieldError } from './form'
import { meets } from './password-rule'
import { identify, isEmail, isMobile, isUsername } from './identifier'
import type { Identifier } from '../client/account'

/** What the server would refuse is said before it is asked, in its own terms. */

/** Which of the three names of an account was typed. */
export function identifier(typed: string): Identifier {
  const text = typed.trim()
  if (!text) throw new FieldError('account', t('need.account'))
  const found = identify(text)
  if (found) return found
  throw new FieldError('account', t(/^\d+$/.test(text) ? 'bad.mobile' : text.includes('@') ? 'bad.email' : 'bad.username'))
}

export function mobile(typed: string): string {
  const text = typed.replace(/[\s-]/g, '').replace(/^\+?86(?=1\d{10}$)/, '')
  if (!isMobile(text)) throw new FieldError('mobile', t('bad.mobile'))
  return text
}

export function email(typed: string): string {
  const text = typed.trim()
  if (!isEmail(text)) throw new FieldError('email', t('bad.email'))
  return text
}

export function username(typed: string): string {
  const text = typed.trim()
  if (!text) throw new FieldError('username', t('need.username'))
  if (!isUsername(text)) throw new FieldError('username', t('bad.username'))
  return text
}

/** undefined: none was given. */
export function nickname(typed: string): string | undefined {
  const text = typed.trim()
  if (!text) return undefined
  if (text.length > 100 || text.includes('@') || /^\d+$/.test(text)) throw new FieldError('nickname', t('bad.nickname'))
  return text
}

/** Where one cannot be left out. */
export function someNickname(typed: string): string {
  const text = nickname(typed)
  if (!text) throw new FieldError('nickname', t('bad.nickname'))
  return text
}

export function code(typed: string): string {
  const text = typed.replace(/\s/g, '')
  if (!text) throw new FieldError('code', t('need.code'))
  if (!/^\d{6}$/.test(text)) throw new FieldError('code', t('need.codeDigits'))
  return text
}

export function captcha(typed: string): string {
  const text = typed.trim()
  if (!text) throw new FieldError('captcha', t('need.captcha'))
  return text
}

/** A password that exists already: only its presence can be checked. */
export function present(field: string, typed: string): string {
  if (!typed) throw new FieldError(field, t('need.password'))
  return typed
}

export function newPassword(typed: string): string {
  if (!typed) throw new FieldError('password', t('need.newPassword'))
  if (!meets(typed)) throw new FieldError('password', t('bad.password'))
  return typed
}
