/**
 * HMAC-MD5 as lower-case hexadecimal (RFC 1321, RFC 2104), for the signature of the uniCloud client protocol, which
 * names the space and protects nothing. The same few lines as in sdk/client: a plugin must work without `npm install`,
 * and a library of ten times the size would be felt at the first view.
 */
export function hmacMd5(key: string, message: string): string {
  const secret = utf8(key)
  const block = [...(secret.length > 64 ? md5(secret) : secret)]
  while (block.length < 64) block.push(0)
  const inner = md5([...block.map((byte) => byte ^ 0x36), ...utf8(message)])
  return md5([...block.map((byte) => byte ^ 0x5c), ...inner])
    .map((byte) => (byte + 256).toString(16).slice(1))
    .join('')
}

const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const SINES = Array.from({ length: 64 }, (_, at) => Math.floor(Math.abs(Math.sin(at + 1)) * 2 ** 32) | 0)

function md5(message: number[]): number[] {
  const padded = new Uint8Array((((message.length + 8) >> 6) + 1) * 64)
  padded.set(message)
  padded[message.length] = 0x80
  const view = new DataView(padded.buffer)
  // Messages of half a gigabyte and more are not signed.
  view.setUint32(padded.length - 8, message.length << 3, true)

  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
  for (let start = 0; start < padded.length; start += 64) {
    let [a, b, c, d] = state
    for (let at = 0; at < 64; at += 1) {
      const round = at >> 4
      const mixed = round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d)
      const word = round === 0 ? at : round === 1 ? (5 * at + 1) & 15 : round === 2 ? (3 * at + 5) & 15 : (7 * at) & 15
      const sum = (a + mixed + SINES[at] + view.getUint32(start + word * 4, true)) | 0
      const shift = SHIFTS[round * 4 + (at & 3)]
      const turned = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0
      a = d
      d = c
      c = b
      b = turned
    }
    ;[a, b, c, d].forEach((value, at) => (state[at] = (state[at] + value) | 0))
  }
  const digest = new DataView(new ArrayBuffer(16))
  state.forEach((value, at) => digest.setUint32(at * 4, value, true))
  return Array.from(new Uint8Array(digest.buffer))
}

/** Mini programs have no TextEncoder. */
function utf8(text: string): number[] {
  const escaped = encodeURIComponent(text).replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
  return Array.from(escaped, (character) => character.charCodeAt(0))
}
