// The part of Node's crypto that account scripts use; the arithmetic is done in Rust.
const { Buffer } = require('buffer');

function bytesOf(data, encoding) {
  if (typeof data === 'string') return Buffer.from(data, encoding === 'buffer' ? 'utf8' : encoding);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  if (data instanceof SecretKey) return data.bytes;
  throw Object.assign(new TypeError('the data must be a string, a Buffer, a typed array or a DataView'), { code: 'ERR_INVALID_ARG_TYPE' });
}
const packed = (data, encoding) => native.pack(bytesOf(data, encoding));
const asBuffer = (bytes) => Buffer.from(bytes.buffer);
const output = (bytes, encoding) => (encoding && encoding !== 'buffer' ? asBuffer(bytes).toString(encoding) : asBuffer(bytes));

class SecretKey {
  constructor(bytes) {
    Object.defineProperty(this, 'bytes', { value: bytes });
    this.type = 'secret';
  }
  export() {
    return Buffer.from(this.bytes);
  }
}

class Digest {
  constructor(finish) {
    this._parts = [];
    this._finish = finish;
  }
  update(data, encoding) {
    if (this._parts === null) throw Object.assign(new Error('Digest already called'), { code: 'ERR_CRYPTO_HASH_FINALIZED' });
    // A copy: the script may write into its buffer afterwards.
    this._parts.push(typeof data === 'string' ? bytesOf(data, encoding) : Buffer.from(bytesOf(data)));
    return this;
  }
  digest(encoding) {
    if (this._parts === null) throw Object.assign(new Error('Digest already called'), { code: 'ERR_CRYPTO_HASH_FINALIZED' });
    const data = native.pack(Buffer.concat(this._parts));
    this._parts = null;
    return output(this._finish(data), encoding);
  }
  copy() {
    const copy = new Digest(this._finish);
    copy._parts = this._parts.slice();
    return copy;
  }
}

function createHash(algorithm) {
  const name = native.digestName(String(algorithm));
  return new Digest((data) => native.digest(name, data));
}

function createHmac(algorithm, key) {
  const name = native.digestName(String(algorithm));
  const secret = packed(key);
  return new Digest((data) => native.hmac(name, secret, data));
}

// CBC is streamed block by block; GCM answers with everything at `final`, so that what was not
// authenticated never leaves (adding up what update and final return gives the same as in Node).
class Cipher {
  constructor(algorithm, key, iv, encrypting) {
    const parts = /^aes-?(128|192|256)-(cbc|gcm)$/.exec(String(algorithm).toLowerCase());
    if (parts === null) throw Object.assign(new Error(`Unknown cipher: ${String(algorithm)}`), { code: 'ERR_CRYPTO_UNKNOWN_CIPHER' });
    const keyBytes = bytesOf(key);
    const ivBytes = bytesOf(iv);
    this._mode = parts[2];
    if (keyBytes.length * 8 !== Number(parts[1])) throw Object.assign(new RangeError('Invalid key length'), { code: 'ERR_CRYPTO_INVALID_KEYLEN' });
    const rightIv = this._mode === 'cbc' ? ivBytes.length === 16 : ivBytes.length === 12 || ivBytes.length === 16;
    if (!rightIv) throw Object.assign(new TypeError('Invalid initialization vector'), { code: 'ERR_CRYPTO_INVALID_IV' });
    this._encrypting = encrypting;
    this._key = native.pack(keyBytes);
    this._iv = Buffer.from(ivBytes);
    this._pending = Buffer.alloc(0);
    this._padding = true;
    this._aad = [];
    this._tag = null;
    this._done = false;
    this._text = '';
  }
  setAutoPadding(padding = true) {
    this._padding = Boolean(padding);
    return this;
  }
  setAAD(data) {
    this._aad.push(Buffer.from(bytesOf(data)));
    return this;
  }
  getAuthTag() {
    if (!this._encrypting || this._tag === null) throw new Error('the tag is known after final');
    return this._tag;
  }
  setAuthTag(tag, encoding) {
    const bytes = bytesOf(tag, encoding);
    if (bytes.length !== 16) throw new TypeError(`Invalid authentication tag length: ${bytes.length}`);
    this._tag = Buffer.from(bytes);
    return this;
  }
  _cbc(data) {
    if (data.length === 0) return data;
    const result = asBuffer(native.aesCbc(this._encrypting, this._key, native.pack(this._iv), native.pack(data)));
    this._iv = Buffer.from((this._encrypting ? result : data).subarray(-16));
    return result;
  }
  // Text comes out in whole characters and whole groups of three bytes, so that the parts can be put together.
  _out(bytes, encoding, last) {
    if (!encoding || encoding === 'buffer') return bytes;
    this._rest = this._rest === undefined ? bytes : Buffer.concat([this._rest, bytes]);
    let usable = this._rest.length;
    if (!last) {
      if (/^base64/.test(encoding)) usable -= usable % 3;
      else if (/^utf-?8$/i.test(encoding)) {
        let back = 1;
        while (back <= 4 && back <= usable && (this._rest[usable - back] & 0xc0) === 0x80) back++;
        if (back <= usable && this._rest[usable - back] >= 0xc0) usable -= back;
      } else if (/16le$|^ucs/i.test(encoding)) usable -= usable % 4;
    }
    const text = this._rest.toString(encoding, 0, usable);
    this._rest = this._rest.subarray(usable);
    return text;
  }
  update(data, inputEncoding, outputEncoding) {
    if (this._done) throw new Error('the cipher is finished');
    this._pending = Buffer.concat([this._pending, bytesOf(data, inputEncoding)]);
    let result = Buffer.alloc(0);
    if (this._mode === 'cbc') {
      let whole = this._pending.length - (this._pending.length % 16);
      // The last block may be padding: it is kept until `final`.
      if (!this._encrypting && this._padding && whole === this._pending.length && whole > 0) whole -= 16;
      const ready = this._pending.subarray(0, whole);
      this._pending = this._pending.subarray(whole);
      result = this._cbc(ready);
    }
    return this._out(result, outputEncoding, false);
  }
  final(outputEncoding) {
    if (this._done) throw new Error('the cipher is finished');
    this._done = true;
    return this._out(this._mode === 'cbc' ? this._finalCbc() : this._finalGcm(), outputEncoding, true);
  }
  _finalCbc() {
    if (!this._padding) {
      if (this._pending.length !== 0) throw new Error('wrong final block length');
      return this._pending;
    }
    if (this._encrypting) {
      const count = 16 - this._pending.length;
      return this._cbc(Buffer.concat([this._pending, Buffer.alloc(count, count)]));
    }
    if (this._pending.length !== 16) throw new Error('wrong final block length');
    const block = this._cbc(this._pending);
    const count = block[15];
    if (count < 1 || count > 16 || block.subarray(16 - count).some((byte) => byte !== count)) throw new Error('bad decrypt');
    return block.subarray(0, 16 - count);
  }
  _finalGcm() {
    const aad = native.pack(Buffer.concat(this._aad));
    const iv = native.pack(this._iv);
    if (this._encrypting) {
      const sealed = asBuffer(native.gcmSeal(this._key, iv, aad, native.pack(this._pending)));
      this._tag = sealed.subarray(sealed.length - 16);
      return sealed.subarray(0, sealed.length - 16);
    }
    if (this._tag === null) throw new Error('the authentication tag was not set');
    return asBuffer(native.gcmOpen(this._key, iv, aad, native.pack(this._pending), native.pack(this._tag)));
  }
}

