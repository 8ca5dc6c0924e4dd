// HPKE base mode, the sender's side (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
import { concat, utf8, type Bytes } from '../bytes.js';
import type { Primitives } from './crypto.js';

const KEM_SUITE = concat(utf8('KEM'), new Uint8Array([0, 0x20]));
const SUITE = concat(utf8('HPKE'), new Uint8Array([0, 0x20, 0, 1, 0, 2]));
const NONE = new Uint8Array(0);

/** The sender's side of an established context; good for one message. */
export interface Sender {
  /** The encapsulated key. */
  enc: Bytes;
  /** Encrypts the first message. */
  seal(additionalData: Bytes, content: Bytes): Promise<Bytes>;
  /** A secret of 32 bytes that both sides derive for the purpose. */
  export(context: Bytes): Promise<Bytes>;
}

/** Sets up a context with the recipient. `ephemeral` is for test vectors only; it is random otherwise. */
export async function sender(primitives: Primitives, recipient: Bytes, info: Bytes, ephemeral?: Bytes): Promise<Sender> {
  const extract = (suite: Bytes, salt: Bytes, label: string, secret: Bytes) =>
    primitives.hmac(salt, concat(utf8('HPKE-v1'), suite, utf8(label), secret));
  // One block of HKDF-Expand is enough for everything here.
  const expand = async (suite: Bytes, key: Bytes, label: string, context: Bytes, length: number) => {
    const labelled = concat(new Uint8Array([0, length]), utf8('HPKE-v1'), suite, utf8(label), context, new Uint8Array([1]));
    return (await primitives.hmac(key, labelled)).slice(0, length);
  };

  const { publicKey: enc, shared } = await primitives.agree(recipient, ephemeral);
  const dh = await extract(KEM_SUITE, NONE, 'eae_prk', shared);
  const secret = await expand(KEM_SUITE, dh, 'shared_secret', concat(enc, recipient), 32);

  const pskId = await extract(SUITE, NONE, 'psk_id_hash', NONE);
  const context = concat(new Uint8Array([0]), pskId, await extract(SUITE, NONE, 'info_hash', info));
  const scheduled = await extract(SUITE, secret, 'secret', NONE);
  const key = await primitives.aesKey(await expand(SUITE, scheduled, 'key', context, 32));
  const nonce = await expand(SUITE, scheduled, 'base_nonce', context, 12);
  const exporter = await expand(SUITE, scheduled, 'exp', context, 32);
  return {
    enc,
    seal: (additionalData, content) => primitives.seal(key, nonce, additionalData, content),
    export: (purpose) => expand(SUITE, exporter, 'sec', purpose, 32),
  };
}
