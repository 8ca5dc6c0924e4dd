// Starts the real server for tests: a temporary data folder, a free port, development mode.
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
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
 * is lingpai.toml, `env` further environment; `from` is a folder to run in and the lingpai.toml there to use instead:
 * `{cwd, config}`. The test ends it.
 */
export async function startLingpai(t, { uniId = {}, files = {}, settings = '', env = {}, from } = {}) {
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
  const flags = ['--mode', 'development', '--config', from?.config ?? config, '--config-center', center, '--data', data, '--listen', '127.0.0.1:0'];
  const server = spawn(binary, ['serve', ...flags], { stdio: ['ignore', 'pipe', 'pipe'], cwd: from?.cwd, env: { PATH: process.env.PATH, ...env } });
  let output = '';
  const waiting = new Set();
  const ended = new Promise((resolve) => server.once('exit', resolve));
  t.after(async () => {
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const url = await new Promise((resolve, reject) => {
    const read = (chunk) => {
      output += chunk;
      for (const check of waiting) check();
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
    process: server,
    /** Resolves with the exit code. */
    ended,
    /** Resolves once the output has the pattern so many times. */
    says: (pattern, times = 1) =>
      new Promise((resolve, reject) => {
        const all = new RegExp(pattern.source, `${pattern.flags}g`);
        const check = () => {
          // Colours are for terminals.
          if ([...output.replace(/\x1b\[[\d;]*m/g, '').matchAll(all)].length < times) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        ended.then(() => reject(new Error(`it ended without saying ${pattern}:\n${output}`)));
        check();
      }),
    /** A call by the client protocol; answers the body. */
    async invoke(functionTarget, functionArgs = {}) {
      const info = { appId: '__UNI__TEST', uniPlatform: 'web', deviceId: 'device-1' };
      const params = JSON.stringify({ functionTarget, functionArgs: { clientInfo: info, ...functionArgs } });
      const body = { method: 'serverless.function.runtime.invoke', params, spaceId: 'lingpai-dev', timestamp: Date.now() };
      const text = Object.keys(body).sort().map((name) => `${name}=${body[name]}`).join('&');
      const sign = createHmac('md5', 'lingpai-dev-secret').update(text).digest('hex');
      const response = await fetch(`${url}/client`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-serverless-sign': sign }, body: JSON.stringify(body) });
      return response.json();
    },
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

/** Runs a command of the program to its end: `{code, output}`. `folder` is where it runs. */
export async function runLingpai(folder, args) {
  const child = spawn(binary, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  return { code, output };
}
