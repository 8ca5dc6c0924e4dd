// An unmodified H5 client: every flow through the three kinds of spaces that can point at a server of one's own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startLingpai } from '../../../sdk/testing/lingpai-server.mjs';
import { FLOWS, renewal } from './flows.mjs';
import { launch, openH5 } from './h5.mjs';
import { SPACE } from './space.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

// Uploads of aliyun spaces are hard-wired to https, so they are left out there. Two mails to one address within a minute.
const SETTINGS = '[limits.sends]\nper_target = "10/1m"\n';
const PROVIDERS = { 'dcloud, from the build': null, dcloud: 'dcloud', private: 'private', aliyun: 'aliyun' };

for (const [name, provider] of Object.entries(PROVIDERS)) {
  test(`a space of ${name}`, async (t) => {
    const lingpai = await startLingpai(t, { settings: SETTINGS });
    const driver = await openH5(t, browser, lingpai.url);
    if (provider) await driver.run('useSpace', { provider, ...SPACE, endpoint: lingpai.url });
    for (const [flow, walk] of Object.entries(FLOWS)) {
      await t.test(flow, async () => {
        await driver.run('forget');
        await walk({ driver, lingpai, watchesLogin: true, uploads: provider !== 'aliyun' });
      });
    }
    assert.deepEqual(driver.errors, []);
  });
}

test('a token near its end is renewed by any call', async (t) => {
  const lingpai = await startLingpai(t, { uniId: { tokenExpiresIn: 7200, tokenExpiresThreshold: 7199 } });
  await renewal({ driver: await openH5(t, browser, lingpai.url), lingpai });
});
