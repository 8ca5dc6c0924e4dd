// `require('uni-captcha')`: captchas, drawn and checked by Lingpai.

/** Answers the module. `deviceId` is the caller's own device unless given. */
export function createUniCaptcha({ lingpai, currentCall }) {
  const call = (method, { deviceId, ...params }, isSigned = false) => {
    const context = currentCall()?.context ?? {};
    const clientInfo = { ...context.clientInfo, ...(deviceId && { deviceId }) };
    return lingpai.call('uni-captcha-co', method, params, { context: { ...context, clientInfo }, isSigned });
  };
  return {
    /** `{scene, deviceId?}`: `{errCode, captchaBase64}`. */
    create: (options) => call('getImageCaptcha', options),
    /** The same again: a new picture in place of the device's last one, or `uni-captcha-refresh-fail` if there is none. */
    refresh: (options) => call('getImageCaptcha', { ...options, refresh: true }),
    /** `{scene, captcha, deviceId?}`: `{errCode: 0}`, or `uni-captcha-verify-fail`. Good once. Needs `requestAuthSecret`. */
    verify: (options) => call('verifyImageCaptcha', options, true),
  };
}
