// What a folder of cloud functions holds, as uniCloud projects have it.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonc } from './jsonc.js';

/**
 * Reads the folder: every folder with `index.obj.js` is a cloud object, every other one with `index.js` a cloud function;
 * `common/` has the public modules.
 *
 * `functions`: name to `{name, type: 'function' | 'object', file, timeoutMs, triggers}`; `modules`: name to folder;
 * `problems`: texts about what was left out.
 */
export function readCatalog(folder) {
  const functions = new Map();
  const problems = [];
  for (const name of folders(folder).filter((name) => name !== 'common')) {
    const found = [['object', 'index.obj.js'], ['function', 'index.js']].find(([, file]) => existsSync(join(folder, name, file)));
    if (!found) {
      problems.push(`${name}: 没有 index.js 或 index.obj.js,已跳过 · has neither index.js nor index.obj.js and is left out`);
      continue;
    }
    const [type, file] = found;
    const { config, problem } = packageConfig(join(folder, name, 'package.json'));
    if (problem) problems.push(`${name}/package.json: ${problem}`);
    const seconds = Number(config.timeout);
    const timeoutMs = seconds > 0 ? seconds * 1000 : undefined;
    const triggers = Array.isArray(config.triggers) ? config.triggers.filter(({ type }) => type === 'timer') : [];
    functions.set(name, { name, type, file: join(folder, name, file), timeoutMs, triggers });
  }
  const modules = new Map();
  const common = join(folder, 'common');
  for (const name of existsSync(common) ? folders(common) : []) {
    modules.set(name, join(common, name));
    const declared = packageName(join(common, name, 'package.json'));
    if (declared) modules.set(declared, join(common, name));
  }
  return { folder, functions, modules, problems };
}

function folders(folder) {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules').map(({ name }) => name).sort();
}

function packageConfig(file) {
  if (!existsSync(file)) return { config: {} };
  try {
    return { config: parseJsonc(readFileSync(file, 'utf8'))['cloudfunction-config'] ?? {} };
  } catch (error) {
    return { config: {}, problem: error.message };
  }
}

function packageName(file) {
  try {
    const { name } = JSON.parse(readFileSync(file, 'utf8'));
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}
