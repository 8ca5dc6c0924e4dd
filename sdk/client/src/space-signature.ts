import { toHex, utf8 } from './bytes.js';
import { hmacMd5 } from './md5.js';

/** The text that the uniCloud protocol signs: top-level fields by name, without those that JavaScript counts as false. */
export function signedText(body: Record<string, unknown>): string {
  return Object.keys(body)
    .sort()
    .filter((name) => body[name])
    .map((name) => `${name}=${body[name]}`)
    .join('&');
}

/** `x-serverless-sign`: lower-case hex HMAC-MD5 by the space's client secret. */
export function spaceSignature(clientSecret: string, body: Record<string, unknown>): string {
  return toHex(hmacMd5(utf8(clientSecret), utf8(signedText(body))));
}
