// The command: settings in, a host until SIGTERM.
import { resolve } from 'node:path';
import { readCatalog } from './catalog.js';
import { startHost } from './host.js';
import { SettingsError, USAGE, parseSettings } from './settings.js';

/** Runs the command; answers the exit code (0, 1 failure, 2 usage). */
export async function main(args, environment, out = console) {
  let settings;
  try {
    settings = parseSettings(args, environment);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    out.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  if (settings.help) return out.log(USAGE), 0;
  if (settings.print) return out.log(gatewaySettings(settings)), 0;

  let host;
  try {
    host = await startHost(settings);
  } catch (error) {
    out.error(`无法启动 · Cannot start: ${error.message}`);
    return 1;
  }
  const { functions, problems } = host.catalog();
  out.log(`http://${settings.listen}: ${functions.size} 个云函数与云对象 · functions and objects (${[...functions.keys()].join(', ')})`);
  for (const problem of problems) out.error(problem);
  await new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, resolve);
  });
  await host.close();
  return 0;
}

/** The `[[functions]]` of lingpai.toml for everything in the folder. */
function gatewaySettings(settings) {
  const entry = (name) => `[[functions]]\nname = "${name}"\nurl = "http://${settings.listen}/${encodeURIComponent(name)}"\nkey = ${JSON.stringify(`file:${resolve(settings.keyFile ?? 'functions.key')}`)}\n`;
  return [...readCatalog(settings.folder).functions.keys()].map(entry).join('\n');
}
