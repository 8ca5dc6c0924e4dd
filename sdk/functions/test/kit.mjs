// A host for a test: a folder with the files given, and calls signed as the gateway signs them.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { startHost } from '../src/host.js';
import { parseSettings } from '../src/settings.js';
import { sign } from '../src/signature.js';

export const KEY = 'a key of at least thirty-two characters';

export function writeFiles(folder, files) {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Starts it; `flags` are those of the command. */
export async function hostWith(t, files, flags = ['--no-reload']) {
  const folder = mkdtempSync(join(tmpdir(), 'lingpai-functions-'));
  writeFiles(folder, files);
  const started = await hostOf(t, folder, flags);
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { ...started, folder };
}

/** The same for a folder that is there. */
export async function hostOf(t, folder, flags) {
  const host = await startHost(parseSettings(['--folder', folder, '--key', KEY, '--listen', '127.0.0.1:0', ...flags], {}));
  t.after(() => host.close());
  return { host, call: caller(host.url), reloaded: () => once(host, 'reloaded') };
}

/** `call(name, event, context)`: `{status, body}`. */
export function caller(url) {
  return async (name, event = {}, context = {}) => {
    const clientInfo = { appId: '__UNI__TEST', deviceId: 'device-1', uniPlatform: 'web', osName: 'linux', locale: 'en', ...context.clientInfo };
    const whole = { requestId: 'r-1', spaceId: 's-1', source: 'client', secretType: 'none', clientIP: '10.1.2.3', userAgent: 'test', verifiedClient: null, user: null, tokenError: null, ...context, clientInfo };
    return send(url, JSON.stringify({ function: name, event, context: whole }));
  };
}

/** Sends a body, signed unless `change` says otherwise. */
export async function send(url, body, change = {}) {
  const facts = { path: '/functions?x=1', timestamp: String(Date.now()), nonce: randomBytes(16).toString('hex'), body, ...change.signed };
  const headers = {
    'content-type': 'application/json',
    'x-lingpai-timestamp': facts.timestamp,
    'x-lingpai-nonce': facts.nonce,
    'x-lingpai-signature': sign(change.key ?? KEY, facts),
    ...change.headers,
  };
  const response = await fetch(url + (change.path ?? '/functions?x=1'), { method: 'POST', headers, body: change.body ?? body });
  return { status: response.status, body: await response.json() };
}
