import { readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

/** Editors save in several steps; changes within this time count as one, milliseconds. */
const QUIET_MS = 100;

/** Calls `changed()` after files below `folder` changed (node_modules aside). Answers how to stop. */
export function watchFolder(folder, changed) {
  let watchers = [];
  let timer;
  const stop = () => (clearTimeout(timer), watchers.forEach((watcher) => watcher.close()), (watchers = []));
  const start = () => {
    watchers = foldersBelow(folder).flatMap((path) => {
      try {
        // A folder that goes away in this moment is no reason to stop.
        return [watch(path, { persistent: false }, later).on('error', () => undefined)];
      } catch {
        return [];
      }
    });
  };
  function later() {
    clearTimeout(timer);
    timer = setTimeout(() => (stop(), start(), changed()), QUIET_MS);
  }
  start();
  return stop;
}

function foldersBelow(folder) {
  try {
    const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== 'node_modules');
    return [folder, ...inside.flatMap(({ name }) => foldersBelow(join(folder, name)))];
  } catch {
    return [];
  }
}
