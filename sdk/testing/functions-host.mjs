// A host of cloud functions behind the gateway, on a port that the server's settings must name beforehand.
import { createServer } from 'node:net';
import { startHost } from '../functions/src/host.js';
import { parseSettings } from '../functions/src/settings.js';

/** The key of `[[functions]]` in tests. */
export const FUNCTIONS_KEY = 'a key for functions of at least 32 characters';

// Below the ports that the system gives to outgoing connections, which might take one before it is used. Each process begins elsewhere.
const [FIRST_PORT, PORTS] = [20_000, 12_000];
let asked = process.pid * 37;

/** A port that is free now. */
export async function freePort() {
  for (;;) {
    asked += 1;
    const server = createServer();
    const port = FIRST_PORT + (asked % PORTS);
    const isFree = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (isFree) {
      await new Promise((resolve) => server.close(resolve));
      return port;
    }
  }
}

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
