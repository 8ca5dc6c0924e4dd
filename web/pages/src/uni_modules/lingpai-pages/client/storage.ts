/**
 * What is kept on this device. Hosted pages reach it without the framework, which comes later than the first view; the
 * form of the values is the framework's own, so that either reads what the other wrote.
 */

// #ifdef LINGPAI_HOSTED
/** As much of `Storage` as is used: keys are properties of their own, as they are there. */
const forgetful = {
  getItem(this: Record<string, string>, key: string) {
    return this[key] ?? null
  },
  setItem(this: Record<string, string>, key: string, text: string) {
    this[key] = String(text)
  },
  removeItem(this: Record<string, string>, key: string) {
    delete this[key]
  },
}

/** Whether the browser keeps what it is given; otherwise everything is forgotten with the page. */
const keeps = [keeping('localStorage'), keeping('sessionStorage')].every(Boolean)

/**
 * Browsers whose owners forbid sites to keep anything refuse the very look at their storage: the framework, too, would
 * fail at its start, which comes after this. What stands in for it lasts as long as the page.
 */
function keeping(name: 'localStorage' | 'sessionStorage'): boolean {
  const probe = 'lingpai_probe'
  try {
    window[name].setItem(probe, '')
    window[name].removeItem(probe)
    return true
  } catch {
    Object.defineProperty(window, name, { value: Object.create(forgetful), configurable: true })
    return false
  }
}
// #endif

/** What is kept under a key; '' if nothing is. */
export function stored(key: string): unknown {
  // #ifdef LINGPAI_HOSTED
  const text = localStorage.getItem(key)
  try {
    const { type, data } = JSON.parse(text ?? '') ?? {}
    if (type && typeof data === type) return data
  } catch {
    // A text is kept as it is.
  }
  return text ?? ''
  // #endif
  // #ifndef LINGPAI_HOSTED
  return uni.getStorageSync(key)
  // #endif
}

/** Whether what is kept outlives the page. */
export function isKept(): boolean {
  // #ifdef LINGPAI_HOSTED
  return keeps
  // #endif
  // #ifndef LINGPAI_HOSTED
  return true
  // #endif
}

/** Keeps a text, a number or an object. */
export function store(key: string, data: unknown) {
  // #ifdef LINGPAI_HOSTED
  localStorage.setItem(key, typeof data === 'string' ? data : JSON.stringify({ type: typeof data, data }))
  // #endif
  // #ifndef LINGPAI_HOSTED
  uni.setStorageSync(key, data)
  // #endif
}

/** Keeps it no longer. */
export function discard(key: string) {
  // #ifdef LINGPAI_HOSTED
  localStorage.removeItem(key)
  // #endif
  // #ifndef LINGPAI_HOSTED
  uni.removeStorageSync(key)
  // #endif
}
