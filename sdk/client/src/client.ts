import { clientInfo, type ClientInfo } from './client-info.js';
import { CloudError, KEY_UNKNOWN, NO_IDENTITY, secureError, SECURE_NETWORK, SIGNATURE_MISSING } from './errors.js';
import { Emitter, type Events } from './events.js';
import { Gateway, type Answer, type Limits, type Space } from './gateway.js';
import { defaultRequester, defaultStorage, type Requester, type Storage } from './platform.js';
import type { SecretType } from './secure/envelope.js';
import { SECURE_FUNCTION, SecureSession, type PendingCall, type SecureNetworkOptions } from './secure/session.js';
import type { PublishedKeys } from './secure/space-keys.js';
import { currentUser, Tokens, type CurrentUser, type Token } from './tokens.js';

const TIMEOUT = 10_000;
const RENEW_BEFORE = 5 * 60_000;
const CLOCK_OFF = 70001;
const LOGIN_NEEDED = ['uni-id-token-expired', 'uni-id-check-token-failed', 'uni-id-token-not-exist', 'uni-id-check-device-feature-failed'];

/** The settings of a client. */
export interface ClientOptions extends Space {
  /** The application's DCloud appId, `__UNI__...`. */
  appId: string;
  appName?: string;
  appVersion?: string;
  /** Further fields of clientInfo, or other values of those that the platform gives. */
  clientInfo?: ClientInfo;
  /** `zh-Hans`, `zh-Hant`, `en`; the platform's if absent. */
  locale?: string;
  /** Where the token is kept. */
  storage?: Storage;
  /** How to send HTTP, where neither fetch, uni.request nor wx.request will do. */
  request?: Requester;
  /** Milliseconds a call may take; 10000 if absent. */
  timeout?: number;
  /** Renew tokens that have less than this left, milliseconds; 300000 if absent, 0 to leave it to the server. */
  renewBefore?: number;
  /** The secure network; without it calls are neither signed nor sealed. */
  secureNetwork?: SecureNetworkOptions;
}

/** A call of a cloud function. */
export interface FunctionCall {
  name: string;
  data?: Record<string, unknown>;
  secretType?: SecretType;
  timeout?: number;
  /** Ends the wait with the error `ABORTED`; what was sent may still take effect. */
  signal?: AbortSignal;
}

/** What a cloud function answered; an errCode in it is the caller's to look at. */
export interface FunctionResult<T = unknown> {
  result: T;
  success: true;
  requestId: string | undefined;
}

/** How a cloud object is called. */
export interface ObjectOptions {
  /** What is encrypted, by method; `*` for all others. */
  secretMethods?: Record<string, SecretType>;
  timeout?: number;
  /** Ends every call of this object that is under way. */
  signal?: AbortSignal;
}

/** A cloud object: each method answers the function's result, and throws {@link CloudError} if it has an errCode. */
export type CloudObject = Record<string, (...params: any[]) => Promise<any>>;

/** Makes a client of one space. */
export function createClient(options: ClientOptions): Client {
  return new Client(options);
}

/** A client of one space; see {@link createClient}. */
export class Client {
  private readonly options: ClientOptions;
  private readonly storage: Storage;
  private readonly emitter = new Emitter();
  private readonly tokens: Tokens;
  private readonly gateway: Gateway;
  private readonly timeout: number;
  private readonly signed = new Set<string>();
  private secure: SecureSession | undefined;
  private info: Promise<ClientInfo> | undefined;
  private renewing: Promise<unknown> | undefined;

  constructor(options: ClientOptions) {
    for (const name of ['endpoint', 'spaceId', 'clientSecret', 'appId'] as const) {
      if (!options[name]) throw new CloudError('INVALID_PARAM', `createClient: 缺少 ${name} · ${name} is missing`);
    }
    this.options = options;
    this.storage = options.storage ?? defaultStorage();
    this.tokens = new Tokens(this.storage, this.emitter);
    this.gateway = new Gateway(options, options.request ?? defaultRequester(), () => Date.now());
    this.timeout = options.timeout ?? TIMEOUT;
    if (options.secureNetwork) this.secure = this.session(options.secureNetwork);
  }

