// A gateway for tests: the uniCloud protocol and the server's side of the open protocol, written against the design page
// with node:crypto alone, so that nothing of the client checks itself.
import { createCipheriv, createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, randomBytes, sign, verify } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';

export const SPACE = { spaceId: 'space-1', clientSecret: 'a client secret' };
const P = 'lingpai-sn1';
const NONE = Buffer.alloc(0);
const bytes = (value) => (Buffer.isBuffer(value) ? value : Buffer.from(String(value)));
const E = (...fields) => Buffer.concat(fields.map(bytes).flatMap((field) => [Buffer.from([0, 0, field.length >> 8, field.length & 255]), field]));
const sha256 = (value) => createHash('sha256').update(value).digest();
const hmac = (key, ...parts) => createHmac('sha256', key).update(Buffer.concat(parts.map(bytes))).digest();
const raw = (key) => Buffer.from(key.export({ format: 'jwk' }).x, 'base64url');
const b64 = (value) => Buffer.from(value, 'base64');

function aes(key, nonce, data, plain) {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(data);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}
function unaes(key, nonce, data, sealed) {
  const cipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(data).setAuthTag(sealed.subarray(-16));
  return Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
}
function p256(point) {
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
  return { key: createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
}

/** RFC 9180, the recipient's side. */
function recipient(privateKey, enc, info) {
  const suites = { kem: Buffer.concat([bytes('KEM'), Buffer.from([0, 32])]), hpke: Buffer.concat([bytes('HPKE'), Buffer.from([0, 32, 0, 1, 0, 2])]) };
  const extract = (suite, salt, label, secret) => hmac(salt, 'HPKE-v1', suite, label, secret);
  const expand = (suite, key, label, context, length) => hmac(key, Buffer.from([0, length]), 'HPKE-v1', suite, label, context, Buffer.from([1])).subarray(0, length);
  const peer = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: enc.toString('base64url') }, format: 'jwk' });
  const dh = diffieHellman({ privateKey, publicKey: peer });
  const shared = expand(suites.kem, extract(suites.kem, NONE, 'eae_prk', dh), 'shared_secret', Buffer.concat([enc, raw(createPublicKey(privateKey))]), 32);
  const context = Buffer.concat([Buffer.from([0]), extract(suites.hpke, NONE, 'psk_id_hash', NONE), extract(suites.hpke, NONE, 'info_hash', info)]);
  const secret = extract(suites.hpke, shared, 'secret', NONE);
  const [key, nonce, exporter] = [['key', 32], ['base_nonce', 12], ['exp', 32]].map(([label, length]) => expand(suites.hpke, secret, label, context, length));
  return { open: (data, sealed) => unaes(key, nonce, data, sealed), export: (purpose) => expand(suites.hpke, exporter, 'sec', bytes(purpose), 32) };
}

/**
 * Starts one. `functions[name](args, facts)` answers calls with opened arguments; `facts` has `secretType`, `evidence`,
 * `clientInfo`, `outside` (functionArgs as they came) and `headers`. `tamper` may change a reply's data on its way out.
 */
