// Points for a watched video. Whoever can read or change what travels could help himself, so the object insists on sealed
// replies; clients choose that by `secretMethods: { '*': 'both' }`.
const uniID = require('uni-id-common');
const coupon = require('coupon');

const POINTS = 10;
const SEALED_REPLY = ['response', 'both'];

module.exports = {
  async _before() {
    // What the client chose is never enough: the server decides.
    if (!SEALED_REPLY.includes(this.getClientInfo().secretType)) {
      throw { errCode: 'reward-not-sealed', errMsg: '此方法只接受加密的调用 · This object takes sealed calls only' };
    }
    const instance = uniID.createInstance({ clientInfo: this.getClientInfo() });
    const user = await instance.checkToken(this.getUniIdToken());
    if (user.errCode) throw user;
    this.uid = user.uid;
  },
  async claim({ videoId }) {
    if (typeof videoId !== 'string' || videoId === '') throw { errCode: 'reward-no-video', errMsg: '缺少 videoId · videoId is missing' };
    return { errCode: 0, points: POINTS, coupon: coupon.issue({ uid: this.uid, videoId, points: POINTS }) };
  },
  _after(error, result) {
    if (error) throw error;
    return { ...result, at: new Date().toISOString() };
  },
};
