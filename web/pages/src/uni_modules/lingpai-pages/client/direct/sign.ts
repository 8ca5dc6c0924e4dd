import { hmacMd5 } from './md5'

/** The signature of the uniCloud client protocol: it names the space, it proves nobody. */
export function sign(envelope: Record<string, unknown>, secret: string): string {
  const text = Object.keys(envelope)
    .sort()
    .filter((key) => envelope[key])
    .map((key) => `${key}=${envelope[key]}`)
    .join('&')
  return hmacMd5(secret, text)
}
