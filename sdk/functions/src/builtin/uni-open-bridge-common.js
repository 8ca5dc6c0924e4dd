// `require('uni-open-bridge-common')`: third parties' credentials, which Lingpai keeps. This host's address must be in
// `ipWhiteList` of Lingpai's `uni-open-bridge/config.json`.

/** Credentials and what Lingpai's methods call them. */
const CREDENTIALS = ['AccessToken', 'UserAccessToken', 'SessionKey', 'EncryptKey', 'Ticket'];

/** Answers the module: `getX(key, fallback)`, `setX(key, value, expiresIn)`, `removeX(key)`. */
export function createOpenBridgeCommon({ lingpai }) {
  const call = async (method, body) => {
    const { errCode, errMsg, code, message, newToken, ...rest } = await lingpai.callBridge(method, body);
    if (errCode) throw Object.assign(new Error(errMsg ?? String(errCode)), { errCode, errMsg, code: errCode });
    return rest;
  };
  const module = {};
  for (const name of CREDENTIALS) {
    module[`get${name}`] = async (key, fallback) => {
      const found = await call(`get${name}`, key);
      const isThere = Object.entries(found).some(([field, value]) => field !== 'expired' && value !== null && value !== undefined);
      if (isThere || typeof fallback !== 'function') return isThere ? found : null;
      const { value, duration, expiresIn = duration } = (await fallback()) ?? {};
      if (value) await module[`set${name}`](key, value, expiresIn);
      return value ?? null;
    };
    module[`set${name}`] = (key, value, expiresIn) => call(`set${name}`, { ...key, value, ...(expiresIn !== undefined && { expiresIn }) });
    module[`remove${name}`] = (key) => call(`remove${name}`, key);
  }
  return module;
}
