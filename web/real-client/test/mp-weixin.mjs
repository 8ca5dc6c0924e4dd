// The mp-weixin build in Node: its bundle is required against a `wx` that does what WeChat's does, for what the bundle uses.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { ENDPOINT } from './space.mjs';

const BUILD = fileURLToPath(new URL('../dist/build/mp-weixin/', import.meta.url));

/** Starts the mini program, pointed at `endpoint`. `weixin` is WeChat's side of its user: `newCode()`, `latestKey()`. */
export function openMiniProgram(endpoint, { weixin } = {}) {
  const kept = new Map();
  // What uni-app's runtime adds to a page is added here: pages have no instances in this `wx`.
  const page = (route) => ({ route, $page: { fullPath: `/${route}` } });
  const pages = [page('pages/index/index')];
  const files = new Map();
  const waiting = [];
  const sent = [];
  const go = ({ url, success, complete }) => {
    pages.push(page(url.replace(/^\//, '').split('?')[0]));
    success?.({ errMsg: 'ok' });
    complete?.({ errMsg: 'ok' });
    for (const check of [...waiting]) check();
  };
  const device = { brand: 'devtools', model: 'iPhone 15', platform: 'ios', system: 'iOS 17.0', language: 'zh_CN', version: '8.0.50', SDKVersion: '3.5.0', pixelRatio: 3 };
  const metrics = { windowWidth: 390, windowHeight: 844, screenWidth: 390, screenHeight: 844, statusBarHeight: 47, safeArea: { top: 47, left: 0, right: 390, bottom: 810 } };
  const wx = {
    getSystemInfoSync: () => ({ ...device, ...metrics }),
    getDeviceInfo: () => device,
    getWindowInfo: () => metrics,
    getAppBaseInfo: () => ({ language: 'zh_CN', version: '8.0.50', SDKVersion: '3.5.0' }),
    getAccountInfoSync: () => ({ miniProgram: { appId: 'touristappid', envVersion: 'release' } }),
    getLaunchOptionsSync: () => ({ scene: 1001, path: 'pages/index/index', query: {} }),
    getEnterOptionsSync: () => ({ scene: 1001 }),
    getStorageSync: (key) => kept.get(key) ?? '',
    setStorageSync: (key, value) => void kept.set(key, value),
    removeStorageSync: (key) => void kept.delete(key),
    setStorage: ({ key, data, success, complete }) => (kept.set(key, data), success?.({ errMsg: 'ok' }), complete?.({ errMsg: 'ok' })),
    getStorage: ({ key, success, fail }) => (kept.has(key) ? success?.({ data: kept.get(key) }) : fail?.({ errMsg: 'getStorage:fail' })),
    removeStorage: ({ key, success, complete }) => (kept.delete(key), success?.({ errMsg: 'ok' }), complete?.({ errMsg: 'ok' })),
    getStorageInfoSync: () => ({ keys: [...kept.keys()] }),
    onAppShow() {},
    onAppHide() {},
    onMemoryWarning() {},
    onNetworkStatusChange() {},
    onThemeChange() {},
    getNetworkType: ({ success }) => success({ networkType: 'wifi' }),
    canIUse: () => true,
    showModal() {},
    showToast() {},
    hideLoading() {},
    showLoading() {},
    navigateTo: go,
    redirectTo: go,
    reLaunch: go,
    login: ({ success, fail }) => (weixin ? success({ code: weixin.newCode() }) : fail({ errMsg: 'login:fail' })),
    getUserCryptoManager: () => ({ getLatestUserKey: ({ success }) => success(weixin.latestKey()) }),
    uploadFile({ url, filePath, name, formData, success, fail, complete }) {
      const body = new FormData();
      for (const [field, value] of Object.entries(formData ?? {})) body.append(field, String(value));
      body.append(name, new Blob([files.get(filePath)]), filePath.split('/').pop());
      sent.push({ url });
      // What would be https outside.
      fetch(url.replace(ENDPOINT, endpoint).replace(/^https:\/\/127\.0\.0\.1:\d+/, endpoint), { method: 'POST', body })
        .then(async (response) => {
          const answer = { statusCode: response.status, data: await response.text(), errMsg: 'uploadFile:ok' };
          success?.(answer);
          complete?.(answer);
        })
        .catch((error) => {
          const answer = { errMsg: `uploadFile:fail ${error.message}` };
          fail?.(answer);
          complete?.(answer);
        });
      return { abort() {}, onProgressUpdate() {}, offProgressUpdate() {} };
    },
    request({ url, method = 'GET', header = {}, data, success, fail, complete }) {
      const body = method === 'GET' || data === undefined ? undefined : typeof data === 'string' ? data : JSON.stringify(data);
      sent.push({ url, body });
      fetch(url.replace(ENDPOINT, endpoint), { method, headers: header, body })
        .then(async (response) => {
          const text = await response.text();
          let parsed = text;
          try {
            parsed = JSON.parse(text);
          } catch {
            // WeChat hands texts that are no JSON on as they are.
          }
          const answer = { statusCode: response.status, data: parsed, header: Object.fromEntries(response.headers), errMsg: 'request:ok' };
          success?.(answer);
          complete?.(answer);
        })
        .catch((error) => {
          const answer = { errMsg: `request:fail ${error.message}` };
          fail?.(answer);
          complete?.(answer);
        });
      return { abort() {} };
    },
  };

  const sandbox = { wx, console, setTimeout, clearTimeout, setInterval, clearInterval, Page() {}, Component() {}, Behavior: (options) => options, getApp: () => app, getCurrentPages: () => pages };
  let app;
  sandbox.App = (options) => {
    app = options;
    options.onLaunch?.call(options, { path: 'pages/index/index', query: {}, scene: 1001 });
  };
  sandbox.global = sandbox;
  vm.createContext(sandbox);
  const modules = new Map();
  const load = (file) => {
    if (modules.has(file)) return modules.get(file).exports;
    const module = { exports: {} };
    modules.set(file, module);
    const wrapped = vm.runInContext(`(function (require, module, exports) {${readFileSync(file, 'utf8')}\n})`, sandbox, { filename: file });
    wrapped((path) => load(resolve(dirname(file), path)), module, module.exports);
    return module.exports;
  };
  load(resolve(BUILD, 'app.js'));
  const { realClient } = vm.runInContext('globalThis', sandbox);
  return {
    /** Chooses a picture (a `data:` address): the path of a file for the moment. */
    choose(picture) {
      const path = `wxfile://tmp/${files.size}.png`;
      files.set(path, Buffer.from(picture.split(',')[1], 'base64'));
      return path;
    },
    /** Every request, as it was sent. */
    sent,
    // By way of JSON, so that nothing of the sandbox's realm confuses comparisons.
    run: async (name, ...args) => JSON.parse(JSON.stringify((await realClient[name](...args)) ?? null)),
    untilPage: (route) =>
      new Promise((resolve) => {
        const check = () => pages.at(-1).route === route && resolve();
        waiting.push(check);
        check();
      }),
  };
}
