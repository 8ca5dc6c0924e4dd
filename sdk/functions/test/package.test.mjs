// The package as it is published.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packAndInstall } from '../../testing/packed.mjs';
import { writeFiles } from './kit.mjs';

test('the package has what it needs and nothing else, and its command runs', (t) => {
  const { files, manifest, run, folder } = packAndInstall(t, new URL('..', import.meta.url));
  assert.deepEqual(files.filter((path) => !/^src\/[\w/-]+\.js$/.test(path)), ['README.md', 'bin/lingpai-functions.js', 'package.json']);
  assert.ok(manifest.license && manifest.engines.node && manifest.description && !manifest.private && !manifest.dependencies);
  const command = 'node_modules/@lingpai/functions/bin/lingpai-functions.js';
  assert.match(run(command, '--help').said, /--folder/);
  writeFiles(folder, { 'cf/hello/index.js': 'exports.main = () => 1' });
  assert.match(run(command, '--print', '--folder', 'cf', '--key-file', 'k').said, /name = "hello"/);
  assert.equal(run('--input-type=module', '-e', "import { startHost } from '@lingpai/functions'; console.log(typeof startHost)").said, 'function\n');
});
