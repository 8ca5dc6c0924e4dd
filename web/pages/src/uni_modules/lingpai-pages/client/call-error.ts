/** Codes of failures on the way to the server. */
export const OFFLINE = 'lingpai-offline'
export const TIMEOUT = 'lingpai-timeout'
export const UNREADABLE = 'lingpai-unreadable-answer'

/** A call that did not succeed: the server's code and words, or a failure on the way. */
export class CallError extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** The whole answer, if one arrived. */
    readonly detail: Record<string, unknown> = {},
  ) {
    super(message)
    this.name = 'CallError'
  }
}

/** Whether the failure means that the caller must sign in (again). */
export function needsLogin(error: CallError): boolean {
  return /^(uni-id-(token-expired|check-token-failed|token-not-exist|check-device-feature-failed|account-(banned|closed))|TOKEN_INVALID)/.test(error.code)
}

/** Whether the server has no such function or method. */
export function isMissing(error: CallError): boolean {
  return /METHOD_NOT_FOUND|FUNCTION_NOT_FOUND/.test(error.code + error.message)
}

/** Whether the server runs without SMS or mail and takes the test code. */
export function isTestMode(error: CallError): boolean {
  return /invalid-(sms-template-id|mail-template)$/.test(error.code)
}

/** Reads whatever was thrown. */
export function callError(thrown: unknown): CallError {
  if (thrown instanceof CallError) return thrown
  const { errCode, code, errMsg, message, detail } = (thrown ?? {}) as Record<string, unknown>
  // The SDK puts the function's name in front of the server's words.
  const words = String(errMsg ?? message ?? '').replace(/^\[[\w-]+\]:\s*/, '')
  // The SDK hides the answer in `detail`.
  return new CallError(String(errCode ?? code ?? UNREADABLE), words, (detail ?? thrown ?? {}) as Record<string, unknown>)
}
