// One call of a cloud function or a cloud object, with what uniCloud hands to them.
import { calls } from './current-call.js';

/** Runs the call; `entry` is the catalog's, `load` requires a file. */
export function invoke(entry, call, load) {
  return calls.run(call, async () => {
    const exported = await load(entry.file);
    return entry.type === 'object' ? invokeObject(entry, exported, call) : invokeFunction(entry, exported, call);
  });
}

function invokeFunction(entry, exported, { event, context }) {
  if (typeof exported?.main !== 'function') throw failure('FUNCTION_INVALID', `${entry.name}: 没有导出 main · exports no main`);
  return exported.main(eventOf(event, context), functionContext(entry, context));
}

/** A function's first argument: what the timer, the HTTP request or the client says. */
function eventOf(event, { source, httpInfo }) {
  if (source === 'timing') return { Type: 'timer', TriggerName: event.trigger };
  return source === 'http' && httpInfo ? httpInfo : event;
}

/** `context` of a cloud function. */
function functionContext(entry, context) {
  const { clientInfo = {} } = context;
  return {
    FUNCTION_NAME: entry.name,
    FUNCTION_TYPE: 'cloudfunction',
    SPACEINFO: { provider: 'private', spaceId: context.spaceId },
    SOURCE: context.source,
    CLIENTIP: context.clientIP,
    CLIENTUA: context.userAgent,
    OS: clientInfo.osName ?? clientInfo.OS,
    PLATFORM: clientInfo.uniPlatform ?? clientInfo.PLATFORM,
    APPID: clientInfo.appId ?? clientInfo.APPID,
    DEVICEID: clientInfo.deviceId ?? clientInfo.DEVICEID,
    LOCALE: clientInfo.locale ?? clientInfo.LOCALE,
    CLIENTINFO: clientInfo,
    clientInfo,
    requestId: context.requestId,
    secretType: context.secretType,
    // Ours: what the gateway has checked.
    verifiedClient: context.verifiedClient,
    user: context.user,
  };
}

async function invokeObject(entry, exported, call) {
  const { event, context } = call;
  // In the URL form the path names the method, and there are no parameters but what getHttpInfo tells.
  const { method } = context.source === 'http' && context.httpInfo ? { method: context.httpInfo.path.split('/')[1] } : event;
  const params = Array.isArray(event.params) ? event.params : [];
  const isTimer = context.source === 'timing';
  // Underscores mark what clients may not call, `_timing` included; timers have a source that no client can claim.
  const isCallable = isTimer ? method === '_timing' : typeof method === 'string' && !method.startsWith('_') && Object.hasOwn(exported, method);
  if (!isCallable || typeof exported[method] !== 'function') {
    throw failure('METHOD_NOT_FOUND', `云对象 ${entry.name} 没有方法 ${String(method).slice(0, 64)} · The object has no such method`);
  }
  const self = Object.assign(Object.create(exported), objectContext(entry, call, method, params));
  let result, error;
  try {
    if (typeof exported._before === 'function') await exported._before.call(self);
    result = await exported[method].apply(self, params);
  } catch (thrown) {
    error = thrown ?? new Error('unknown error');
  }
  try {
    if (typeof exported._after === 'function') return await exported._after.call(self, error, result);
    if (error) throw error;
    return result;
  } catch (thrown) {
    const answer = businessError(thrown);
    if (answer) return answer;
    throw thrown;
  }
}

/** What methods find in `this`. */
function objectContext(entry, { event, context }, method, params) {
  const clientInfo = { ...context.clientInfo, source: context.source, secretType: context.secretType };
  return {
    getClientInfo: () => clientInfo,
    getUniIdToken: () => event.uniIdToken,
    getMethodName: () => method,
    getParams: () => params,
    getHttpInfo: () => context.httpInfo ?? undefined,
    getUniCloudRequestId: () => context.requestId,
    getCloudInfo: () => ({ provider: 'private', spaceId: context.spaceId, functionName: entry.name, functionType: 'cloudobject' }),
    // Ours: what the gateway has checked.
    getVerifiedClient: () => context.verifiedClient ?? null,
    getUser: () => context.user ?? null,
  };
}

/** An error with an errCode is an answer, as uniCloud has it. */
function businessError(thrown) {
  const { errCode, errMsg, message, errSubject, newToken } = thrown ?? {};
  if (!errCode) return undefined;
  return { errCode, errMsg: errMsg ?? message ?? '', ...(errSubject && { errSubject }), ...(newToken && { newToken }) };
}

function failure(code, message) {
  return Object.assign(new Error(message), { code });
}
