// Run by Lingpai itself ([functions_host] of lingpai.toml). The first line of the standard input is the settings, the key among
// them; a later line `stop` ends the host after what is under way, and the end of the input, which is the end of Lingpai, at
// once. The standard output has one JSON message a line: `ready`, `changed`, `output`, `failed`.
import { createInterface } from 'node:readline';
import { startHost } from './host.js';

/** The longest text of one message, characters. */
const LONGEST = 8192;

let host;
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const describe = (host) => {
  const { functions, problems } = host.catalog();
  return { functions: [...functions.values()].map(({ name, type }) => ({ name, type })), problems };
};

// Lingpai says when to stop; a terminal's Ctrl-C and a service manager's signals reach this process as well.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
process.stdout.on('error', () => process.exit(1));
process.stdin.on('end', () => host && process.exit(1));

for await (const line of createInterface({ input: process.stdin })) {
  if (!host) {
    try {
      const onOutput = ({ text, ...entry }) => say({ type: 'output', ...entry, text: text.slice(0, LONGEST).trimEnd() });
      host = await startHost({ ...JSON.parse(line), host: '127.0.0.1', port: 0, onOutput });
    } catch (error) {
      say({ type: 'failed', text: String(error.message).slice(0, LONGEST) });
      break;
    }
    host.on('reloaded', () => say({ type: 'changed', ...describe(host) }));
    say({ type: 'ready', port: host.port, ...describe(host) });
  } else if (line === 'stop') {
    await host.close();
    process.exit(0);
  }
}
// What was written must get out, but nothing may keep the process alive.
process.stdout.write('', () => process.exit(1));
