// Starts the real server for tests: a temporary data folder, a free port, development mode.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILT = fileURLToPath(new URL('../../target/debug/lingpai', import.meta.url));

/** The program under test: `LINGPAI_BIN`, else what `cargo build` leaves in this tree. */
export const binary = process.env.LINGPAI_BIN ?? BUILT;

/** A project's configuration with secrets for tests, `uni-id/config.json`. */
export const UNI_ID = {
  passwordSecret: [{ type: 'hmac-sha256', version: 1, value: 'a password secret for tests' }],
  passwordStrength: 'weak',
  tokenSecret: 'a token secret for tests of at least 32 characters',
  requestAuthSecret: 'a request secret for tests of 32 characters',
  tokenExpiresIn: 7200,
  tokenExpiresThreshold: 1200,
};

/**
 * Starts one. `uniId` overrides fields of {@link UNI_ID}, `files` are further files of the configuration folder, `settings`
 * is lingpai.toml. The test ends it.
 */
export async function startLingpai(t, { uniId = {}, files = {}, settings = '' } = {}) {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run \`cargo build -p lingpai-server --bin lingpai\`, or set LINGPAI_BIN`);
  const folder = mkdtempSync(join(tmpdir(), 'lingpai-test-'));
  const center = join(folder, 'uni-config-center');
  const all = { 'uni-id/config.json': JSON.stringify({ ...UNI_ID, ...uniId }), ...files };
  for (const [path, content] of Object.entries(all)) {
    mkdirSync(dirname(join(center, path)), { recursive: true });
    writeFileSync(join(center, path), content);
  }
  const config = join(folder, 'lingpai.toml');
  writeFileSync(config, settings);
  const data = join(folder, 'data');
  const flags = ['--mode', 'development', '--config', config, '--config-center', center, '--data', data, '--listen', '127.0.0.1:0'];
  const server = spawn(binary, ['serve', ...flags], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH } });
  let output = '';
  const ended = new Promise((resolve) => server.once('exit', resolve));
  t.after(async () => {
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const url = await new Promise((resolve, reject) => {
    const read = (chunk) => {
      output += chunk;
      const address = /https?:\/\/127\.0\.0\.1:\d+/.exec(output);
      if (address) resolve(address[0]);
    };
    for (const stream of [server.stdout, server.stderr]) stream.setEncoding('utf8').on('data', read);
    server.once('error', reject);
    ended.then((code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
  });
  return {
    url,
    folder,
    center,
    output: () => output,
    /** Everything sent so far: captchas, SMS, mails. */
    outbox: () => readFileSync(join(data, 'outbox.jsonl'), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)),
    /** The code of the last message that fits. */
    code(wanted) {
      const fits = (entry) => Object.entries(wanted).every(([name, value]) => entry[name] === value);
      const found = this.outbox().reverse().find(fits);
      if (!found) throw new Error(`nothing in the outbox fits ${JSON.stringify(wanted)}`);
      return found.code;
    },
    /** A call in the URL form. */
    async call(path, params = {}, { uniIdToken, clientInfo = {} } = {}) {
      const body = { clientInfo: { appId: '__UNI__TEST', uniPlatform: 'web', deviceId: 'device-1', ...clientInfo }, params, uniIdToken };
      const response = await fetch(`${url}/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
      return response.json();
    },
    /** Registers a user and answers uid and token. */
    async register(username, password = 'password1') {
      await this.call('uni-captcha-co/getImageCaptcha', { scene: 'register' });
      const captcha = this.code({ kind: 'captcha', scene: 'register' });
      const answer = await this.call('uni-id-co/registerUser', { username, password, captcha });
      if (answer.errCode) throw new Error(JSON.stringify(answer));
      return { uid: answer.uid, token: answer.newToken.token };
    },
  };
}
