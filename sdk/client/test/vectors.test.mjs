// The bytes of the protocol, as crates/secure has them.
import assert from 'node:assert/strict';
import { createECDH, createHash, createHmac, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ed25519, x25519 } from '@noble/curves/ed25519';
import { internals } from './internals.mjs';

const { Primitives, sealCall, hello, sender, clientKey, chooseSpaceKey, binding, encode, encodeFor } = internals;
const { toBase64, fromBase64, toHex, utf8, fromUtf8, md5, hmacMd5, spaceSignature, concat } = internals;
const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const crate = '../../../crates/secure/tests/vectors/';
const vector = read(`${crate}protocol-v1.json`);
const hex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
const primitives = new Primitives(webcrypto);
const platforms = { 'WebCrypto alone': primitives, 'curves from elsewhere': new Primitives(webcrypto, { x25519, ed25519 }) };

/** The vector's device: its private scalar is known. */
async function device() {
  const point = publicPoint(vector.deviceKeySecret);
  const url = (bytes) => Buffer.from(bytes).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', d: url(hex(vector.deviceKeySecret)), x: url(point.slice(1, 33)), y: url(point.slice(33)) };
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const key = await webcrypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']);
  const publicKey = await webcrypto.subtle.importKey('raw', point, algorithm, false, ['verify']);
  const withHash = { name: 'ECDSA', hash: 'SHA-256' };
  return {
    point,
    createKey: async () => ({ publicKey: point }),
    sign: async (message) => new Uint8Array(await webcrypto.subtle.sign(withHash, key, message)),
    attest: async () => null,
    verifies: (message, signature) => webcrypto.subtle.verify(withHash, publicKey, signature, message),
  };
}

function publicPoint(secret) {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(Buffer.from(secret, 'hex'));
  return new Uint8Array(pair.getPublicKey());
}

const spaceKey = () => ({ keyId: vector.published.keys[0].keyId, publicKey: fromBase64(vector.published.keys[0].publicKey) });
const vectorKey = () =>
  clientKey(primitives, { keyId: vector.calls[0].envelope._uniCloudOptions.encryptKeyId, expires: vector.now + 1, evidence: 'keyed', secret: hex(vector.clientKeySecret) });

test('texts and bytes', () => {
  for (const text of ['', 'a', 'ab', 'abc', '令牌 ✓ 😀', '\ud800']) {
    assert.deepEqual(utf8(text), new Uint8Array(Buffer.from(text, 'utf8')));
    const bytes = utf8(text);
    assert.equal(toBase64(bytes), Buffer.from(bytes).toString('base64'));
    assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
    assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'));
  }
  assert.equal(fromUtf8(utf8('令牌 ✓ 😀')), '令牌 ✓ 😀');
  for (const wrong of ['A', 'AA', 'AAA', 'AB==', 'AA=A', 'AA-_', 'AAAA=', '=']) assert.throws(() => fromBase64(wrong), wrong);
});

test('MD5 and HMAC-MD5 agree with Node for every length around the block size', () => {
  for (let length = 0; length < 200; length++) {
    const bytes = new Uint8Array(length).map((_, at) => (at * 7 + length) & 255);
    assert.equal(toHex(md5(bytes)), createHash('md5').update(bytes).digest('hex'));
    assert.equal(toHex(hmacMd5(bytes, utf8('message'))), createHmac('md5', bytes).update('message').digest('hex'));
  }
});