  /** Calls a cloud function. Errors of the secure network and of the protocol are thrown, the function's own are its result. */
  async callFunction<T = unknown>(call: FunctionCall): Promise<FunctionResult<T>> {
    const { data, requestId } = await this.call(call.name, { ...call.data }, call.secretType ?? 'none', { timeout: call.timeout, signal: call.signal });
    const refusal = refusalCode(data);
    if (refusal !== undefined) throw toError(data, requestId);
    return { result: data as T, success: true, requestId };
  }

  /** A cloud object. `client.importObject('uni-id-co').login({...})` */
  importObject<T = CloudObject>(name: string, options: ObjectOptions = {}): T {
    const { secretMethods = {}, timeout, signal } = options;
    const target: CloudObject = {};
    return new Proxy(target, {
      get: (methods, method) => {
        // A cloud object is no promise: `await` must not call `then`.
        if (typeof method !== 'string' || method === 'then') return undefined;
        const known = own(methods, method);
        if (known) return known;
        return (methods[method] = async (...params: unknown[]) => {
          const secretType = own(secretMethods, method) ?? own(secretMethods, '*') ?? 'none';
          const { data, requestId } = await this.call(name, { method, params }, secretType, { timeout, signal });
          if ((data as { errCode?: unknown } | null)?.errCode) throw toError(data, requestId);
          return data;
        });
      },
    }) as unknown as T;
  }

  /** Listens; returns how to stop. */
  on<K extends keyof Events>(name: K, listener: (event: Events[K]) => void): () => void {
    return this.emitter.on(name, listener);
  }

  off<K extends keyof Events>(name: K, listener: (event: Events[K]) => void): void {
    this.emitter.off(name, listener);
  }

  /** The token, unless it is over. */
  token(): Promise<Token | null> {
    return this.tokens.current(Date.now());
  }

  /** Keeps a token that came another way; null forgets it. */
  setToken(token: Token | null): Promise<void> {
    return this.tokens.keep(token);
  }

  /** Who is logged in, as the token says. */
  async currentUser(): Promise<CurrentUser> {
    return currentUser(await this.token());
  }

  /** Renews the token now; concurrent calls share one renewal. */
  renewToken(): Promise<unknown> {
    return (this.renewing ??= this.call('uni-id-co', { method: 'refreshToken', params: [] }, 'none').then(
      ({ data, requestId }) => {
        this.renewing = undefined;
        if ((data as { errCode?: unknown } | null)?.errCode) throw toError(data, requestId);
      },
      (error) => {
        this.renewing = undefined;
        throw error;
      },
    ));
  }

  /** Ends the session on the server and forgets the token, even if the server cannot be reached. */
  async logout(): Promise<void> {
    try {
      await this.call('uni-id-co', { method: 'logout', params: [] }, 'none');
    } finally {
      await this.tokens.keep(null);
    }
  }

  /** Shakes hands now rather than at the first sealed call. */
  async handshake(): Promise<void> {
    await this.secureSession().key();
  }

  private async call(name: string, args: Record<string, unknown>, secretType: SecretType, given: { timeout?: number | undefined; signal?: AbortSignal | undefined } = {}): Promise<Answer> {
    const limits = { timeout: given.timeout ?? this.timeout, signal: given.signal };
    if (name !== 'uni-id-co') await this.renewIfNear();
    const { verify } = this.options.secureNetwork ?? {};
    let isSigned = secretType !== 'none' || verify === true || !!verify?.includes(name) || this.signed.has(name);
    const tried = new Set<unknown>();
    for (;;) {
      const { answer, keyId } = isSigned ? await this.callSigned(name, args, secretType, limits) : { answer: await this.callPlain(name, args, limits), keyId: '' };
      const refusal = refusalCode(answer.data);
      // Each remedy is tried once.
      if (!this.secure || refusal === undefined || tried.has(refusal)) return this.finish(answer);
      tried.add(refusal);
      if (refusal === SIGNATURE_MISSING && !isSigned) {
        this.signed.add(name);
        isSigned = true;
      } else if (refusal === KEY_UNKNOWN && isSigned) {
        await this.secure.forget(keyId);
      } else if (refusal === CLOCK_OFF && isSigned) {
        await this.secure.correctClock();
      } else {
        return this.finish(answer);
      }
    }
  }

