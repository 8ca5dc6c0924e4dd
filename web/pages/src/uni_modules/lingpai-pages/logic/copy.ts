import { say } from './toast'
import { t } from '../locales'

/** Puts a text on the clipboard and says so; where that is not allowed the text can still be marked by hand. */
export function copy(text: string) {
  // #ifdef H5
  navigator.clipboard?.writeText(text).then(() => say(t('copied')), () => undefined)
  // #endif
  // #ifndef H5
  uni.setClipboardData({ data: text, showToast: false, success: () => say(t('copied')) })
  // #endif
}
