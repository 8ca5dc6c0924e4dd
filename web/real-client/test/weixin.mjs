// WeChat for one mini program and one user: as strict with its callers as the real one about what it is asked.
import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

/** The mini program's appid and secret. */
export const WEIXIN = { appid: 'touristappid', secret: 'a-weixin-secret' };

export async function startWeixin(t) {
  const openid = 'openid-of-alice';
  const sessionKey = randomBytes(16).toString('base64');
  const codes = new Set();
  const tokens = new Set();
  const asked = [];
  const key = { encrypt_key: randomBytes(16).toString('base64'), version: 7, expire_in: 3600, iv: randomBytes(8).toString('hex'), create_time: Math.floor(Date.now() / 1000) };

  const answers = {
    '/sns/jscode2session'(query) {
      if (query.get('appid') !== WEIXIN.appid) return { errcode: 40013, errmsg: 'invalid appid' };
      if (query.get('secret') !== WEIXIN.secret) return { errcode: 40125, errmsg: 'invalid appsecret' };
      if (query.get('grant_type') !== 'authorization_code' || !codes.delete(query.get('js_code'))) return { errcode: 40029, errmsg: 'invalid code' };
      return { openid, session_key: sessionKey, unionid: 'unionid-of-alice' };
    },
    '/cgi-bin/token'(query) {
      if (query.get('appid') !== WEIXIN.appid || query.get('secret') !== WEIXIN.secret) return { errcode: 40125, errmsg: 'invalid appsecret' };
      const token = randomBytes(16).toString('hex');
      tokens.add(token);
      return { access_token: token, expires_in: 7200 };
    },
    '/wxa/business/getuserencryptkey'(query) {
      if (!tokens.has(query.get('access_token'))) return { errcode: 40001, errmsg: 'invalid credential' };
      const signature = createHmac('sha256', sessionKey).update('').digest('hex');
      if (query.get('openid') !== openid || query.get('sig_method') !== 'hmac_sha256' || query.get('signature') !== signature) return { errcode: 87009, errmsg: 'invalid signature' };
      return { errcode: 0, key_info_list: [key] };
    },
  };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://weixin');
    asked.push(pathname);
    let body = '';
    for await (const chunk of request) body += chunk;
    const fields = body.startsWith('{') ? Object.entries(JSON.parse(body)) : [];
    const query = new URLSearchParams([...searchParams, ...fields]);
    const answer = answers[pathname.replace('/cgi-bin/stable_token', '/cgi-bin/token')]?.(query) ?? { errcode: 404, errmsg: pathname };
    response.setHeader('content-type', 'text/plain').end(JSON.stringify(answer));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.close(), server.closeAllConnections()));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    asked,
    newCode() {
      const code = randomBytes(8).toString('hex');
      codes.add(code);
      return code;
    },
    latestKey: () => ({ encryptKey: key.encrypt_key, iv: key.iv, version: key.version, expireTime: Date.now() + 3600_000 }),
  };
}
