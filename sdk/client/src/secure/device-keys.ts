// Where a device's key lives: five functions, by the browser (WebCrypto, IndexedDB), in memory, or by a native module.
import type { Bytes } from '../bytes.js';
import type { Primitives } from './crypto.js';

/** What a handshake leaves; `secret` must be kept so that nothing else on the device reads it. */
export interface ClientKeyRecord {
  /** `encryptKeyId` on the wire. */
  keyId: string;
  /** Milliseconds since 1970, exclusive. */
  expires: number;
  /** What the server accepted: `keyed` or `attested`. */
  evidence: 'keyed' | 'attested';
  /** 32 bytes, or the same as a WebCrypto HKDF key that cannot be exported. */
  secret: Bytes | CryptoKey;
}

/**
 * The five functions of a native module (Android Keystore, Secure Enclave) and an optional one; all may be asynchronous, and all fail by
 * throwing. Byte strings are Uint8Array.
 */
export interface DeviceKeys {
  /**
   * Makes the device's P-256 signing key, in hardware where there is any, and answers its public key as the 65-byte
   * uncompressed point. Android: makes a new key with `attestationChallenge` as its attestation challenge and answers
   * the certificate chain (DER, leaf first). Where keys are not attested at creation an existing key may be answered.
   */
  createKey(attestationChallenge: Bytes): Promise<{ publicKey: Uint8Array; chain?: Uint8Array[] }>;
  /** ECDSA with SHA-256 over `message`: the 64 bytes r || s (convert from DER). */
  sign(message: Bytes): Promise<Uint8Array>;
  /** Apple App Attest: `attestKey` with this clientDataHash, and the key's id (32 bytes). Elsewhere null. */
  attest(clientDataHash: Bytes): Promise<{ keyId: Uint8Array; attestation: Uint8Array } | null>;
  /**
   * Optional, Apple App Attest: `generateAssertion` with this clientDataHash by the key of the last {@link attest}; null: none.
   * Signed and sealed calls carry it, and go out one after the other: the server takes counters that grow only.
   */
  assert?(clientDataHash: Bytes): Promise<Uint8Array | null>;
  /** Keeps the client key, encrypted by the platform's key store. null: forget it. */
  save(record: ClientKeyRecord | null): Promise<void>;
  /** What `save` kept, if the device key of then is still there; otherwise null. */
  load(): Promise<ClientKeyRecord | null>;
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256' };

/** Keys that end with the page or the process: Node, and browsers without IndexedDB. */
export function memoryKeys(primitives: Primitives): DeviceKeys {
  let pair: Promise<CryptoKeyPair> | undefined;
  let kept: ClientKeyRecord | null = null;
  const own = () => (pair ??= primitives.subtle.generateKey(P256, false, ['sign', 'verify']) as Promise<CryptoKeyPair>);
  return webCryptoKeys(primitives, {
    pair: own,
    save: async (record) => void (kept = record),
    load: async () => kept,
  });
}

/** Keys in IndexedDB that scripts can use but not read: neither the device key nor the client key can be exported. */
export function browserKeys(primitives: Primitives, name: string, factory: IDBFactory = indexedDB): DeviceKeys {
  interface Row {
    pair: CryptoKeyPair;
    record: ClientKeyRecord | null;
  }
  const request = <T>(asked: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  let database: Promise<IDBDatabase> | undefined;
  const open = () => {
    const asked = factory.open('lingpai-secure-network', 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore('keys');
    return request(asked);
  };
  const store = async (mode: IDBTransactionMode) => (await (database ??= open())).transaction('keys', mode).objectStore('keys');
  const row = async () => (await request((await store('readonly')).get(name))) as Row | undefined;
  const put = async (value: Row) => void (await request((await store('readwrite')).put(value, name)));
  const pair = async () => {
    const there = await row();
    if (there) return there.pair;
    const made = (await primitives.subtle.generateKey(P256, false, ['sign', 'verify'])) as CryptoKeyPair;
    // Another tab may have been faster: the first key stays.
    const objects = await store('readwrite');
    await request(objects.add({ pair: made, record: null }, name)).catch(() => undefined);
    return (await row())?.pair ?? made;
  };
  return webCryptoKeys(primitives, {
    pair,
    save: async (record) => put({ pair: await pair(), record }),
    load: async () => (await row())?.record ?? null,
  });
}

interface Kept {
  pair(): Promise<CryptoKeyPair>;
  save(record: ClientKeyRecord | null): Promise<void>;
  load(): Promise<ClientKeyRecord | null>;
}

function webCryptoKeys(primitives: Primitives, kept: Kept): DeviceKeys {
  return {
    async createKey() {
      return { publicKey: new Uint8Array(await primitives.subtle.exportKey('raw', (await kept.pair()).publicKey)) };
    },
    async sign(message) {
      const { privateKey } = await kept.pair();
      return new Uint8Array(await primitives.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, message));
    },
    async attest() {
      return null;
    },
    async save(record) {
      const secret = record && (await hkdfKey(primitives, record.secret));
      await kept.save(record && secret && { ...record, secret });
    },
    load: () => kept.load(),
  };
}

/** The client key's secret as something to derive from and never to read. */
export async function hkdfKey(primitives: Primitives, secret: Bytes | CryptoKey): Promise<CryptoKey> {
  // Not `instanceof`: a native module's bytes may come from another realm.
  return 'byteLength' in secret ? primitives.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey']) : secret;
}
