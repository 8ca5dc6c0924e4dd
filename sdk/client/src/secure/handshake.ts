// The handshake: a hello sealed to the space, an answer that only this client opens.
import { concat, fromBase64, fromUtf8, toBase64, utf8, type Bytes } from '../bytes.js';
import type { Primitives } from './crypto.js';
import type { ClientKeyRecord, DeviceKeys } from './device-keys.js';
import { sender } from './hpke.js';
import type { SpaceKey } from './space-keys.js';
import { encode, encodeFor, PROTOCOL, VERSION } from './transcript.js';

/** What a client says about itself. */
export interface Identity {
  appId: string;
  deviceId: string;
  /** `android`, `ios`, `web`, ... */
  platform: string;
  /** Package name, bundle id or origin. */
  package: string;
  appVersion: string;
}

/** The parameters of `getAppClientKey`. */
export interface HelloRequest {
  v: number;
  keyId: string;
  enc: string;
  content: string;
}

/** Its answer. */
export interface HelloAnswer {
  v: number;
  nonce: string;
  content: string;
}

/** What evidence is made for; Android fixes its challenge before the key exists, hence without one. */
export function binding(primitives: Primitives, challenge: Bytes, deviceKey: Uint8Array, identity: Identity): Promise<Bytes> {
  return primitives.sha256(encodeFor('binding', challenge, deviceKey, identity.appId, identity.deviceId));
}

/** Seals a hello. `ephemeral` is for test vectors only. */
export async function hello(
  primitives: Primitives,
  device: DeviceKeys,
  space: { spaceId: string; key: SpaceKey },
  identity: Identity,
  facts: { challenge: Bytes; timestamp: number },
  ephemeral?: Bytes,
): Promise<{ request: HelloRequest; finish(answer: HelloAnswer): Promise<ClientKeyRecord> }> {
  const { spaceId, key } = space;
  const { publicKey, chain } = await device.createKey(await binding(primitives, facts.challenge, new Uint8Array(0), identity));
  const bound = await binding(primitives, facts.challenge, publicKey, identity);
  const apple = chain ? null : await device.attest(bound);
  const evidence = chain
    ? { format: 'android-key-attestation', chain: chain.map(toBase64) }
    : apple && { format: 'apple-app-attest', keyId: toBase64(apple.keyId), attestation: toBase64(apple.attestation) };

  const context = await sender(primitives, key.publicKey, encode(PROTOCOL, spaceId, key.keyId), ephemeral);
  const proof = await device.sign(encodeFor('proof', spaceId, key.keyId, context.enc, bound));
  const body = {
    challenge: toBase64(facts.challenge),
    appId: identity.appId,
    deviceId: identity.deviceId,
    platform: identity.platform,
    package: identity.package,
    appVersion: identity.appVersion,
    timestamp: facts.timestamp,
    deviceKey: toBase64(publicKey),
    proof: toBase64(proof),
    evidence,
  };
  const content = await context.seal(encodeFor('hello', spaceId, key.keyId), utf8(JSON.stringify(body)));
  const request = { v: VERSION, keyId: key.keyId, enc: toBase64(context.enc), content: toBase64(content) };

  return {
    request,
    async finish(answer) {
      if (answer?.v !== VERSION) throw new Error('not an answer of this protocol');
      const answerKey = await primitives.aesKey(await context.export(utf8(`${PROTOCOL} answer key`)));
      const data = encodeFor('answer', spaceId, key.keyId);
      const opened = await primitives.open(answerKey, fromBase64(answer.nonce), data, fromBase64(answer.content));
      const { keyId, expires, evidence } = JSON.parse(fromUtf8(opened));
      return { keyId, expires, evidence, secret: concat(await context.export(utf8(`${PROTOCOL} client key`))) };
    },
  };
}
