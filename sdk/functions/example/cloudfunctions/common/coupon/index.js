// A public module: coupons that a shop can check without asking anybody.
const { createHmac, randomBytes } = require('crypto');
const config = require('uni-config-center')({ pluginId: 'coupon', defaultConfig: { lifetimeMs: 86_400_000 } });

// Without a configured secret coupons are good until the program ends, which is enough to try it out.
const secret = config.config('secret') || randomBytes(32).toString('hex');

exports.issue = (facts) => {
  const content = Buffer.from(JSON.stringify({ ...facts, expires: Date.now() + config.config('lifetimeMs') })).toString('base64url');
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
};
