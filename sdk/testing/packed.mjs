// A package as npm would publish it, installed into an empty project.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

function npm(folder, ...args) {
  const { status, stdout, stderr } = spawnSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${args[0]}: ${stderr}`);
  return stdout;
}

/** Packs the package at `url` and installs it: `{files, manifest, run}`. `run` runs Node in the project. */
export function packAndInstall(t, url) {
  const folder = mkdtempSync(join(tmpdir(), 'lingpai-packed-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const source = fileURLToPath(url);
  const [{ filename, files }] = JSON.parse(npm(source, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder));
  writeFileSync(join(folder, 'package.json'), '{"name":"project","private":true}');
  npm(folder, 'install', join(folder, filename));
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  const run = (...args) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    return { status, said: stdout + stderr };
  };
  return { files: files.map(({ path }) => path).sort(), manifest, run, folder };
}
