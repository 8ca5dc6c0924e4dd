// The package as it is published, and its README's words as programs.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { packAndInstall } from '../../testing/packed.mjs';
import { SPACE, startGateway } from './gateway.mjs';

const here = (path) => new URL(path, import.meta.url);

test('the package has what it needs and nothing else, for import and require alike', (t) => {
  const { files, manifest, run } = packAndInstall(t, here('..'));
  const isCode = (path) => /^dist\/.*\.(js|d\.ts)$/.test(path);
  assert.deepEqual(files.filter((path) => !isCode(path)), ['README.md', 'dist/cjs/package.json', 'package.json']);
  for (const file of ['dist/index.js', 'dist/index.d.ts', 'dist/cjs/index.js', 'dist/cjs/index.d.ts']) assert.ok(files.includes(file), file);
  assert.deepEqual(manifest.dependencies, undefined);
  assert.ok(manifest.license && manifest.engines.node && manifest.description && !manifest.private);
  const ask = 'console.log(typeof createClient, typeof CloudError)';
  assert.equal(run('--input-type=module', '-e', `import { createClient, CloudError } from '@lingpai/client'; ${ask}`).said, 'function function\n');
  assert.equal(run('-e', `const { createClient, CloudError } = require('@lingpai/client'); ${ask}`).said, 'function function\n');
});

test('both bundles are below 25 KB compressed', () => {
  for (const file of ['../dist/index.js', '../dist/cjs/index.js']) assert.ok(gzipSync(readFileSync(here(file)), { level: 9 }).length < 25 * 1024, file);
});

test('the lock file names no download addresses', () => {
  assert.doesNotMatch(readFileSync(here('../package-lock.json'), 'utf8'), /"resolved"|https?:\/\/registry/);
});

for (const page of ['../README.md', '../../../docs/src/guide/client-sdk.md']) {
  test(`the example of ${page} runs`, async (t) => {
    const functions = {
      'uni-id-co': ({ method, params }) => ({ errCode: 0, method, params }),
      reward: (args, { secretType }) => ({ errCode: 0, secretType }),
      order: (args, { secretType }) => ({ errCode: 0, secretType }),
    };
    const gateway = await startGateway({ functions });
    t.after(() => gateway.close());
    const [, example] = /```js\n([^]*?)```/.exec(readFileSync(here(page), 'utf8'));
    const given = {
      "'@lingpai/client'": JSON.stringify(here('../dist/index.js').href),
      "'https://account.example.com'": JSON.stringify(gateway.endpoint),
      "'my-space'": JSON.stringify(SPACE.spaceId),
      "clientSecret: '…'": `clientSecret: ${JSON.stringify(SPACE.clientSecret)}`,
      "identityKey: '…'": `identityKey: ${JSON.stringify(gateway.identityKey)}`,
    };
    let program = example;
    for (const [words, value] of Object.entries(given)) {
      assert.ok(program.includes(words), `${page} has no ${words}`);
      program = program.replace(words, value);
    }
    const folder = mkdtempSync(join(tmpdir(), 'lingpai-example-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'example.mjs'), program);
    await import(pathToFileURL(join(folder, 'example.mjs')));
    const last = gateway.seen.requests.at(-1);
    assert.ok(['reward', 'order'].includes(last.name));
    assert.equal(last.outside._uniCloudOptions.secretType, 'both');
  });
}
