/** What `client.on` tells. */
export interface Events {
  /** A token came in, by a login, by renewal, or in any answer; null after a logout. */
  refreshToken: { token: string; tokenExpired: number } | null;
  /** The call failed because nobody is logged in (any longer): show the login page. */
  needLogin: { errCode: string | number; errMsg: string };
  /** A handshake of the secure network succeeded. */
  handshake: { keyId: string; expires: number; evidence: 'keyed' | 'attested' };
}

type Listener<K extends keyof Events> = (event: Events[K]) => void;

/** Who listens to what. */
export class Emitter {
  private readonly listeners: { [K in keyof Events]: Set<Listener<K>> } = { refreshToken: new Set(), needLogin: new Set(), handshake: new Set() };

  /** Returns how to stop listening. */
  on<K extends keyof Events>(name: K, listener: Listener<K>): () => void {
    this.listeners[name].add(listener);
    return () => this.off(name, listener);
  }

  off<K extends keyof Events>(name: K, listener: Listener<K>): void {
    this.listeners[name].delete(listener);
  }

  emit<K extends keyof Events>(name: K, event: Events[K]): void {
    for (const listener of [...this.listeners[name]]) listener(event);
  }
}