function randomBytes(size, callback) {
  if (!Number.isInteger(size) || size < 0) throw new RangeError('the size must be a positive integer');
  const bytes = asBuffer(native.randomBytes(size));
  if (callback === undefined) return bytes;
  queueMicrotask(() => callback(null, bytes));
}

function randomInt(low, high, callback) {
  if (high === undefined || typeof high === 'function') [low, high, callback] = [0, low, high];
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high)) throw new TypeError('the limits must be safe integers');
  const range = high - low;
  if (!(range > 0) || range >= 2 ** 48) throw new RangeError('the range must be between 1 and 2**48 - 1');
  // Drawn again where the last, incomplete range is hit, so that all values are equally likely.
  const zone = 2 ** 48 - (2 ** 48 % range);
  let value;
  do value = native.randomBytes(6).reduce((sum, byte) => sum * 256 + byte, 0);
  while (value >= zone);
  const result = low + (value % range);
  if (callback === undefined) return result;
  queueMicrotask(() => callback(null, result));
}

function randomUUID() {
  const bytes = native.randomBytes(16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function fillRandom(view) {
  const bytes = new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
  bytes.set(native.randomBytes(bytes.length));
  return view;
}

function pbkdf2Sync(password, salt, iterations, length, digest) {
  return asBuffer(native.pbkdf2(native.digestName(String(digest)), packed(password), packed(salt), iterations, length));
}

function scryptSync(password, salt, length, options = {}) {
  const cost = options.N ?? options.cost ?? 16384;
  const blockSize = options.r ?? options.blockSize ?? 8;
  const parallelization = options.p ?? options.parallelization ?? 1;
  const most = options.maxmem ?? 32 * 1024 * 1024;
  if (128 * cost * blockSize > most) throw new RangeError('Invalid scrypt parameters: memory limit exceeded');
  return asBuffer(native.scrypt(packed(password), packed(salt), cost, blockSize, parallelization, length));
}

// The callback form of a function whose last parameter is the callback.
function withCallback(run) {
  return (...args) => {
    const callback = args.pop();
    if (typeof callback !== 'function') throw new TypeError('the callback must be a function');
    let result;
    try {
      result = run(...args);
    } catch (error) {
      queueMicrotask(() => callback(error));
      return;
    }
    queueMicrotask(() => callback(null, result));
  };
}

function timingSafeEqual(left, right) {
  const one = bytesOf(left);
  const other = bytesOf(right);
  if (one.length !== other.length) {
    throw Object.assign(new RangeError('Input buffers must have the same byte length'), { code: 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH' });
  }
  return native.constantTimeEqual(native.pack(one), native.pack(other));
}

module.exports = {
  createHash,
  createHmac,
  createCipheriv: (algorithm, key, iv) => new Cipher(algorithm, key, iv, true),
  createDecipheriv: (algorithm, key, iv) => new Cipher(algorithm, key, iv, false),
  createSecretKey: (key, encoding) => new SecretKey(Buffer.from(bytesOf(key, encoding))),
  randomBytes,
  randomInt,
  randomUUID,
  randomFillSync: fillRandom,
  pbkdf2Sync,
  pbkdf2: withCallback(pbkdf2Sync),
  scryptSync,
  scrypt: withCallback(scryptSync),
  timingSafeEqual,
  hash: (algorithm, data, encoding = 'hex') => createHash(algorithm).update(data).digest(encoding),
  getHashes: () => ['md5', 'sha1', 'sha256', 'sha384', 'sha512'],
  getCiphers: () => ['128', '192', '256'].flatMap((size) => [`aes-${size}-cbc`, `aes-${size}-gcm`]),
  webcrypto: { getRandomValues: fillRandom, randomUUID },
};
