/**
 * What is kept on this device. Hosted pages reach it without the framework, which comes later than the first view; the
 * form of the values is the framework's own, so that either reads what the other wrote.
 */

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
