import { miniProgram, type Storage } from './platform.js';

/** What a client says of itself with every call. */
export type ClientInfo = Record<string, unknown>;

const DEVICE_ID = 'lingpai_device_id';

/** What the platform knows, then what the application says. */
export async function clientInfo(storage: Storage, given: ClientInfo): Promise<ClientInfo> {
  const info: ClientInfo = { ...platformInfo(), ...given };
  if (!info['deviceId']) info['deviceId'] = (await storage.get(DEVICE_ID)) || (await newDeviceId(storage));
  return info;
}

function platformInfo(): ClientInfo {
  const system = miniProgram()?.getSystemInfoSync?.();
  if (system) {
    const { uniPlatform, osName, platform, language, appLanguage } = system;
    const locale = appLanguage ?? language;
    return { ...system, uniPlatform: uniPlatform ?? 'mp-weixin', osName: osName ?? platform, locale };
  }
  const { userAgent, language } = typeof navigator === 'undefined' ? ({} as Partial<Navigator>) : navigator;
  const isBrowser = typeof document !== 'undefined';
  return {
    // Node counts as a web client: the server knows no other platform for it.
    uniPlatform: 'web',
    osName: osName(userAgent ?? ''),
    ua: isBrowser ? userAgent : undefined,
    locale: isBrowser ? language : undefined,
  };
}

function osName(userAgent: string): string {
  const known: [RegExp, string][] = [
    [/android/i, 'android'],
    [/iphone|ipad|ipod/i, 'ios'],
    [/windows/i, 'windows'],
    [/mac os/i, 'macos'],
    [/linux/i, 'linux'],
  ];
  return known.find(([pattern]) => pattern.test(userAgent))?.[1] ?? 'unknown';
}

/** An identifier, no secret: without a cryptographic source Math.random does. */
async function newDeviceId(storage: Storage): Promise<string> {
  const random = typeof crypto === 'undefined' ? undefined : crypto.getRandomValues?.(new Uint8Array(16));
  const bytes = Array.from(random ?? { length: 16 }, (byte) => (byte as number | undefined) ?? Math.floor(Math.random() * 256));
  const id = bytes.map((byte) => (byte + 256).toString(16).slice(1)).join('');
  await storage.set(DEVICE_ID, id);
  return id;
}
