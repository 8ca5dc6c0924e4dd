/**
 * The plugin's configuration. The fields are those that projects know from uni-id-pages; what is
 * added here is marked "Lingpai". Pages that Lingpai serves itself take theirs from the server
 * (`lingpai-pages/config.json` in the uni-config-center folder), which overrides this file.
 *
 * @type {import('./logic/config-types').Configuration}
 */
export default {
  // At launch, asks the server which loginTypes it supports; init throws if one is not set up there.
  debug: false,
  // The ways to sign in; the first that a platform has is the default. What it cannot do is hidden.
  loginTypes: [
    'username',
    'smsCode',
    // #ifdef MP-WEIXIN || APP || H5
    'weixin',
    // #endif
    // #ifdef MP-QQ || APP
    'qq',
    // #endif
    // #ifdef MP-ALIPAY
    'alipay',
    // #endif
    // #ifdef APP
    'apple',
    'univerify',
    // #endif
  ],
  // Agreements to consent to, and when: 'register' (also by SMS or a third party), 'login' (password).
  agreements: {
    serviceUrl: '',
    privacyUrl: '',
    scope: ['register', 'login'],
  },
  // WeChat's application ids for browsers: h5 inside WeChat, web elsewhere (a QR code).
  appid: { weixin: { h5: '', web: '' } },
  // super, strong, medium, weak, or '' for the least rule; the same as in the server.
  passwordStrength: '',
  // true, or { allowSkip: true }: who has no password is asked for one after signing in.
  setPasswordAfterLogin: false,

  // Lingpai: where to go after signing in when nothing else was asked for.
  home: '/uni_modules/lingpai-pages/pages/userinfo/userinfo',
  // Lingpai: whether to offer registration by e-mail.
  emailRegistration: true,
  // Lingpai: name, logo (a URL), colours (CSS), links at the bottom.
  brand: { name: '', slogan: '', logo: '', color: '', colorDark: '', links: [] },
  // Lingpai: calls go through uniCloud; without it, here: { endpoint, spaceId, clientSecret, appId }.
  server: null,
}
