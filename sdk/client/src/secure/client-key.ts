// A client key, ready to use: one AES-256-GCM key for calls, one for replies.
import type { Primitives } from './crypto.js';
import { hkdfKey, type ClientKeyRecord } from './device-keys.js';
import { encodeFor } from './transcript.js';

/** Neither key can be exported. */
export interface ClientKey {
  keyId: string;
  expires: number;
  evidence: 'keyed' | 'attested';
  call: CryptoKey;
  reply: CryptoKey;
}

/** Derives both directions: HKDF-SHA256 without a salt. */
export async function clientKey(primitives: Primitives, record: ClientKeyRecord): Promise<ClientKey> {
  const secret = await hkdfKey(primitives, record.secret);
  const direction = (name: string) => {
    const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: encodeFor(`${name} key`, record.keyId) };
    return primitives.subtle.deriveKey(derivation, secret, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  };
  const { keyId, expires, evidence } = record;
  return { keyId, expires, evidence, call: await direction('call'), reply: await direction('reply') };
}
