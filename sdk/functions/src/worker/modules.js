// `require` in cloud functions: public modules of `common/`, then what this package has built in.
import Module, { createRequire } from 'node:module';
import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createConfigCenter } from '../builtin/uni-config-center.js';
import { createUniCaptcha } from '../builtin/uni-captcha.js';
import { createUniIdCommon } from '../builtin/uni-id-common.js';
import { createOpenBridgeCommon } from '../builtin/uni-open-bridge-common.js';
import { Lingpai } from '../lingpai.js';
import { calls } from './current-call.js';

/** Answers `load(file)`, which loads a cloud function, and the client of Lingpai. */
export function installModules({ folder, modules, lingpai: url }) {
  const configCenter = createConfigCenter(`${folder}${sep}common${sep}uni-config-center`);
  const lingpai = new Lingpai(url, configCenter);
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
