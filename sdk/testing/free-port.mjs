// Ports for servers whose address must be known before they start.
import { createServer } from 'node:net';

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
