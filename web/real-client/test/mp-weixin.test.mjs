// An unmodified mini program: the same flows in the build for WeChat.
import { test } from 'node:test';
import { startLingpai } from '../../../sdk/testing/lingpai-server.mjs';
import { FLOWS, renewal } from './flows.mjs';
import { openMiniProgram } from './mp-weixin.mjs';
import { SPACE } from './space.mjs';

// Two mails to one address within a minute.
const SETTINGS = '[limits.sends]\nper_target = "10/1m"\n';
const PROVIDERS = { 'dcloud, from the build': null, dcloud: 'dcloud', private: 'private', aliyun: 'aliyun' };

for (const [name, provider] of Object.entries(PROVIDERS)) {
  test(`a space of ${name}`, async (t) => {
    const lingpai = await startLingpai(t, { settings: SETTINGS });
    const driver = openMiniProgram(lingpai.url);
    if (provider) await driver.run('useSpace', { provider, ...SPACE, endpoint: lingpai.url });
    for (const [flow, walk] of Object.entries(FLOWS)) {
      await t.test(flow, async () => {
        await driver.run('forget');
        await walk({ driver, lingpai, watchesLogin: true });
      });
    }
  });
}

test('a token near its end is renewed by any call', async (t) => {
  const lingpai = await startLingpai(t, { uniId: { tokenExpiresIn: 7200, tokenExpiresThreshold: 7199 } });
  await renewal({ driver: openMiniProgram(lingpai.url), lingpai });
});
