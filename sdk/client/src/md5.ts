// HMAC-MD5 for the space's signature (RFC 1321, RFC 2104). It identifies the space and protects nothing; WebCrypto has
// no MD5.
import { concat, type Bytes } from './bytes.js';

const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const SINES = Array.from({ length: 64 }, (_, at) => Math.floor(Math.abs(Math.sin(at + 1)) * 2 ** 32) | 0);

/** MD5 of `message`. */
export function md5(message: Uint8Array): Bytes {
  const padded = new Uint8Array((((message.length + 8) >> 6) + 1) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, message.length << 3, true);
  view.setUint32(padded.length - 4, Math.floor(message.length / 2 ** 29), true);

  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let block = 0; block < padded.length; block += 64) {
    let [a, b, c, d] = state as [number, number, number, number];
    for (let at = 0; at < 64; at++) {
      const round = at >> 4;
      const mixed = round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d);
      const word = round === 0 ? at : round === 1 ? (5 * at + 1) & 15 : round === 2 ? (3 * at + 5) & 15 : (7 * at) & 15;
      const sum = (a + mixed + (SINES[at] as number) + view.getUint32(block + word * 4, true)) | 0;
      const shift = SHIFTS[round * 4 + (at & 3)] as number;
      [a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0];
    }
    [a, b, c, d].forEach((value, at) => (state[at] = ((state[at] as number) + value) | 0));
  }
  const digest = new DataView(new ArrayBuffer(16));
  state.forEach((value, at) => digest.setUint32(at * 4, value, true));
  return new Uint8Array(digest.buffer);
}

/** HMAC-MD5 of `message`. */
export function hmacMd5(key: Uint8Array, message: Uint8Array): Bytes {
  const block = new Uint8Array(64);
  block.set(key.length > 64 ? md5(key) : key);
  const inner = md5(concat(block.map((byte) => byte ^ 0x36), message));
  return md5(concat(block.map((byte) => byte ^ 0x5c), inner));
}
