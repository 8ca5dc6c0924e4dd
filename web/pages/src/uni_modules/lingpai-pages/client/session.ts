import { discard, store, stored } from './storage'
import type { NewToken } from './types'

/** The keys under which the uniCloud SDK keeps the token: both see the same session. */
const TOKEN = 'uni_id_token'
const EXPIRED = 'uni_id_token_expired'

/** The session's token; '' when signed out or when its time is over. */
export function token(): string {
  const ends = Number(stored(EXPIRED)) || 0
  return ends > Date.now() ? String(stored(TOKEN) || '') : ''
}

/** Keeps a new token. */
export function keep(fresh: NewToken | undefined) {
  if (!fresh?.token || !fresh.tokenExpired) return
  store(TOKEN, fresh.token)
  store(EXPIRED, fresh.tokenExpired)
  hint(fresh.tokenExpired)
}

/** Forgets the session. */
export function forget() {
  discard(TOKEN)
  discard(EXPIRED)
  hint(0)
}

/** Tells the server that its pages will be opened by somebody who is signed in: no form need be drawn first. Proves nothing. */
function hint(until: number) {
  // #ifdef LINGPAI_HOSTED
  document.cookie = `lingpai_signed_in=1; path=/; samesite=lax; expires=${new Date(until).toUTCString()}`
  // #endif
  void until
}

/** The user's id, as the token names it; '' when signed out. */
export function uid(): string {
  const payload = token().split('.')[1]
  if (!payload) return ''
  try {
    return JSON.parse(decode(payload)).uid ?? ''
  } catch {
    return ''
  }
}

/** The payload is ASCII; mini programs have no atob. */
function decode(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  let bits = 0
  let held = 0
  let plain = ''
  for (const character of text.replace(/-/g, '+').replace(/_/g, '/').replace(/=/g, '')) {
    held = (held << 6) | alphabet.indexOf(character)
    bits += 6
    if (bits >= 8) {
      bits -= 8
      plain += String.fromCharCode((held >> bits) & 255)
    }
  }
  return plain
}
