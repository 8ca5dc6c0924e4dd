// Sealed calls and the replies that belong to them.
import { fromBase64, fromUtf8, toBase64, toHex, utf8, type Bytes } from '../bytes.js';
import type { ClientKey } from './client-key.js';
import type { Primitives } from './crypto.js';
import type { DeviceKeys } from './device-keys.js';
import { encodeFor, VERSION } from './transcript.js';

/** What is encrypted. `none` signs the call. */
export type SecretType = 'none' | 'request' | 'response' | 'both';

/** A call as it travels. */
export interface Envelope {
  content: string;
  _uniCloudOptions: {
    secretType: SecretType;
    encryptKeyId: string;
    v: number;
    nonce: string;
    requestId: string;
    timestamp: number;
    sign: string;
    assertion?: string;
  };
}

/** Which call, by the client's choice; the last two are for test vectors and random otherwise. */
export interface NewCall {
  spaceId: string;
  function: string;
  secretType: SecretType;
  /** The JSON text of the arguments. */
  content: string;
  timestamp: number;
  requestId?: string;
  nonce?: Bytes;
}

/** Whether the reply is encrypted. */
export function sealsReply(secretType: SecretType): boolean {
  return secretType === 'response' || secretType === 'both';
}

/** Seals and signs a call. `open` takes the reply to it, and no other. */
export async function sealCall(
  primitives: Primitives,
  key: ClientKey,
  device: DeviceKeys,
  call: NewCall,
): Promise<{ envelope: Envelope; open(reply: unknown): Promise<unknown> }> {
  const { secretType, timestamp } = call;
  const requestId = call.requestId ?? toHex(primitives.random(16));
  const nonce = call.nonce ?? primitives.random(12);
  const data = (direction: string, more: Bytes) =>
    encodeFor(direction, call.spaceId, call.function, key.keyId, secretType, requestId, timestamp, more);

  const callData = data('call', new Uint8Array(0));
  const isSealed = secretType === 'request' || secretType === 'both';
  const text = utf8(call.content);
  const bytes = isSealed ? await primitives.seal(key.call, nonce, callData, text) : text;
  const signed = [callData, nonce, await primitives.sha256(bytes)];
  const sign = await device.sign(encodeFor('sign', ...signed));
  const assertion = await device.assert?.(await primitives.sha256(encodeFor('assertion', ...signed)));
  const envelope: Envelope = {
    content: isSealed ? toBase64(bytes) : call.content,
    _uniCloudOptions: {
      secretType,
      encryptKeyId: key.keyId,
      v: VERSION,
      nonce: toBase64(nonce),
      requestId,
      timestamp,
      sign: toBase64(sign),
      ...(assertion && { assertion: toBase64(assertion) }),
    },
  };
  return {
    envelope,
    async open(reply) {
      const { errCode, content, _uniCloudOptions: options } = reply as Partial<Envelope> & { errCode?: unknown };
      if (errCode !== 0 || typeof content !== 'string' || options?.v !== VERSION || options.requestId !== requestId) {
        throw new Error('the reply does not belong to this call');
      }
      const opened = await primitives.open(key.reply, fromBase64(options.nonce), data('reply', nonce), fromBase64(content));
      return JSON.parse(fromUtf8(opened));
    },
  };
}