test('the signature of the official client', () => {
  for (const { secret, base, sign } of read('./serverless-sign.json')) {
    assert.equal(toHex(hmacMd5(utf8(secret), utf8(base))), sign);
    const body = Object.fromEntries(base.split('&').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
    assert.equal(spaceSignature(secret, { ...body, token: '', more: null, zero: 0 }), sign);
  }
});

test('the transcript', () => {
  assert.deepEqual(encode('p', new Uint8Array([0xff, 0])), new Uint8Array([0, 0, 0, 1, 0x70, 0, 0, 0, 2, 0xff, 0]));
  assert.notDeepEqual(encode('x', 'ab', 'c'), encode('x', 'a', 'bc'));
});

for (const [name, platform] of Object.entries(platforms)) {
  test(`HPKE, RFC 9180 with AES-256-GCM: ${name}`, async () => {
    const { skEm, pkEm, pkRm, info, pt, encryptions, exports } = read(`${crate}hpke-x25519-sha256-aesgcm.json`).find(({ aead }) => aead === 2);
    const context = await sender(platform, hex(pkRm), hex(info), hex(skEm));
    assert.equal(toHex(context.enc), pkEm);
    assert.equal(toHex(await context.seal(hex(encryptions[0][0]), hex(pt))), encryptions[0][1]);
    for (const [purpose, secret] of exports) assert.equal(toHex(await context.export(hex(purpose))), secret);
  });

  test(`HPKE refuses a recipient of small order: ${name}`, async () => {
    await assert.rejects(sender(platform, new Uint8Array(32), utf8('info')));
  });

  test(`the space's key is chosen by the pinned identity: ${name}`, async () => {
    const identity = fromBase64(vector.published.identityKey);
    const choose = (change, now = vector.now, by = identity) => chooseSpaceKey(platform, { ...structuredClone(vector.published), ...change }, by, 'space-1', now);
    assert.equal((await choose({})).keyId, vector.published.keys[0].keyId);
    const [key] = vector.published.keys;
    const longer = [{ ...key, notAfter: key.notAfter + 1 }];
    const otherId = [{ ...key, keyId: '0000000000000000' }];
    const refused = { errCode: 10003, errSubject: 'uni-secure-network' };
    for (const change of [{ keys: longer }, { keys: otherId }, { keys: [] }, { v: 2 }, { spaceId: 'other' }]) await assert.rejects(choose(change), refused);
    await assert.rejects(choose({}, key.notAfter), refused);
    await assert.rejects(choose({}, key.notBefore - 1), refused);
    await assert.rejects(choose({}, vector.now, new Uint8Array(32).fill(9)), refused);
  });
}

test('the handshake: binding, hello, answer, client key', async () => {
  const { challenge, appId, deviceId, platform, appVersion, ephemeralSecret } = vector.hello;
  const identity = { appId, deviceId, platform, package: vector.hello.package, appVersion };
  const own = await device();
  assert.equal(toHex(await binding(primitives, hex(challenge), own.point, identity)), vector.binding);
  assert.equal(toHex(await binding(primitives, hex(challenge), new Uint8Array(0), identity)), vector.bindingWithoutDeviceKey);

  const facts = { challenge: hex(challenge), timestamp: vector.now };
  const { request, finish } = await hello(primitives, own, { spaceId: vector.spaceId, key: spaceKey() }, identity, facts, hex(ephemeralSecret));
  const { v, keyId, enc } = vector.request;
  assert.deepEqual({ v: request.v, keyId: request.keyId, enc: request.enc }, { v, keyId, enc });
  // ECDSA signatures are random, so the ciphertext differs in the proof alone.
  const [ours, theirs] = [request.content, vector.request.content].map(fromBase64);
  assert.equal(ours.length, theirs.length);
  const untilProof = JSON.stringify({ challenge: toBase64(hex(challenge)), ...identity, timestamp: vector.now, deviceKey: toBase64(own.point), proof: '' }).length - 2;
  assert.deepEqual(ours.slice(0, untilProof), theirs.slice(0, untilProof));

  const record = await finish(vector.answer);
  assert.equal(toHex(record.secret), vector.clientKeySecret);
  assert.equal(record.keyId, vector.calls[0].envelope._uniCloudOptions.encryptKeyId);
  const broken = fromBase64(vector.answer.content);
  broken[3] ^= 1;
  await assert.rejects(finish({ ...vector.answer, content: toBase64(broken) }));
  await assert.rejects(finish({ ...vector.answer, v: 2 }));
});

test('calls are sealed and signed as the server expects, and only their own replies open', async () => {
  const own = await device();
  const key = await vectorKey();
  for (const [index, { envelope, reply }] of vector.calls.entries()) {
    const options = envelope._uniCloudOptions;
    const { secretType, requestId, timestamp } = options;
    const call = { spaceId: vector.spaceId, function: vector.function, secretType, content: vector.content, timestamp, requestId, nonce: fromBase64(options.nonce) };
    const sealed = await sealCall(primitives, key, own, call);
    assert.equal(sealed.envelope.content, envelope.content);
    assert.deepEqual({ ...sealed.envelope._uniCloudOptions, sign: '' }, { ...options, sign: '' });

    const data = encodeFor('call', vector.spaceId, vector.function, options.encryptKeyId, secretType, requestId, timestamp, '');
    const isSealed = secretType === 'request' || secretType === 'both';
    const hash = createHash('sha256').update(isSealed ? fromBase64(envelope.content) : utf8(envelope.content)).digest();
    const message = encodeFor('sign', data, call.nonce, new Uint8Array(hash));
    for (const { sign } of [options, sealed.envelope._uniCloudOptions]) assert.ok(await own.verifies(message, fromBase64(sign)));

    if (!reply) continue;
    assert.equal(JSON.stringify(await sealed.open(reply)), vector.result);
    const other = await sealCall(primitives, key, own, { ...call, requestId: 'request-other' });
    await assert.rejects(other.open(reply));
    await assert.rejects(other.open({ ...reply, _uniCloudOptions: { ...reply._uniCloudOptions, requestId: 'request-other' } }));
    const bytes = fromBase64(reply.content);
    bytes[index] ^= 0x80;
    await assert.rejects(sealed.open({ ...reply, content: toBase64(bytes) }));
    await assert.rejects(sealed.open({ errCode: 0, content: concat(bytes) }));
  }
});
