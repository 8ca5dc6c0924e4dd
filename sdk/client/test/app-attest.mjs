// A phone's App Attest for tests: a root of its own in Apple's place, attestations and assertions as the Secure Enclave makes them.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts.map((part) => Buffer.from(part)))).digest();
const u16 = (number) => Buffer.from([number >> 8, number & 255]);
const u32 = (number) => Buffer.concat([u16(number >>> 16), u16(number & 65535)]);

// DER, with lengths below 64 KiB.
const der = (tag, ...parts) => {
  const content = Buffer.concat(parts);
  const length = content.length < 128 ? [content.length] : content.length < 256 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};
const SEQUENCE = 0x30;
const oid = (hex) => der(6, Buffer.from(hex, 'hex'));
const ECDSA_WITH_SHA256 = der(SEQUENCE, oid('2a8648ce3d040302'));
const COMMON_NAME = '550403';
const BASIC_CONSTRAINTS = '551d13';
const APP_ATTEST_NONCE = '2a864886f763640802';
const name = (text) => der(SEQUENCE, der(0x31, der(SEQUENCE, oid(COMMON_NAME), der(12, Buffer.from(text)))));
const TRUE = der(1, Buffer.from([255]));

function certificate(subject, publicKey, issuer, issuerKey, extension) {
  const validity = der(SEQUENCE, ...['200101000000Z', '400101000000Z'].map((time) => der(23, Buffer.from(time))));
  const body = der(
    SEQUENCE,
    der(0xa0, der(2, Buffer.from([2]))),
    der(2, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    name(issuer),
    validity,
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, extension)),
  );
  return der(SEQUENCE, body, ECDSA_WITH_SHA256, der(3, Buffer.from([0]), sign('sha256', body, issuerKey)));
}

// CBOR.
const head = (kind, length) => Buffer.concat([Buffer.from([(kind << 5) | 25]), u16(length)]);
function cbor(value) {
  if (typeof value === 'string') return Buffer.concat([head(3, value.length), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  return Buffer.concat([head(5, Object.keys(value).length), ...Object.entries(value).flatMap(([key, one]) => [cbor(key), cbor(one)])]);
}

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const point = (key) => key.export({ type: 'spki', format: 'der' }).subarray(-65);

/** A root in Apple's place, as PEM, and phones whose App Attest it vouches for. */
export function appAttest({ teamId, bundleId }) {
  const root = pair();
  const constraints = der(SEQUENCE, oid(BASIC_CONSTRAINTS), TRUE, der(4, der(SEQUENCE, TRUE)));
  const rootCertificate = certificate('root', root.publicKey, 'root', root.privateKey, constraints);

  /** The native module's functions; `own.counter` is the Secure Enclave's. Another build's where `other` says so. */
  function phone(other = {}) {
    const rpIdHash = sha256(`${other.teamId ?? teamId}.${bundleId}`);
    const aaguid = other.aaguid ?? 'appattest';
    const device = pair();
    const own = { key: undefined, counter: 0 };
    let kept = null;
    const deviceKeys = {
      createKey: async () => ({ publicKey: new Uint8Array(point(device.publicKey)) }),
      sign: async (message) => new Uint8Array(sign('sha256', message, { key: device.privateKey, dsaEncoding: 'ieee-p1363' })),
      async attest(clientDataHash) {
        own.key = pair();
        own.counter = 0;
        const keyId = sha256(point(own.key.publicKey));
        const authData = Buffer.concat([rpIdHash, Buffer.from([0x40]), u32(0), Buffer.from(aaguid.padEnd(16, '\0')), u16(32), keyId]);
        const nonce = der(SEQUENCE, der(0xa1, der(4, sha256(authData, clientDataHash))));
        const leaf = certificate('leaf', own.key.publicKey, 'root', root.privateKey, der(SEQUENCE, oid(APP_ATTEST_NONCE), der(4, nonce)));
        const attestation = cbor({ fmt: 'apple-appattest', attStmt: { x5c: [leaf, rootCertificate] }, authData });
        return { keyId: new Uint8Array(keyId), attestation: new Uint8Array(attestation) };
      },
      async assert(clientDataHash) {
        const authenticatorData = Buffer.concat([rpIdHash, Buffer.from([0x40]), u32(++own.counter)]);
        const signature = sign('sha256', sha256(authenticatorData, clientDataHash), own.key.privateKey);
        return new Uint8Array(cbor({ signature, authenticatorData }));
      },
      save: async (record) => void (kept = record),
      load: async () => kept,
    };
    return { deviceKeys, own };
  }

  const pem = `-----BEGIN CERTIFICATE-----\n${rootCertificate.toString('base64')}\n-----END CERTIFICATE-----\n`;
  return { pem, phone };
}
