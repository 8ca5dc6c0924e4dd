// A host of cloud functions behind the gateway, on a port that the server's settings must name beforehand.
import { startHost } from '../functions/src/host.js';
import { parseSettings } from '../functions/src/settings.js';

/** The key of `[[functions]]` in tests. */
export const FUNCTIONS_KEY = 'a key for functions of at least 32 characters';

/** `[[functions]]` of lingpai.toml for names on a port. */
export function functionSettings(names, port) {
  return names.map((name) => `[[functions]]\nname = "${name}"\nurl = "http://127.0.0.1:${port}/${name}"\nkey = "${FUNCTIONS_KEY}"\n`).join('\n');
}

/** Runs the folder; the test ends it. */
export async function startFunctions(t, folder, port, lingpaiUrl) {
  const host = await startHost(parseSettings(['--folder', folder, '--key', FUNCTIONS_KEY, '--listen', `127.0.0.1:${port}`, '--lingpai', lingpaiUrl, '--no-reload'], {}));
  t.after(() => host.close());
  return host;
}
