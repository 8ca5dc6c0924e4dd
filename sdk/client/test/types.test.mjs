// The declarations, as projects of both kinds use them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('TypeScript projects compile, as ES modules and as CommonJS', () => {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', fileURLToPath(new URL('./consumer', import.meta.url))], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});
