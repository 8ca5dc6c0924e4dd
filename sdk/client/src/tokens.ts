import { fromBase64, fromUtf8 } from './bytes.js';
import type { Emitter } from './events.js';
import type { Storage } from './platform.js';

/** A uni-id token and when it ends, milliseconds since 1970. */
export interface Token {
  token: string;
  tokenExpired: number;
}

/** Who is logged in, as the token says; the server alone decides what it is worth. */
export interface CurrentUser {
  uid: string | null;
  role: string[];
  permission: string[];
  tokenExpired: number;
}

/** uniCloud's own names, so that a project can change from one client to the other without new logins. */
const TOKEN = 'uni_id_token';
const EXPIRED = 'uni_id_token_expired';

/** The token of this device. */
export class Tokens {
  constructor(
    private readonly storage: Storage,
    private readonly emitter: Emitter,
  ) {}

  /** The stored token; null when logged out or when its time is over. */
  async current(now: number): Promise<Token | null> {
    const token = await this.storage.get(TOKEN);
    const tokenExpired = Number(await this.storage.get(EXPIRED));
    return token && tokenExpired > now ? { token, tokenExpired } : null;
  }

  /** Keeps a token, or forgets it. */
  async keep(token: Token | null): Promise<void> {
    if (token) {
      await this.storage.set(TOKEN, token.token);
      await this.storage.set(EXPIRED, String(token.tokenExpired));
    } else {
      await this.storage.remove(TOKEN);
      await this.storage.remove(EXPIRED);
    }
    this.emitter.emit('refreshToken', token);
  }

  /** Keeps the token that an answer brings, if it brings one. */
  async keepFrom(result: unknown): Promise<void> {
    const { token, tokenExpired } = ((result as { newToken?: Partial<Token> } | null)?.newToken ?? {}) as Partial<Token>;
    if (typeof token === 'string' && token && typeof tokenExpired === 'number' && tokenExpired) await this.keep({ token, tokenExpired });
  }
}

/** Reads a token without checking it. */
export function currentUser(token: Token | null): CurrentUser {
  const nobody: CurrentUser = { uid: null, role: [], permission: [], tokenExpired: 0 };
  const payload = token?.token.split('.')[1];
  if (!token || !payload) return nobody;
  try {
    const standard = payload.replace(/-/g, '+').replace(/_/g, '/');
    const { uid, role, permission } = JSON.parse(fromUtf8(fromBase64(standard + '='.repeat((4 - (standard.length % 4)) % 4))));
    return { uid: uid ?? null, role: role ?? [], permission: permission ?? [], tokenExpired: token.tokenExpired };
  } catch {
    return nobody;
  }
}
