import { ref } from 'vue'
import { chooseLocale, chosenLocale, type Locale } from './chosen'
import en from './en'
import zhHans from './zh-Hans'
import zhHant from './zh-Hant'

export { LOCALES, type Locale } from './chosen'

/** Every text of the pages. */
export type Words = Record<keyof typeof zhHans, string>
/** The name of a text. */
export type Word = keyof Words

const ALL: Record<Locale, Words> = { 'zh-Hans': zhHans, 'zh-Hant': zhHant, en }
const current = ref<Locale>(chosenLocale())

/** The language in use. */
export function locale(): Locale {
  return current.value
}

/** Switches the language; the choice is kept on this device. */
export function switchLocale(next: Locale) {
  chooseLocale(next)
  current.value = next
}

/** A text in the language in use, with `{name}` places filled. */
export function t(word: Word, values: Record<string, string | number> = {}): string {
  return ALL[current.value][word].replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place))
}
