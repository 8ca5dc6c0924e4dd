// Builds the project for H5 and for mp-weixin, as `uni build` of any project does. The server's address is a placeholder
// that tests lead to the server under test, so that one build serves them all.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ENDPOINT, SPACE } from './test/space.mjs';

const uni = createRequire(import.meta.url).resolve('@dcloudio/vite-plugin-uni/bin/uni.js');
const spaces = [{ provider: 'dcloud', name: 'test', id: SPACE.spaceId, clientSecret: SPACE.clientSecret, apiEndpoint: ENDPOINT }];
// The access control that a client carries in itself: calls of `whoami` are signed without being asked.
const verified = { whoami: [{ appId: '__UNI__REALCLIENT', platform: 'mp-weixin' }] };
const secureNetwork = [{ provider: 'dcloud', spaceId: SPACE.spaceId, config: { accessControl: { enable: true, function: verified } } }];
for (const args of [['build'], ['build', '-p', 'mp-weixin']]) {
  const { status } = spawnSync(process.execPath, [uni, ...args], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: 'inherit',
    env: { ...process.env, UNI_CLOUD_SPACES: JSON.stringify(spaces), UNI_SECURE_NETWORK_CONFIG: JSON.stringify(secureNetwork) },
  });
  if (status !== 0) process.exit(status ?? 1);
}
