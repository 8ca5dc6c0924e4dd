import type { Identifier } from '../client/account'

export const isMobile = (text: string) => /^1\d{10}$/.test(text)
export const isEmail = (text: string) => /^[^@\s]+@[^@\s]+$/.test(text)
export const isUsername = (text: string) => /^[A-Za-z0-9_-]+$/.test(text) && !/^\d+$/.test(text)

/** Which of the three names of an account a text is, as the server judges; undefined: none. */
export function identify(text: string): Identifier | undefined {
  if (isMobile(text)) return { mobile: text }
  if (isEmail(text)) return { email: text }
  return isUsername(text) ? { username: text } : undefined
}