export async function startGateway({ functions = {}, verified = [], now = () => Date.now(), tamper = (data) => data, lifetime = 3600_000 } = {}) {
  const identity = generateKeyPairSync('ed25519');
  const spaceKey = generateKeyPairSync('x25519');
  const publicKey = raw(spaceKey.publicKey);
  const spaceKeyId = sha256(publicKey).toString('hex').slice(0, 16);
  const keys = new Map();
  const challenges = new Set();
  const seen = { requests: [], handshakes: [], ids: new Set() };
  const events = new EventEmitter();
  const refuse = (errCode) => Object.assign(new Error(String(errCode)), { answer: { errCode, errMsg: `refused: ${errCode}`, errSubject: 'uni-secure-network' } });

  const handshake = {
    challenge() {
      const challenge = randomBytes(32).toString('base64');
      challenges.add(challenge);
      return { errCode: 0, challenge, expires: now() + 60_000, serverTime: now() };
    },
    getAppClientKey({ v, keyId, enc, content }, clientInfo) {
      if (v !== 1 || keyId !== spaceKeyId) throw refuse(70009);
      const context = recipient(spaceKey.privateKey, b64(enc), E(P, SPACE.spaceId, keyId));
      const hello = JSON.parse(context.open(E(`${P} hello`, SPACE.spaceId, keyId), b64(content)));
      if (!challenges.delete(hello.challenge)) throw refuse(70004);
      if (Math.abs(hello.timestamp - now()) > 60_000) throw refuse(70001);
      if (hello.appId !== clientInfo.appId || hello.deviceId !== clientInfo.deviceId) throw refuse(70002);
      const device = b64(hello.deviceKey);
      const binding = sha256(E(`${P} binding`, b64(hello.challenge), device, hello.appId, hello.deviceId));
      const unbound = sha256(E(`${P} binding`, b64(hello.challenge), NONE, hello.appId, hello.deviceId));
      if (!verify('sha256', E(`${P} proof`, SPACE.spaceId, keyId, b64(enc), binding), p256(device), b64(hello.proof))) throw refuse(70004);
      seen.handshakes.push({ ...hello, binding, unbound });
      const key = { keyId: randomBytes(16).toString('hex'), device, expires: now() + lifetime, evidence: hello.evidence ? 'attested' : 'keyed' };
      const secret = context.export(`${P} client key`);
      for (const direction of ['call', 'reply']) key[direction] = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(32), E(`${P} ${direction} key`, key.keyId), 32));
      keys.set(key.keyId, key);
      const nonce = randomBytes(12);
      const body = JSON.stringify({ keyId: key.keyId, expires: key.expires, evidence: key.evidence });
      return { errCode: 0, v: 1, nonce: nonce.toString('base64'), content: aes(context.export(`${P} answer key`), nonce, E(`${P} answer`, SPACE.spaceId, keyId), body).toString('base64') };
    },
  };

  function open(name, { content, _uniCloudOptions: options }) {
    const { secretType, encryptKeyId, requestId, timestamp } = options;
    const key = keys.get(encryptKeyId);
    if (!key || key.expires <= now()) throw refuse(70009);
    if (Math.abs(timestamp - now()) > 60_000) throw refuse(70001);
    const facts = [SPACE.spaceId, name, encryptKeyId, secretType, requestId, timestamp];
    const data = E(`${P} call`, ...facts, NONE);
    const sealed = ['request', 'both'].includes(secretType);
    const travelled = sealed ? b64(content) : bytes(content);
    const nonce = b64(options.nonce);
    const isSigned = verify('sha256', E(`${P} sign`, data, nonce, sha256(travelled)), p256(key.device), b64(options.sign));
    if (!isSigned || seen.ids.has(requestId)) throw refuse(70004);
    seen.ids.add(requestId);
    const args = JSON.parse(sealed ? unaes(key.call, nonce, data, travelled) : travelled);
    const seal = (result) => {
      if (!['response', 'both'].includes(secretType) || result?.errCode) return result;
      const own = randomBytes(12);
      const reply = aes(key.reply, own, E(`${P} reply`, ...facts, nonce), JSON.stringify(result));
      return { errCode: 0, content: reply.toString('base64'), _uniCloudOptions: { v: 1, nonce: own.toString('base64'), requestId } };
    };
    return { args, seal, secretType, evidence: key.evidence };
  }

  async function answer(request, body, response) {
    const signed = Object.keys(body).sort().filter((key) => body[key]).map((key) => `${key}=${body[key]}`).join('&');
    const expected = createHmac('md5', SPACE.clientSecret).update(signed).digest('hex');
    if (body.spaceId !== SPACE.spaceId || request.headers['x-serverless-sign'] !== expected) return { error: { code: 'InvalidSignature', message: 'wrong signature' } };
    if (body.method === 'serverless.auth.user.anonymousAuthorize') {
      seen.authorised = (seen.authorised ?? 0) + 1;
      return { success: true, data: { accessToken: `access-${seen.authorised}` } };
    }
    if (body.token && body.token !== `access-${seen.authorised}`) return { error: { code: 'GATEWAY_INVALID_TOKEN', message: 'GATEWAY_INVALID_TOKEN' } };
    const { functionTarget: name, functionArgs: outside } = JSON.parse(body.params);
    seen.requests.push({ name, outside, body, headers: request.headers });
    events.emit('call');
    const { clientInfo, ...plain } = outside;
    try {
      if (name === 'uni-secure-network') return { success: true, data: handshake[plain.method](plain.params[0], clientInfo) };
      const opened = plain._uniCloudOptions && open(name, plain);
      if (!opened && verified.includes(name)) throw refuse(70008);
      if (!functions[name]) return { error: { code: 'FunctionNotFound', message: 'FUNCTION_NOT_FOUND' } };
      const { args = plain, secretType = 'none', evidence, seal = (result) => result } = opened ?? {};
      const result = await functions[name](args, { secretType, evidence, clientInfo, outside, headers: request.headers });
      return { success: true, data: tamper(seal(result), name, response) };
    } catch (error) {
      if (error.answer) return { success: true, data: error.answer };
      throw error;
    }
  }

  function published() {
    const [notBefore, notAfter] = [now() - 3600_000, now() + 24 * 3600_000];
    const message = E(`${P} space key`, SPACE.spaceId, spaceKeyId, publicKey, notBefore, notAfter);
    const key = { keyId: spaceKeyId, publicKey: publicKey.toString('base64'), notBefore, notAfter, signature: sign(null, message, identity.privateKey).toString('base64') };
    return { v: 1, spaceId: SPACE.spaceId, identityKey: raw(identity.publicKey).toString('base64'), keys: [key] };
  }

  const server = createServer(async (request, response) => {
    const headers = {
      'content-type': 'application/json',
      'request-id': randomBytes(8).toString('hex'),
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'content-type,x-client-info,x-client-token,x-serverless-sign,x-basement-token',
      'access-control-expose-headers': 'request-id',
    };
    const end = (status, body) => response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
    if (request.method === 'OPTIONS') return end(200, '{}');
    if (request.url.startsWith('/secure-network/keys')) return end(200, published());
    let text = '';
    for await (const chunk of request) text += chunk;
    try {
      const body = await answer(request, JSON.parse(text), response);
      end(body.error && body.error.code !== 'GATEWAY_INVALID_TOKEN' ? 400 : 200, body);
    } catch (error) {
      end(500, String(error.stack));
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${server.address().port}`,
    identityKey: raw(identity.publicKey).toString('base64'),
    keys,
    seen,
    /** Resolves with the next call that comes in. */
    next: () => once(events, 'call'),
    forgetAuthorisations: () => void (seen.authorised += 1),
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}
