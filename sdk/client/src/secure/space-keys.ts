// Which key a handshake is sealed to: the newest valid one that the pinned identity vouches for.
import { fromBase64, toHex, type Bytes } from '../bytes.js';
import { NO_IDENTITY, secureError } from '../errors.js';
import type { Primitives } from './crypto.js';
import { encodeFor, VERSION } from './transcript.js';

/** What `GET /secure-network/keys` answers. */
export interface PublishedKeys {
  v: number;
  spaceId: string;
  identityKey: string;
  keys: KeyStatement[];
}

/** A space key with the identity's signature; times in milliseconds, `notAfter` exclusive. */
export interface KeyStatement {
  keyId: string;
  publicKey: string;
  notBefore: number;
  notAfter: number;
  signature: string;
}

/** A key that holds. */
export interface SpaceKey {
  keyId: string;
  publicKey: Bytes;
}

/** Chooses the key; throws 10003 if none holds at `now`. The answer's own `identityKey` is never believed. */
export async function chooseSpaceKey(primitives: Primitives, published: PublishedKeys, identity: Bytes, spaceId: string, now: number): Promise<SpaceKey> {
  let newest: KeyStatement | undefined;
  if (published?.v === VERSION && published.spaceId === spaceId && Array.isArray(published.keys)) {
    for (const statement of published.keys) {
      const isNewer = !newest || statement.notBefore > newest.notBefore;
      if (isNewer && (await holds(primitives, statement, identity, spaceId, now))) newest = statement;
    }
  }
  if (!newest) {
    const message =
      '服务空间的公钥没有一把能由内置的身份公钥证明 · None of the space keys is vouched for by the pinned identity key (wrong identityKey, another server, or a wrong clock)';
    throw secureError(NO_IDENTITY, message);
  }
  return { keyId: newest.keyId, publicKey: fromBase64(newest.publicKey) };
}

async function holds(primitives: Primitives, statement: KeyStatement, identity: Bytes, spaceId: string, now: number): Promise<boolean> {
  const { keyId, notBefore, notAfter } = statement;
  if (!(notBefore <= now && now < notAfter)) return false;
  let publicKey: Bytes, signature: Bytes;
  try {
    publicKey = fromBase64(statement.publicKey);
    signature = fromBase64(statement.signature);
  } catch {
    return false;
  }
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  if (keyId !== toHex(await primitives.sha256(publicKey)).slice(0, 16)) return false;
  const message = encodeFor('space key', spaceId, keyId, publicKey, notBefore, notAfter);
  return primitives.verifies(identity, message, signature);
}
