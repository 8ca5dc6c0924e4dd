// `require('uni-id-common')`: tokens. Lingpai makes and checks them, so that what it has revoked is refused here, too.
import { uniIdConfig } from '../lingpai.js';

const FAILED = 'uni-id-check-token-failed';
const THRESHOLD_SECONDS = 1200;
/** Fields of the payload that are not the project's own. */
const STANDARD = ['uid', 'role', 'permission', 'uniIdVersion', 'iat', 'exp'];

/** Answers the module. */
export function createUniIdCommon({ lingpai, configCenter, currentCall }) {
  const createInstance = ({ clientInfo, context: given, config } = {}) => {
    // Older code hands in a function's context, newer code the client's information.
    const info = clientInfo ?? given?.clientInfo ?? given?.CLIENTINFO;
    const context = () => ({ ...currentCall()?.context, ...(info && { clientInfo: info }) });
    // What the gateway said holds for the client that it looked at: another application has other secrets and rules.
    const isGatewaysClient = ({ clientInfo = {} }) =>
      !info || ((info.appId ?? info.APPID) === clientInfo.appId && (info.uniPlatform ?? info.PLATFORM) === clientInfo.uniPlatform);
    const settings = () => config ?? uniIdConfig(configCenter, context().clientInfo?.appId);

    const renewed = async (token) => {
      const answer = await lingpai.call('uni-id-co', 'refreshToken', {}, { context: context(), uniIdToken: token });
      return answer.errCode ? failed(answer) : { errCode: 0, ...answer.newToken };
    };

    return {
      /** `{errCode: 0, uid, role, permission, ...custom fields}`, with `token` and `tokenExpired` if it was renewed. */
      async checkToken(token, { autoRefresh = true } = {}) {
        const payload = decode(token);
        if (!payload) return failed({ errCode: FAILED, errMsg: '令牌无效 · The token does not hold' });
        const call = currentCall();
        const isOfThisCall = call?.event.uniIdToken === token && call.context.source !== 'timing' && isGatewaysClient(call.context);
        let user;
        if (isOfThisCall && (call.context.user || call.context.tokenError)) {
          // The gateway has looked at this very token a moment ago, and at the roles of this moment.
          if (!call.context.user) return failed({ errCode: call.context.tokenError, errMsg: String(call.context.tokenError) });
          user = call.context.user;
        } else {
          const answer = await lingpai.call('uni-id-co', 'getAccountInfo', {}, { context: context(), uniIdToken: token });
          if (answer.errCode) return failed(answer);
          if (answer.newToken && autoRefresh) return { errCode: 0, ...facts(decode(answer.newToken.token) ?? payload), ...answer.newToken };
          return { errCode: 0, ...facts(payload) };
        }
        const { tokenExpiresThreshold = THRESHOLD_SECONDS } = settings();
        const isNearEnd = payload.exp - Date.now() / 1000 < tokenExpiresThreshold;
        const next = autoRefresh && isNearEnd ? await renewed(token) : { errCode: 0 };
        const { uid, role, permission } = user;
        return { ...facts(payload), uid, role, permission, ...(next.errCode ? {} : next), errCode: 0 };
      },

      /** A token for a user, with the roles and permissions that the user has. Needs `requestAuthSecret`. */
      async createToken({ uid }) {
        const answer = await lingpai.call('uni-id-co', 'externalLogin', { uid }, { context: context(), isSigned: true });
        return answer.errCode ? failed(answer) : { errCode: 0, ...answer.newToken };
      },

      /** A new token for one that holds. */
      refreshToken: ({ token }) => renewed(token),
    };
  };
  return { createInstance };
}

function facts(payload) {
  const custom = Object.fromEntries(Object.entries(payload).filter(([name]) => !STANDARD.includes(name)));
  const { uid, role = [], permission = [] } = payload;
  return { ...custom, uid, role, permission };
}

function failed({ errCode, errMsg, code = errCode }) {
  return { errCode, errMsg, code, message: errMsg };
}

/** A token's payload, unchecked. */
function decode(token) {
  try {
    const payload = JSON.parse(Buffer.from(String(token).split('.')[1], 'base64url').toString('utf8'));
    return typeof payload?.uid === 'string' ? payload : undefined;
  } catch {
    return undefined;
  }
}
