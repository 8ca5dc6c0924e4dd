// The spaces that can point at a server of one's own, and the servers for them.
import { startLingpai } from '../../../sdk/testing/lingpai-server.mjs';
import { startHttps } from './https.mjs';
import { SPACE } from './space.mjs';

/** By name: the provider that `uniCloud.init` gets; none for the space that the build has. */
export const PROVIDERS = { 'dcloud, from the build': null, dcloud: 'dcloud', private: 'private', aliyun: 'aliyun' };

/** A server for a kind of space. Clients of `aliyun` upload by https alone, and without saying who is logged in. */
export async function startFor(t, provider) {
  // Two mails to one address within a minute.
  let settings = '[limits.sends]\nper_target = "10/1m"\n';
  if (provider !== 'aliyun') return startLingpai(t, { settings });
  const https = await startHttps(t);
  settings += `[storage]\nanonymous_uploads = true\npublic_url = "${https.url}"\n`;
  const lingpai = await startLingpai(t, { settings });
  https.pointAt(lingpai.url);
  return lingpai;
}

/** What `useSpace` of the driver is told, if anything. */
export async function useSpace(driver, provider, lingpai) {
  if (provider) await driver.run('useSpace', { provider, ...SPACE, endpoint: lingpai.url });
}
