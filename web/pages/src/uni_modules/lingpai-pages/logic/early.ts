import type { SignedIn } from '../client/types'
// #ifdef LINGPAI_HOSTED
import { begunSignIn, PLACE } from './early-press'
import { locale, LOCALES, switchLocale } from '../locales'
// #endif

/**
 * The first view that the server sends with a hosted page: it is there with the first bytes, and a visitor may type
 * into it while the scripts are still on their way. Elsewhere there is none and all of this does nothing.
 */

/** What was done before the page had come. */
export interface Early {
  agreed: boolean
  /** The button was pressed: the visitor waits for it. */
  pressed: boolean
  /** The answer to the sign-in that the press began; absent where something was missing for one. */
  answer?: Promise<SignedIn>
}

/** Takes over into a form's values what was typed. */
export function takeEarly(values: Record<string, string>): Early {
  const early: Early = { agreed: false, pressed: false }
  // #ifdef LINGPAI_HOSTED
  const place = document.getElementById(PLACE)
  if (!place) return early
  for (const field of Object.keys(values)) {
    const typed = place.querySelector<HTMLInputElement>(`#lp-${field}`)?.value
    if (typed) values[field] = typed
  }
  early.answer = begunSignIn()
  early.agreed = Boolean(early.answer || place.querySelector<HTMLInputElement>('#lp-consent')?.checked)
  early.pressed = Boolean(place.querySelector('details[open]'))
  // #endif
  void values
  return early
}

/** Removes the first view once the page stands in its place; the cursor stays where it was. */
export function replaceEarly() {
  // #ifdef LINGPAI_HOSTED
  const place = document.getElementById(PLACE)
  if (!place) return
  const held = place.contains(document.activeElement) ? (document.activeElement as HTMLInputElement) : undefined
  const selection = held?.id ? [held.selectionStart, held.selectionEnd] : []
  const chosen = LOCALES.find(({ value }) => value === place.querySelector<HTMLSelectElement>('.lp-select')?.value)?.value
  const began = place.lang
  place.remove()
  if (chosen && began && chosen !== began && chosen !== locale()) switchLocale(chosen)
  if (!held) return
  const next = document.querySelector<HTMLInputElement>(held.id ? `#${held.id}` : '.lp button[type=submit]')
  next?.focus()
  if (/^(text|password)$/.test(next?.type ?? '')) next?.setSelectionRange(selection[0] ?? 0, selection[1] ?? 0)
  // #endif
}
