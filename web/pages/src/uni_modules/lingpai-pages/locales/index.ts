import { ref } from 'vue'
import en from './en'
import zhHans from './zh-Hans'
import zhHant from './zh-Hant'

/** Every text of the pages. */
export type Words = Record<keyof typeof zhHans, string>
/** The name of a text. */
export type Word = keyof Words
/** The languages there are. */
export type Locale = 'zh-Hans' | 'zh-Hant' | 'en'

const ALL: Record<Locale, Words> = { 'zh-Hans': zhHans, 'zh-Hant': zhHant, en }
const CHOSEN = 'lingpai_locale'

/** The languages by their own names. */
export const LOCALES: { value: Locale; name: string }[] = [
  { value: 'zh-Hans', name: '简体中文' },
  { value: 'zh-Hant', name: '繁體中文' },
  { value: 'en', name: 'English' },
]

const current = ref<Locale>(initial())
announce(current.value)

/** The language in use. */
export function locale(): Locale {
  return current.value
}

/** Switches the language; the choice is kept on this device. */
export function switchLocale(next: Locale) {
  current.value = next
  uni.setStorageSync(CHOSEN, next)
  // #ifdef LINGPAI_HOSTED
  // The server writes the first view, in this language from now on.
  document.cookie = `${CHOSEN}=${next}; path=/; samesite=lax; max-age=31536000`
  // #endif
  announce(next)
}

/** A text in the language in use, with `{name}` places filled. */
export function t(word: Word, values: Record<string, string | number> = {}): string {
  return ALL[current.value][word].replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place))
}

function initial(): Locale {
  const chosen = uni.getStorageSync(CHOSEN)
  return chosen in ALL ? chosen : byTag(system())
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
function announce(tag: Locale) {
  // #ifdef H5
  document.documentElement.lang = tag
  // #endif
  void tag
}
