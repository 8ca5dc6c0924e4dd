// The guide page 'Point your project at Lingpai': every command and every snippet of it, run as it stands.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../sdk/testing/free-port.mjs';
import { UNI_ID, binary } from '../../../sdk/testing/lingpai-server.mjs';
import { launch, openH5 } from './h5.mjs';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = fileURLToPath(new URL('../../../docs/src/guide/point-your-project.md', import.meta.url));
/** Where the page has the server, which a test may find taken. */
const ADDRESS = '127.0.0.1:8700';

/** The blocks of the page, in order. */
function blocks() {
  const found = [...readFileSync(PAGE, 'utf8').matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  return found.map(([, language, text]) => ({ language, text }));
}

/** A project as the page supposes it: this one, with a uniCloud folder. */
function project(folder) {
  const app = join(folder, 'my-app');
  mkdirSync(app);
  for (const name of ['src', 'index.html', 'package.json', 'vite.config.js']) cpSync(join(PROJECT, name), join(app, name), { recursive: true });
  // Our own client is in the bundle of another test; from here it is elsewhere.
  const bundled = join(app, 'src/real-client.js');
  writeFileSync(bundled, readFileSync(bundled, 'utf8').replace('../../../sdk/client', fileURLToPath(new URL('../../../sdk/client', import.meta.url))));
  symlinkSync(join(PROJECT, 'node_modules'), join(app, 'node_modules'));
  const cloud = join(app, 'uniCloud-aliyun');
  const write = (path, content) => {
    mkdirSync(dirname(join(cloud, path)), { recursive: true });
    writeFileSync(join(cloud, path), JSON.stringify(content));
  };
  write('cloudfunctions/common/uni-config-center/uni-id/config.json', UNI_ID);
  write('database/note.schema.json', { bsonType: 'object', permission: { read: 'doc.owner == auth.uid', create: 'auth.uid != null' }, properties: { owner: { bsonType: 'string', forceDefaultValue: { $env: 'uid' } }, text: { bsonType: 'string' } } });
}

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

test('every step of the page leads to a client that is signed in', { timeout: 600_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lingpai-guide-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  project(folder);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(binary, join(bin, 'lingpai'));
  const address = `127.0.0.1:${await freePort()}`;
  const env = { PATH: `${bin}:${process.env.PATH}`, HOME: process.env.HOME, LINGPAI_SERVER_LISTEN: address };
  // One shell's words: what a block sets, later ones have.
  let before = 'set -euo pipefail\n';
  let server;
  const run = (text) => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', before + text], { cwd: folder, env, encoding: 'utf8' });
    assert.equal(status, 0, `${text}\n${stdout}\n${stderr}`);
    return stdout;
  };
  const told = [];
  let options;
  for (const { language, text } of blocks()) {
    const words = text.replaceAll(ADDRESS, address);
    if (language === 'js') {
      const [, literal] = /^uniCloud\.init\(([\s\S]*)\)\s*$/.exec(words);
      const values = run('printf "%s\\n%s" "$SPACE_ID" "$CLIENT_SECRET"').split('\n');
      options = new Function('SPACE_ID', 'CLIENT_SECRET', `return ${literal}`)(...values);
      continue;
    }
    assert.equal(language, 'sh', `a block of ${language} that this test does not run`);
    if (words.trim() === 'lingpai serve') {
      server = spawn(join(bin, 'lingpai'), ['serve'], { cwd: folder, env, stdio: 'ignore' });
      const ended = new Promise((resolve) => server.once('exit', resolve));
      t.after(async () => {
        server.kill('SIGTERM');
        await ended;
      });
      const isReady = () => fetch(`http://${address}/healthz`).then(() => true, () => false);
      while (!(await isReady())) assert.equal(server.exitCode, null, 'the server ended');
      continue;
    }
    told.push(run(words));
    // Later blocks need what this one sets, not what it does.
    before += words.split('\n').filter((line) => /^(export )?[A-Z_]+=/.test(line)).join('\n') + '\n';
  }
  assert.ok(server && options && told.length >= 5, 'the page has its steps');
  assert.equal(options.endpoint, `http://${address}`);

  const driver = await openH5(t, browser, `http://${address}`, join(folder, 'my-app/dist/build/h5/'));
  for (const space of [null, options]) {
    if (space) await driver.run('useSpace', space);
    await driver.run('forget');
    const answer = await driver.run('call', 'uni-id-co', 'login', { username: 'admin', password: 'password-2026' });
    assert.equal(answer.errCode, 0, JSON.stringify(answer));
    assert.equal((await driver.run('profile')).data[0].username, 'admin');
  }
  assert.deepEqual(driver.errors, []);
});
