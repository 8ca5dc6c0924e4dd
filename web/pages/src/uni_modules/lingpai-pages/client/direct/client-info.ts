import { chosenLocale } from '../../locales/chosen'
import { store, stored } from '../storage'

/** What the protocol calls clientInfo. */
export function clientInfo(appId: string): Record<string, unknown> {
  const language = chosenLocale()
  // #ifdef H5
  const ua = navigator.userAgent
  return {
    PLATFORM: 'web',
    OS: osName(ua),
    APPID: appId,
    DEVICEID: deviceId(),
    appId,
    deviceId: deviceId(),
    appLanguage: language,
    LOCALE: language,
    locale: language,
    uniPlatform: 'web',
    osName: osName(ua),
    deviceType: /Mobi/.test(ua) ? 'phone' : 'pc',
    ua,
  }
  // #endif
  // #ifndef H5
  const system = uni.getSystemInfoSync()
  return {
    PLATFORM: system.uniPlatform,
    OS: system.osName,
    APPID: appId,
    DEVICEID: system.deviceId,
    appId,
    deviceId: system.deviceId,
    appName: system.appName,
    appVersion: system.appVersion,
    appVersionCode: system.appVersionCode,
    appLanguage: language,
    LOCALE: language,
    locale: language,
    uniPlatform: system.uniPlatform,
    osName: system.osName,
    osVersion: system.osVersion,
    deviceType: system.deviceType,
    deviceBrand: system.deviceBrand,
    deviceModel: system.deviceModel,
  }
  // #endif
}

// #ifdef H5
const DEVICE = 'lingpai_device_id'

function osName(ua: string): string {
  const names: [RegExp, string][] = [
    [/Android/, 'android'],
    [/iPhone|iPad|iPod/, 'ios'],
    [/Harmony/, 'harmonyos'],
    [/Mac OS/, 'macos'],
    [/Windows/, 'windows'],
    [/Linux/, 'linux'],
  ]
  return names.find(([pattern]) => pattern.test(ua))?.[1] ?? 'unknown'
}

/** Random, kept in this browser: captchas and limits belong to a device. */
function deviceId(): string {
  let id = String(stored(DEVICE) || '')
  if (!id) {
    id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
    store(DEVICE, id)
  }
  return id
}
// #endif
