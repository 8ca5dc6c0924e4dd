// One client's part in the secure network: whose key it is, and when to shake hands.
import { fromBase64, type Bytes } from '../bytes.js';
import type { ClientInfo } from '../client-info.js';
import { aborted, CANNOT_OPEN, CANNOT_SEAL, CloudError, NO_IDENTITY, SECURE_NETWORK, secureError } from '../errors.js';
import type { Emitter } from '../events.js';
import { clientKey, type ClientKey } from './client-key.js';
import { Primitives, type Curves, type WebCrypto } from './crypto.js';
import { browserKeys, memoryKeys, type ClientKeyRecord, type DeviceKeys } from './device-keys.js';
import { sealCall, sealsReply, type Envelope, type SecretType } from './envelope.js';
import { hello, type HelloAnswer, type Identity } from './handshake.js';
import { chooseSpaceKey, type PublishedKeys } from './space-keys.js';

/** The function that shakes hands. */
export const SECURE_FUNCTION = SECURE_NETWORK;

/** How far the server's clock may be from ours before its word on a key's validity is not taken, milliseconds. */
const CLOCK_TRUST = 10 * 60_000;
/** Shake hands again so long before the key ends, milliseconds: calls under way are still good. */
const EARLY = 60_000;
const early = (lifetime: number) => Math.min(EARLY, lifetime / 10);

/** A key and how long it had when this client got it, milliseconds. */
type UsedKey = ClientKey & { lifetime: number };

/** The application's settings of the secure network. */
export interface SecureNetworkOptions {
  /** The space's Ed25519 identity in base64, as `/secure-network/keys` shows it: pinned at build time. */
  identityKey: string;
  /** Package name, bundle id or mini program appid; a page's origin if absent. */
  package?: string;
  /** `android`, `ios`, `web`, ...; clientInfo's if absent. */
  platform?: string;
  /** Functions whose every call is signed, `true` for all. Those that the server verifies are learned by themselves. */
  verify?: true | string[];
  /** Where keys live; IndexedDB in browsers and memory elsewhere if absent. */
  deviceKeys?: DeviceKeys;
  /** A WebCrypto for platforms without one. */
  crypto?: WebCrypto;
  /** X25519 and Ed25519 for a WebCrypto without them. */
  curves?: Curves;
}

/** What the session needs of the client. */
export interface Surroundings {
  spaceId: string;
  info(): Promise<ClientInfo>;
  now(): number;
  /** Calls {@link SECURE_FUNCTION} in the clear. */
  call(method: string, params: unknown[]): Promise<Record<string, unknown>>;
  /** `GET /secure-network/keys` of the space. */
  published(): Promise<PublishedKeys>;
  emitter: Emitter;
}

/** A sealed call under way. */
export interface PendingCall {
  envelope: Envelope;
  keyId: string;
  /** The function's result. */
  open(reply: unknown): Promise<unknown>;
}

/** Shakes hands when needed, seals, opens. */
export class SecureSession {
  private readonly identity: Bytes;
  private made: Primitives | undefined;
  private device: DeviceKeys | undefined;
  private current: Promise<UsedKey> | undefined;
  /** Settled when the last of the calls that wait for each other has ended. */
  private turn: Promise<unknown> = Promise.resolve();
  /** What to add to our clock to get the server's. */
  private offset = 0;

  constructor(
    private readonly options: SecureNetworkOptions,
    private readonly around: Surroundings,
  ) {
    this.identity = parseIdentity(options.identityKey);
  }

  /** Made when first needed: plain calls work where there is no WebCrypto. */
  private get primitives(): Primitives {
    return (this.made ??= new Primitives(this.options.crypto, this.options.curves));
  }

  /** Seals a call. */
  async seal(name: string, secretType: SecretType, args: unknown): Promise<PendingCall> {
    const key = await this.key();
    const call = { spaceId: this.around.spaceId, function: name, secretType, content: JSON.stringify(args), timestamp: this.now() };
    const { envelope, open } = await sealCall(this.primitives, key, await this.keys(), call).catch((cause) => {
      throw secureError(CANNOT_SEAL, '加密失败 · The call cannot be sealed', cause);
    });
    return {
      envelope,
      keyId: key.keyId,
      open: async (reply) => {
        if (!sealsReply(secretType)) return reply;
        // Errors travel in the clear and are not authentic, so they bring no token; anything else must be sealed.
        const { newToken: _, ...error } = (reply ?? {}) as { errCode?: unknown; newToken?: unknown };
        if (error.errCode) return error;
        return open(reply).catch((cause) => {
          throw secureError(CANNOT_OPEN, '应答无法解密,已丢弃 · The reply cannot be opened and was dropped', cause);
        });
      },
    };
  }

