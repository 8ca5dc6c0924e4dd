import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What is wrong with the settings, in words for whoever set them. */
export class SettingsError extends Error {}

const OPTIONS = {
  folder: { env: 'LINGPAI_FUNCTIONS_FOLDER', help: 'cloudfunctions 目录,必填 · the folder of cloud functions, required' },
  key: { env: 'LINGPAI_FUNCTIONS_KEY', help: 'lingpai.toml 中 [[functions]] 的 key · as in lingpai.toml' },
  'key-file': { env: 'LINGPAI_FUNCTIONS_KEY_FILE', help: '从文件读取 key · a file with the key' },
  listen: { env: 'LINGPAI_FUNCTIONS_LISTEN', standard: '127.0.0.1:8710', help: '监听地址 · where to listen' },
  lingpai: { env: 'LINGPAI_URL', standard: 'http://127.0.0.1:8700', help: '令牌的地址 · the address of Lingpai' },
  workers: { env: 'LINGPAI_FUNCTIONS_WORKERS', standard: '8', help: '工作线程上限 · at most so many worker threads' },
  queue: { env: 'LINGPAI_FUNCTIONS_QUEUE', standard: '256', help: '最多等待的调用 · at most so many waiting calls' },
  timeout: { env: 'LINGPAI_FUNCTIONS_TIMEOUT', standard: '10', help: '单次调用的时限(秒) · seconds for one call' },
  memory: { env: 'LINGPAI_FUNCTIONS_MEMORY', standard: '256', help: '每个线程的内存上限(MB) · MB of memory for one thread' },
  body: { env: 'LINGPAI_FUNCTIONS_BODY', standard: '1048576', help: '请求体上限(字节) · bytes of a request body' },
};
const FLAGS = {
  'no-timers': '不运行定时触发器 · do not run timers',
  'no-reload': '文件改变时不重新加载 · do not reload changed files',
  print: '打印 lingpai.toml 需要的 [[functions]] · print the [[functions]] for lingpai.toml',
  help: '显示本说明 · print this help',
};

/** How to call the command. */
export const USAGE = [
  'lingpai-functions --folder DIR --key-file FILE',
  ...Object.entries(OPTIONS).map(([name, { env, standard, help }]) => `  --${name.padEnd(11)}${help}${standard ? ` [${standard}]` : ''} (${env})`),
  ...Object.entries(FLAGS).map(([name, help]) => `  --${name.padEnd(11)}${help}`),
].join('\n');

/** The shortest key, characters. */
const SHORTEST_KEY = 32;

/** Reads flags, then the environment, then the defaults. */
export function parseSettings(args, environment) {
  let values;
  try {
    const options = { ...mapValues(OPTIONS, () => ({ type: 'string' })), ...mapValues(FLAGS, () => ({ type: 'boolean' })) };
    ({ values } = parseArgs({ args, options, strict: true, allowPositionals: false }));
  } catch (error) {
    throw new SettingsError(error.message);
  }
  if (values.help) return { help: true };
  const text = (name) => values[name] ?? environment[OPTIONS[name].env] ?? OPTIONS[name].standard;
  const number = (name, least, most) => {
    const value = Number(text(name));
    if (Number.isFinite(value) && value >= least && value <= most) return value;
    throw new SettingsError(`--${name}: 必须是 ${least} 至 ${most} 的数 · must be a number from ${least} to ${most}: ${text(name)}`);
  };
  const print = !!values.print;
  const [host, port] = address(text('listen'));
  return {
    print,
    folder: folder(text('folder')),
    key: print ? '' : key(text('key'), text('key-file')),
    keyFile: text('key-file'),
    listen: text('listen'),
    host,
    port,
    lingpai: url(text('lingpai')),
    workers: number('workers', 1, 256),
    queue: number('queue', 0, 100_000),
    timeoutMs: number('timeout', 0.05, 900) * 1000,
    memoryMb: number('memory', 16, 16_384),
    bodyBytes: number('body', 1024, 64 * 1024 * 1024),
    timers: !values['no-timers'],
    reload: !values['no-reload'],
  };
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}

function folder(text) {
  if (!text) throw new SettingsError('缺少 --folder · --folder is missing');
  const path = resolve(text);
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new SettingsError(`--folder: 没有这个目录 · no such folder: ${text}`);
  return path;
}

function key(text, file) {
  let value = text;
  if (file) {
    try {
      value = readFileSync(file, 'utf8').trim();
    } catch {
      throw new SettingsError(`--key-file: 无法读取 · cannot be read: ${file}`);
    }
  }
  if (!value) throw new SettingsError('缺少 --key-file 或 --key · --key-file or --key is missing');
  if (value.length < SHORTEST_KEY) throw new SettingsError(`key 至少 ${SHORTEST_KEY} 个字符 · the key needs at least ${SHORTEST_KEY} characters`);
  return value;
}

function address(text) {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (!host || Number(port) > 65535) throw new SettingsError(`--listen: 应为 地址:端口 · must be ADDRESS:PORT: ${text}`);
  return [host.replace(/^\[(.*)\]$/, '$1'), Number(port)];
}

function url(text) {
  try {
    const { protocol } = new URL(text);
    if (protocol === 'http:' || protocol === 'https:') return text.replace(/\/+$/, '');
  } catch {
    // Said below.
  }
  throw new SettingsError(`--lingpai: 应为 http(s) 地址 · must be an http(s) address: ${text}`);
}
