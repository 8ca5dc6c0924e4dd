// Types by tsc, one file each for ESM and CommonJS by esbuild.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const BUDGET = 25 * 1024;

process.chdir(fileURLToPath(new URL('.', import.meta.url)));
rmSync('dist', { recursive: true, force: true });
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
// CommonJS users need declarations that count as CommonJS, hence the second folder.
for (const folder of ['dist', 'dist/cjs']) {
  const types = spawnSync(process.execPath, [tsc, '-p', '.', '--outDir', folder], { stdio: 'inherit' });
  if (types.status !== 0) process.exit(types.status ?? 1);
}
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');

const options = { entryPoints: ['src/index.ts'], bundle: true, target: 'es2019', minify: true, sourcemap: false, legalComments: 'none' };
await build({ ...options, format: 'esm', outfile: 'dist/index.js' });
await build({ ...options, format: 'cjs', outfile: 'dist/cjs/index.js' });

for (const file of ['dist/index.js', 'dist/cjs/index.js']) {
  const compressed = gzipSync(readFileSync(file), { level: 9 }).length;
  console.log(`${file}: ${statSync(file).size} bytes, ${compressed} compressed`);
  if (compressed > BUDGET) throw new Error(`${file} is ${compressed} bytes compressed, more than ${BUDGET}`);
}
