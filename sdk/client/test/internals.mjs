// The modules behind the package's entry, for tests that need more than it exports.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const modules = ['bytes', 'md5', 'space-signature', 'secure/transcript', 'secure/crypto', 'secure/hpke', 'secure/space-keys', 'secure/device-keys', 'secure/client-key', 'secure/handshake', 'secure/envelope'];
const contents = modules.map((name) => `export * from './${name}.js';`).join('\n');
const resolveDir = fileURLToPath(new URL('../src', import.meta.url));
const { outputFiles } = await build({ stdin: { contents, resolveDir, loader: 'ts' }, bundle: true, format: 'esm', write: false });
const source = Buffer.from(outputFiles[0].contents).toString('base64');

/** All of them. */
export const internals = await import(`data:text/javascript;base64,${source}`);
