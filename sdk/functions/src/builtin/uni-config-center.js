// `require('uni-config-center')`: the configurations that a project keeps in `common/uni-config-center`.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve, sep } from 'node:path';
import { parseJsonc } from '../jsonc.js';

/** Answers the module's function; `folder` is its place on disk and need not exist; `otherwise` has what it lacks. */
export function createConfigCenter(folder, otherwise) {
  return ({ pluginId, defaultConfig }) => {
    const isIn = (center) => existsSync(join(center, pluginId));
    const own = join(otherwise && !isIn(folder) && isIn(otherwise) ? otherwise : folder, pluginId);
    const place = (name) => {
      const path = resolve(own, name);
      if (!path.startsWith(own + sep)) throw new Error(`uni-config-center: 路径越界 · outside of the folder: ${name}`);
      return path;
    };
    const read = () => {
      const file = place('config.json');
      const found = existsSync(file) ? parseJsonc(readFileSync(file, 'utf8')) : undefined;
      if (Array.isArray(found) || !defaultConfig) return found ?? {};
      return { ...defaultConfig, ...found };
    };
    return {
      /** The whole configuration, or one value by its path (`a.b[0].c`). */
      config(path, otherwise) {
        if (path === undefined) return read();
        const names = String(path).replace(/\[(\w+)\]/g, '.$1').split('.').filter(Boolean);
        return names.reduce((value, name) => (value !== null && typeof value === 'object' && Object.hasOwn(value, name) ? value[name] : undefined), read()) ?? otherwise;
      },
      /** Where a file is. */
      resolve: place,
      hasFile: (name) => existsSync(place(name)),
      requireFile: (name) => (existsSync(place(name)) ? createRequire(place('config.json'))(place(name)) : undefined),
    };
  };
}