  private async finish(answer: Answer): Promise<Answer> {
    await this.tokens.keepFrom(answer.data);
    const { errCode, errMsg = '' } = (answer.data ?? {}) as { errCode?: string | number; errMsg?: string };
    if (typeof errCode === 'string' && LOGIN_NEEDED.includes(errCode)) this.emitter.emit('needLogin', { errCode, errMsg });
    return answer;
  }

  private async callPlain(name: string, args: Record<string, unknown>, limits: Limits): Promise<Answer> {
    const info = await this.clientInfo();
    const token = (await this.token())?.token ?? '';
    const uniIdToken = args['uniIdToken'] ?? token;
    return this.gateway.invoke(name, { ...args, clientInfo: info, ...(uniIdToken ? { uniIdToken } : {}) }, { info, token, ...limits });
  }

  /** The token goes inside: signed in any case, and sealed where the call is. */
  private async callSigned(name: string, args: Record<string, unknown>, secretType: SecretType, limits: Limits): Promise<{ answer: Answer; keyId: string }> {
    const session = this.secureSession();
    return session.inTurn(async () => {
      const info = await this.clientInfo();
      const uniIdToken = args['uniIdToken'] ?? (await this.token())?.token;
      const pending: PendingCall = await session.seal(name, secretType, uniIdToken ? { ...args, uniIdToken } : args);
      const { data, requestId } = await this.gateway.invoke(name, { ...pending.envelope, clientInfo: info }, { info, token: '', ...limits });
      return { answer: { data: await pending.open(data), requestId }, keyId: pending.keyId };
    }, limits.signal);
  }

  private async renewIfNear(): Promise<void> {
    const within = this.options.renewBefore ?? RENEW_BEFORE;
    const token = within > 0 ? await this.token() : null;
    // Whatever goes wrong here the call itself will say better.
    if (token && token.tokenExpired - Date.now() < within) await this.renewToken().catch(() => undefined);
  }

  private clientInfo(): Promise<ClientInfo> {
    const { appId, appName, appVersion, locale } = this.options;
    const given = { appId, appName, appVersion, locale, ...this.options.clientInfo };
    const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return (this.info ??= clientInfo(this.storage, known));
  }

  private secureSession(): SecureSession {
    if (this.secure) return this.secure;
    throw secureError(NO_IDENTITY, 'createClient 缺少 secureNetwork.identityKey · createClient needs secureNetwork.identityKey for sealed calls');
  }

  private session(options: SecureNetworkOptions): SecureSession {
    return new SecureSession(options, {
      spaceId: this.options.spaceId,
      info: () => this.clientInfo(),
      now: () => Date.now(),
      call: async (method, params) => {
        const { data, requestId } = await this.callPlain(SECURE_FUNCTION, { method, params }, { timeout: this.timeout });
        if ((data as { errCode?: unknown } | null)?.errCode) throw toError(data, requestId);
        return data as Record<string, unknown>;
      },
      published: async () => {
        const path = `/secure-network/keys?spaceId=${encodeURIComponent(this.options.spaceId)}`;
        const keys = (await this.gateway.fetchJson(path, this.timeout)) as PublishedKeys & { errCode?: unknown };
        if (keys.errCode) throw toError(keys, undefined);
        return keys;
      },
      emitter: this.emitter,
    });
  }
}

/** A method's name may be that of something every object has. */
function own<T>(methods: Record<string, T>, name: string): T | undefined {
  return Object.prototype.hasOwnProperty.call(methods, name) ? methods[name] : undefined;
}

/** The code, if the secure network refused the call. */
function refusalCode(data: unknown): string | number | undefined {
  const { errCode, errSubject } = (data ?? {}) as { errCode?: string | number; errSubject?: string };
  return errSubject === SECURE_NETWORK && errCode ? errCode : undefined;
}

function toError(data: unknown, requestId: string | undefined): CloudError {
  const { errCode, errMsg, errSubject } = data as { errCode: string | number; errMsg?: string; errSubject?: string };
  return new CloudError(errCode, errMsg ?? String(errCode), { errSubject: errSubject ?? '', requestId, detail: data });
}
