// The primitives: WebCrypto, plus X25519 and Ed25519 from elsewhere where a platform's WebCrypto lacks them.
import { concat, fromBase64, type Bytes } from '../bytes.js';
import { secureError, UNSUPPORTED } from '../errors.js';

/** What is used of WebCrypto. */
export interface WebCrypto {
  readonly subtle: SubtleCrypto;
  getRandomValues<T extends ArrayBufferView | null>(array: T): T;
}

/**
 * X25519 and Ed25519, for platforms whose WebCrypto has neither (Chrome before 137, Firefox before 130, Safari before 17).
 * `@noble/curves/ed25519` has exactly these two: `createClient({ curves: { x25519, ed25519 } })`.
 */
export interface Curves {
  x25519: {
    getPublicKey(secret: Uint8Array): Uint8Array;
    getSharedSecret(secret: Uint8Array, peer: Uint8Array): Uint8Array;
  };
  ed25519: { verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean };
}

const NO_WEBCRYPTO =
  '此环境没有 WebCrypto,无法使用安全网络;请用 https 页面,或传入 crypto · This platform has no WebCrypto, which the secure network needs: use https, or hand in `crypto`';
const NO_CURVES =
  '此环境的 WebCrypto 不支持 X25519 或 Ed25519;请升级浏览器,或传入 curves(见文档) · This WebCrypto has no X25519 or Ed25519: use a newer browser, or hand in `curves` (see the documentation)';

/** PKCS#8 of an X25519 private key, up to the 32 bytes of the key (RFC 8410). */
const X25519_PKCS8 = new Uint8Array([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20]);

/** The primitives of one client. */
export class Primitives {
  private readonly crypto: WebCrypto;
  private readonly curves: Curves | undefined;

  constructor(given: WebCrypto | undefined, curves: Curves | undefined) {
    const found = given ?? (typeof crypto === 'undefined' ? undefined : (crypto as WebCrypto));
    if (!found?.subtle) throw secureError(UNSUPPORTED, NO_WEBCRYPTO);
    this.crypto = found;
    this.curves = curves;
  }

  get subtle(): SubtleCrypto {
    return this.crypto.subtle;
  }

  random(length: number): Bytes {
    return this.crypto.getRandomValues(new Uint8Array(length));
  }

  async sha256(message: Bytes): Promise<Bytes> {
    return new Uint8Array(await this.subtle.digest('SHA-256', message));
  }

  /** HMAC-SHA256. An empty key counts as zeros, as HKDF has it (WebCrypto refuses keys of no length). */
  async hmac(key: Bytes, message: Bytes): Promise<Bytes> {
    const raw = key.length === 0 ? new Uint8Array(32) : key;
    const imported = await this.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    return new Uint8Array(await this.subtle.sign('HMAC', imported, message));
  }

  async aesKey(raw: Bytes): Promise<CryptoKey> {
    return this.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  }

  /** AES-256-GCM; the tag is at the end. */
  async seal(key: CryptoKey, nonce: Bytes, additionalData: Bytes, content: Bytes): Promise<Bytes> {
    return new Uint8Array(await this.subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData }, key, content));
  }

  async open(key: CryptoKey, nonce: Bytes, additionalData: Bytes, content: Bytes): Promise<Bytes> {
    return new Uint8Array(await this.subtle.decrypt({ name: 'AES-GCM', iv: nonce, additionalData }, key, content));
  }

  /**
   * A fresh X25519 key agreed with `peer`: the public half and the shared secret. `secret` (32 bytes) makes it
   * reproducible for test vectors; it is random otherwise. Refuses peers of small order.
   */
  async agree(peer: Bytes, secret: Bytes = this.random(32)): Promise<{ publicKey: Bytes; shared: Bytes }> {
    if (this.curves) {
      const { x25519 } = this.curves;
      return agreed(concat(x25519.getPublicKey(secret)), concat(x25519.getSharedSecret(secret, peer)));
    }
    try {
      const own = await this.subtle.importKey('pkcs8', concat(X25519_PKCS8, secret), 'X25519', true, ['deriveBits']);
      // A private JWK holds its public key in `x`; WebCrypto has no other way from one to the other.
      const { x } = await this.subtle.exportKey('jwk', own);
      const publicKey = fromBase64Url(x as string);
      const other = await this.subtle.importKey('raw', peer, 'X25519', false, []);
      const shared = await this.subtle.deriveBits({ name: 'X25519', public: other }, own, 256);
      return agreed(publicKey, new Uint8Array(shared));
    } catch (cause) {
      throw lacksCurves(cause) ? secureError(UNSUPPORTED, NO_CURVES, cause) : cause;
    }
  }

  /** Whether `signature` is Ed25519 over `message`. */
  async verifies(publicKey: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
    if (this.curves) return this.curves.ed25519.verify(signature, message, publicKey);
    try {
      const key = await this.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
      return await this.subtle.verify('Ed25519', key, signature, message);
    } catch (cause) {
      throw lacksCurves(cause) ? secureError(UNSUPPORTED, NO_CURVES, cause) : cause;
    }
  }
}

function lacksCurves(cause: unknown): boolean {
  const name = (cause as { name?: string } | null)?.name;
  return name === 'NotSupportedError' || name === 'SyntaxError' || name === 'TypeError';
}

function agreed(publicKey: Bytes, shared: Bytes): { publicKey: Bytes; shared: Bytes } {
  if (shared.every((byte) => byte === 0)) throw new Error('the other key has a small order');
  return { publicKey, shared };
}

function fromBase64Url(text: string): Bytes {
  const standard = text.replace(/-/g, '+').replace(/_/g, '/');
  return fromBase64(standard + '='.repeat((4 - (standard.length % 4)) % 4));
}
