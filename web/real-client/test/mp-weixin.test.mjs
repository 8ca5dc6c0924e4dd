// An unmodified mini program: the same flows in the build for WeChat.
import { test } from 'node:test';
import { startLingpai } from '../../../sdk/testing/lingpai-server.mjs';
import { FLOWS, renewal, withRealMails } from './flows.mjs';
import { openMiniProgram } from './mp-weixin.mjs';
import { startSmtp } from './smtp.mjs';
import { PROVIDERS, startFor, useSpace } from './spaces.mjs';

for (const [name, provider] of Object.entries(PROVIDERS)) {
  test(`a space of ${name}`, async (t) => {
    const lingpai = await startFor(t, provider);
    const driver = openMiniProgram(lingpai.url);
    await useSpace(driver, provider, lingpai);
    for (const [flow, walk] of Object.entries(FLOWS)) {
      await t.test(flow, async () => {
        await driver.run('forget');
        await walk({ driver, lingpai });
      });
    }
  });

  test(`a space of ${name}: a token near its end is renewed by any call`, async (t) => {
    const lingpai = await startLingpai(t, { uniId: { tokenExpiresIn: 7200, tokenExpiresThreshold: 7199 } });
    const driver = openMiniProgram(lingpai.url);
    await useSpace(driver, provider, lingpai);
    await renewal({ driver, lingpai });
  });
}

test('mails that are really sent', async (t) => {
  const smtp = await startSmtp(t);
  const lingpai = await startLingpai(t, { settings: `${smtp.settings}[limits.sends]\nper_target = "10/1m"\n` });
  await withRealMails({ driver: openMiniProgram(lingpai.url), lingpai, smtp });
});
