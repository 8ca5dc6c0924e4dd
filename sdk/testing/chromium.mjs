import { existsSync } from 'node:fs';

/** Flags for a browser that talks to nobody but the tests. */
export const CHROMIUM_FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Where the system's Chromium is. */
export function chromiumPath() {
  const path = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  if (!path) throw new Error('Chromium is not installed: apt-get install chromium, or set CHROMIUM to its path');
  return path;
}
