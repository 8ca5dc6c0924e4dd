// Nothing runs but what comes through the gateway: `x-lingpai-signature` over time, nonce, path and body.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** How far the gateway's clock may be from ours, milliseconds. */
const WINDOW_MS = 60_000;

/** The signature of a request. */
export function sign(key, { path, timestamp, nonce, body }) {
  const digest = createHash('sha256').update(body).digest('hex');
  return `v1=${createHmac('sha256', key).update(['lingpai-fn1', 'POST', path, timestamp, nonce, digest].join('\n')).digest('hex')}`;
}

/** Checks requests and remembers their nonces for as long as they could come again. */
export class Verifier {
  #key;
  #now;
  #nonces = new Map();

  constructor(key, now = () => Date.now()) {
    this.#key = key;
    this.#now = now;
  }

  /** Whether the request is the gateway's, fresh, and here for the first time. Only good requests use memory. */
  accepts({ path, headers, body }) {
    const { 'x-lingpai-timestamp': timestamp = '', 'x-lingpai-nonce': nonce = '', 'x-lingpai-signature': signature = '' } = headers;
    const expected = Buffer.from(sign(this.#key, { path, timestamp, nonce, body }));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
    const now = this.#now();
    if (!/^\d{1,15}$/.test(timestamp) || Math.abs(now - Number(timestamp)) > WINDOW_MS) return false;
    this.#forget(now);
    if (!nonce || this.#nonces.has(nonce)) return false;
    this.#nonces.set(nonce, Number(timestamp) + WINDOW_MS);
    return true;
  }

  #forget(now) {
    for (const [nonce, until] of this.#nonces) {
      // In the order of arrival, which is about that of their times.
      if (until >= now) break;
      this.#nonces.delete(nonce);
    }
  }
}