  /** Where calls carry assertions, one after the other: their counters must reach the server in order. */
  async inTurn<T>(run: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (!(await this.keys()).assert) return run();
    if (signal?.aborted) throw aborted(undefined);
    const mine = this.turn.then(() => (signal?.aborted ? Promise.reject(aborted(undefined)) : run()));
    this.turn = mine.catch(() => undefined);
    if (!signal) return mine;
    // Whoever gives up while waiting need not wait for those before; the request itself ends by itself.
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(aborted(undefined)));
      mine.then(resolve, reject);
    });
  }

  /** Shakes hands now unless there is a key that lasts. */
  async key(): Promise<UsedKey> {
    const key = await (this.current ??= this.start());
    if (key.expires - early(key.lifetime) > this.now()) return key;
    await this.forget(key.keyId);
    return (this.current ??= this.start());
  }

  /** The server does not know this key any longer. */
  async forget(keyId: string): Promise<void> {
    const current = await this.current?.catch(() => undefined);
    if (current && current.keyId !== keyId) return; // Another call was faster.
    this.current = undefined;
    await (await this.keys()).save(null);
  }

  /** Asks the server for its time. */
  async correctClock(): Promise<void> {
    this.takeTime(await this.around.call('challenge', [{}]));
  }

  private now(): number {
    return this.around.now() + this.offset;
  }

  private takeTime({ serverTime }: Record<string, unknown>): void {
    if (typeof serverTime === 'number') this.offset = serverTime - this.around.now();
  }

  private start(): Promise<UsedKey> {
    const started = this.loadOrShakeHands();
    started.catch(() => {
      if (this.current === started) this.current = undefined;
    });
    return started;
  }

  private async loadOrShakeHands(): Promise<UsedKey> {
    const device = await this.keys();
    const kept = await device.load();
    if (kept && kept.expires - EARLY > this.now()) return this.use(kept);
    return this.shakeHands(device);
  }

  private async shakeHands(device: DeviceKeys): Promise<UsedKey> {
    const { spaceId, published, call, emitter } = this.around;
    const [keys, challenge, identity] = [await published(), await call('challenge', [{}]), await this.whoAmI()];
    this.takeTime(challenge);
    // A liar could otherwise bring an old key back to life.
    const now = Math.abs(this.offset) <= CLOCK_TRUST ? this.now() : this.around.now();
    const key = await chooseSpaceKey(this.primitives, keys, this.identity, spaceId, now);
    const facts = { challenge: fromBase64(String(challenge['challenge'])), timestamp: this.now() };
    const { request, finish } = await hello(this.primitives, device, { spaceId, key }, identity, facts).catch((cause) => {
      throw cause instanceof CloudError ? cause : secureError(CANNOT_SEAL, '握手失败 · The handshake cannot be sealed', cause);
    });
    const answer = (await call('getAppClientKey', [request])) as unknown as HelloAnswer;
    const record = await finish(answer).catch((cause) => {
      throw secureError(CANNOT_OPEN, '握手的应答无法解密 · The answer to the handshake cannot be opened', cause);
    });
    await device.save(record);
    const { keyId, expires, evidence } = record;
    emitter.emit('handshake', { keyId, expires, evidence });
    return this.use(record);
  }

  private async use(record: ClientKeyRecord): Promise<UsedKey> {
    return { ...(await clientKey(this.primitives, record)), lifetime: record.expires - this.now() };
  }

  private async whoAmI(): Promise<Identity> {
    const info = await this.around.info();
    const text = (value: unknown) => (value === undefined || value === null ? '' : String(value));
    const { uniPlatform, osName } = info;
    const platform = this.options.platform ?? (uniPlatform === 'app' || uniPlatform === 'app-plus' ? osName : uniPlatform);
    const origin = typeof location === 'undefined' ? '' : location.origin;
    return {
      appId: text(info['appId']),
      deviceId: text(info['deviceId']),
      platform: text(platform).toLowerCase(),
      package: this.options.package ?? origin,
      appVersion: text(info['appVersion']),
    };
  }

  private async keys(): Promise<DeviceKeys> {
    if (this.device) return this.device;
    const { appId, deviceId } = await this.around.info();
    const name = JSON.stringify([this.around.spaceId, appId, deviceId, this.options.identityKey]);
    const ours = () => (typeof indexedDB === 'undefined' ? memoryKeys(this.primitives) : browserKeys(this.primitives, name));
    return (this.device ??= this.options.deviceKeys ?? ours());
  }
}

function parseIdentity(text: string): Bytes {
  try {
    const key = fromBase64(text);
    if (key.length === 32) return key;
  } catch {
    // Said below.
  }
  throw secureError(NO_IDENTITY, 'secureNetwork.identityKey 必须是 32 字节的 base64 · secureNetwork.identityKey must be 32 bytes in base64');
}
