// The H5 build in headless Chromium.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createForwarder } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { CHROMIUM_FLAGS, chromiumPath } from '../../../sdk/testing/chromium.mjs';
import { ENDPOINT } from './space.mjs';

const BUILD = fileURLToPath(new URL('../dist/build/h5/', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };

/** One browser for a test file. The build's placeholder address leads to whatever server `pointAt` was told last. */
export async function launch() {
  let port;
  const sockets = new Set();
  const forwarder = createForwarder((socket) => {
    const server = connect(port, '127.0.0.1');
    for (const [from, to] of [[socket, server], [server, socket]]) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy()).on('close', () => (sockets.delete(from), to.destroy()));
    }
  });
  await new Promise((resolve) => forwarder.listen(0, '127.0.0.1', resolve));
  const rule = `--host-resolver-rules=MAP ${new URL(ENDPOINT).host}:80 127.0.0.1:${forwarder.address().port}`;
  const browser = await chromium.launch({ executablePath: chromiumPath(), headless: true, args: [...CHROMIUM_FLAGS, rule] });
  return {
    // The https of tests has a certificate that nobody vouches for.
    newContext: () => browser.newContext({ ignoreHTTPSErrors: true }),
    pointAt(url) {
      port = Number(new URL(url).port);
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      await browser.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => forwarder.close(resolve));
    },
  };
}

/** Opens the project (or another `build`) in a page of its own, pointed at `endpoint`. */
export async function openH5(t, browser, endpoint, build = BUILD) {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, 'http://x').pathname);
    const file = join(build, path === '/' ? 'index.html' : path);
    if (!file.startsWith(build) || !existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
    response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser.pointAt(endpoint);
  const context = await browser.newContext();
  t.after(async () => {
    await context.close();
    await new Promise((resolve) => (server.close(resolve), server.closeAllConnections()));
  });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error));
  const origin = `http://127.0.0.1:${server.address().port}`;
  await page.goto(`${origin}/`);
  await page.waitForFunction(() => globalThis.realClient?.page() === 'pages/index/index');
  return {
    origin,
    errors,
    run: (name, ...args) => page.evaluate(([name, args]) => globalThis.realClient[name](...args), [name, args]),
    untilPage: (route) => page.waitForFunction((route) => globalThis.realClient.page() === route, route),
  };
}
