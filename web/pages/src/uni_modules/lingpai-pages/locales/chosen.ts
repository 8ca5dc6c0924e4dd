import { store, stored } from '../client/storage'

/** The languages there are. */
export type Locale = 'zh-Hans' | 'zh-Hant' | 'en'

/** The languages by their own names. */
export const LOCALES: { value: Locale; name: string }[] = [
  { value: 'zh-Hans', name: '简体中文' },
  { value: 'zh-Hant', name: '繁體中文' },
  { value: 'en', name: 'English' },
]

const CHOSEN = 'lingpai_locale'
let now = initial()
announce()

/** The language in use, for what shows nothing itself; `locale()` tells pages when it changes. */
export function chosenLocale(): Locale {
  return now
}

/** Chooses a language; the choice is kept on this device. */
export function chooseLocale(next: Locale) {
  now = next
  store(CHOSEN, next)
  // #ifdef LINGPAI_HOSTED
  // The server writes the first view, in this language from now on.
  document.cookie = `${CHOSEN}=${next}; path=/; samesite=lax; max-age=31536000`
  // #endif
  announce()
}

function initial(): Locale {
  const chosen = stored(CHOSEN)
  return LOCALES.find(({ value }) => value === chosen)?.value ?? byTag(system())
}

function system(): string {
  // #ifdef H5
  return navigator.language
  // #endif
  // #ifndef H5
  return uni.getLocale()
  // #endif
}

/** Chinese of Taiwan, Hong Kong and Macau is traditional; what is not Chinese is English. */
function byTag(tag: string): Locale {
  if (!/^zh/i.test(tag)) return 'en'
  return /hant|tw|hk|mo/i.test(tag) ? 'zh-Hant' : 'zh-Hans'
}

/** Screen readers and fonts need to know the language. */
function announce() {
  // #ifdef H5
  document.documentElement.lang = now
  // #endif
}
