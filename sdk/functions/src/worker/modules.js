// `require` in cloud functions: public modules of `common/`, then what this package has built in.
import Module, { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createConfigCenter } from '../builtin/uni-config-center.js';
import { createUniCaptcha } from '../builtin/uni-captcha.js';
import { createUniIdCommon } from '../builtin/uni-id-common.js';
import { createOpenBridgeCommon } from '../builtin/uni-open-bridge-common.js';
import { parseJsonc } from '../jsonc.js';
import { Lingpai } from '../lingpai.js';
import { calls } from './current-call.js';

/** Answers `load(file)`, which loads a cloud function, and the client of Lingpai. */
export function installModules({ folder, modules, lingpai: url, lingpaiToken, configCenter: lingpais }) {
  const configCenter = createConfigCenter(`${folder}${sep}common${sep}uni-config-center`, lingpais);
  const lingpai = new Lingpai(url, configCenter, lingpaiToken);
  const needs = { lingpai, configCenter, currentCall: () => calls.getStore() };
  const builtIn = new Map([
    ['uni-config-center', configCenter],
    ['uni-id-common', createUniIdCommon(needs)],
    ['uni-open-bridge-common', createOpenBridgeCommon(needs)],
    ['uni-captcha', createUniCaptcha(needs)],
  ]);
  const common = new Map(modules);
  const inFolder = (file) => typeof file === 'string' && file.startsWith(folder + sep);

  // Node has no public way to add names for one part of a program; these two functions have been stable since Node 4.
  const { _load: load, _resolveFilename: resolve } = Module;
  Module._load = (request, parent, isMain) => {
    // The real modules of uniCloud need its database; ours of the same names ask Lingpai instead.
    if (builtIn.has(request) && inFolder(parent?.filename)) return builtIn.get(request);
    return load(request, parent, isMain);
  };
  Module._resolveFilename = (request, parent, ...rest) => {
    const [, name, inside = ''] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(request) ?? [];
    const place = inFolder(parent?.filename) ? common.get(name) : undefined;
    return resolve(place ? place + inside : request, parent, ...rest);
  };

  // A uni-app project around the folder may say `"type": "module"`; uniCloud's functions are CommonJS all the same, unless
  // a package.json of the folder itself says otherwise.
  const loadJs = Module._extensions['.js'];
  Module._extensions['.js'] = (module, file) => {
    if (!inFolder(file) || isEsModule(file, folder)) return loadJs(module, file);
    module._compile(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''), file);
  };

  return {
    lingpai,
    async load(file) {
      try {
        return createRequire(file)(file);
      } catch (error) {
        if (error?.code !== 'ERR_REQUIRE_ESM') throw error;
        const { default: standard, ...named } = await import(pathToFileURL(file).href);
        return standard ?? named;
      }
    },
  };
}

/** Whether the nearest package.json between the file and the folder says so. */
function isEsModule(file, folder) {
  for (let place = dirname(file); place.startsWith(folder); place = dirname(place)) {
    const described = join(place, 'package.json');
    if (existsSync(described)) return parseJsonc(readFileSync(described, 'utf8')).type === 'module';
  }
  return false;
}
