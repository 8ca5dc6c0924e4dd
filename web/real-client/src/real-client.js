// What tests drive: the published SDK, called as pages call it; and our own client in the same bundle.
import { createClient } from '../../../sdk/client/dist/index.js';

let cloud;
const current = () => cloud ?? uniCloud;

function told(error) {
  const { errCode, errMsg, message, detail } = error ?? {};
  return { errCode: errCode ?? 'NO_CODE', errMsg: errMsg ?? message, detail };
}

let own;

export const realClient = {
  /** Our own client: from now on `ownCall` uses it. */
  useOwnClient(options) {
    own = createClient(options);
  },
  async ownCall(options) {
    try {
      return (await own.callFunction(options)).result;
    } catch (error) {
      return told(error);
    }
  },
  /** Uses another space than that of the build. */
  useSpace(options) {
    cloud = options ? uniCloud.init(options) : undefined;
  },
  /** A method of a cloud object: its answer, or what the SDK threw. */
  async call(name, method, ...params) {
    try {
      return await current().importObject(name, { customUI: true })[method](...params);
    } catch (error) {
      return told(error);
    }
  },
  async callFunction(options) {
    try {
      return (await current().callFunction(options)).result;
    } catch (error) {
      return told(error);
    }
  },
  /** A method with `secretMethods`. */
  async sealed(name, secretMethods, method, ...params) {
    try {
      return await current().importObject(name, { customUI: true, secretMethods })[method](...params);
    } catch (error) {
      return told(error);
    }
  },
  async initSecureNetwork(options) {
    try {
      return await current().initSecureNetworkByWeixin(options);
    } catch (error) {
      return told(error);
    }
  },
  /** What the pages read of the one who is logged in. */
  async profile() {
    try {
      const found = await current().database().collection('uni-id-users').where("'_id' == $cloudEnv_uid").field('mobile,nickname,username,email,avatar_file').get();
      return found.result;
    } catch (error) {
      return told(error);
    }
  },
  async updateProfile(fields) {
    try {
      return (await current().database().collection('uni-id-users').where('_id==$env.uid').update(fields)).result;
    } catch (error) {
      return told(error);
    }
  },
  /** Uploads a picture as the pages do: in browsers a `data:` address, in mini programs the path of a file. */
  async uploadPicture(chosen, cloudPath) {
    try {
      const filePath = chosen.startsWith('data:') ? URL.createObjectURL(await (await fetch(chosen)).blob()) : chosen;
      return (await current().uploadFile({ filePath, cloudPath, fileType: 'image' })).fileID;
    } catch (error) {
      return told(error);
    }
  },
  /** Where a file can be had for the moment. */
  async address(fileID) {
    try {
      return (await current().getTempFileURL({ fileList: [fileID] })).fileList[0].tempFileURL;
    } catch (error) {
      return told(error);
    }
  },
  user: () => current().getCurrentUserInfo(),
  token: () => uni.getStorageSync('uni_id_token'),
  forget() {
    uni.removeStorageSync('uni_id_token');
    uni.removeStorageSync('uni_id_token_expired');
  },
  page: () => getCurrentPages().slice(-1)[0]?.route,
  home: () => new Promise((resolve, reject) => uni.reLaunch({ url: '/pages/index/index', success: resolve, fail: reject })),
};
