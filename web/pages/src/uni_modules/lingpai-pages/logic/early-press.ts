// #ifdef LINGPAI_HOSTED
import { direct } from '../client/direct'
import type { SignedIn } from '../client/types'
import { chooseLocale, LOCALES } from '../locales/chosen'
import { identify } from './identifier'

/** The element of the first view. */
export const PLACE = 'lingpai-shell'

/** The sign-in that was begun in the first view. */
let begun: Promise<SignedIn> | undefined

/** Hands the sign-in that was begun over to the page; undefined: none was. */
export function begunSignIn(): Promise<SignedIn> | undefined {
  return begun
}

/**
 * Makes the button of the first view work. This comes in a file of its own that is here long before the framework: a
 * press is sent to the server at once, and the page, as it takes over, shows the answer. What is missing or wrong is
 * said by the page, too: it has the words.
 */
export function serveFirstView() {
  const place = document.getElementById(PLACE)
  const button = place?.querySelector('details')
  if (!place || !button) return
  const box = (id: string) => place.querySelector<HTMLInputElement>(`#lp-${id}`)

  const begin = () => {
    const account = identify(box('account')?.value.trim() ?? '')
    const password = box('password')?.value
    const agreed = box('consent')?.checked ?? true
    if (begun || !button.open || !account || !password || !agreed) return
    begun = direct.call<SignedIn>('uni-id-co', 'login', { ...account, password })
    // Until somebody waits for it.
    begun.catch(() => undefined)
  }
  button.addEventListener('toggle', begin)
  place.addEventListener('keydown', (event) => {
    const typing = event.target instanceof HTMLInputElement && event.target.type !== 'checkbox'
    if (event.key === 'Enter' && typing && !event.isComposing) button.open = true
  })
  place.querySelector('select')?.addEventListener('change', (event) => {
    const chosen = LOCALES.find(({ value }) => value === (event.target as HTMLSelectElement).value)
    if (chosen) chooseLocale(chosen.value)
  })
  // It may have been pressed before.
  begin()
}
// #endif
