// A server's address with https, for the client of `aliyun` spaces, which uploads by nothing else. The certificate is made
// here and now, and vouches for nothing.
import { generateKeyPairSync, sign } from 'node:crypto';
import { connect } from 'node:net';
import { createServer } from 'node:tls';

/** DER (X.690): a tag, a length, the content. */
function der(tag, ...parts) {
  const content = Buffer.concat(parts);
  const length = content.length < 128 ? [content.length] : content.length < 256 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

const sequence = (...parts) => der(0x30, ...parts);

/** A certificate for 127.0.0.1 (RFC 5280, version 1) that signs itself. */
function certificate() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
  const name = sequence(der(0x31, sequence(der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from('127.0.0.1')))));
  const validity = sequence(der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z')));
  const content = sequence(der(0x02, Buffer.from([1])), algorithm, name, validity, name, publicKey.export({ type: 'spki', format: 'der' }));
  const signature = der(0x03, Buffer.from([0]), sign('sha256', content, privateKey));
  const cert = sequence(content, algorithm, signature).toString('base64').replace(/.{64}/g, '$&\n');
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert: `-----BEGIN CERTIFICATE-----\n${cert}\n-----END CERTIFICATE-----\n` };
}

/** Listens; what comes goes to the server that `pointAt` was told. */
export async function startHttps(t) {
  let port;
  const sockets = new Set();
  const server = createServer(certificate(), (socket) => {
    const inner = connect(port, '127.0.0.1');
    for (const [from, to] of [[socket, inner], [inner, socket]]) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy()).on('close', () => (sockets.delete(from), to.destroy()));
    }
  });
  server.on('tlsClientError', () => {});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `https://127.0.0.1:${server.address().port}`,
    pointAt: (url) => (port = Number(new URL(url).port)),
  };
}
