/** What a failed call throws: the fields of uniCloud's errors. */
export class CloudError extends Error {
  /** A text (`uni-id-...`) or a number (the secure network). */
  readonly errCode: string | number;
  /** Which part speaks: `uni-id-co`, `uni-secure-network`, ... */
  readonly errSubject: string;
  /** Names the call in the server's log. */
  readonly requestId: string | undefined;
  /** The whole answer, where there is one. */
  readonly detail: unknown;

  constructor(errCode: string | number, message: string, more: { errSubject?: string; requestId?: string | undefined; detail?: unknown } = {}) {
    super(message);
    this.name = 'CloudError';
    this.errCode = errCode;
    this.errSubject = more.errSubject ?? '';
    this.requestId = more.requestId;
    this.detail = more.detail;
  }

  /** uniCloud's name of the message. */
  get errMsg(): string {
    return this.message;
  }

  /** uniCloud's older name of the code. */
  get code(): string | number {
    return this.errCode;
  }
}

/** errSubject of everything about the secure network. */
export const SECURE_NETWORK = 'uni-secure-network';

/** The platform lacks what the secure network needs. */
export const UNSUPPORTED = 10001;
/** The space's identity key is missing or wrong. */
export const NO_IDENTITY = 10003;
/** Sealing failed. */
export const CANNOT_SEAL = 10009;
/** Opening failed. */
export const CANNOT_OPEN = 10010;
/** The server demands a signature. */
export const SIGNATURE_MISSING = 70008;
/** The server does not know the key (any longer). */
export const KEY_UNKNOWN = 70009;

/** An error of the secure network's client side. */
export function secureError(errCode: number, message: string, detail?: unknown): CloudError {
  return new CloudError(errCode, message, { errSubject: SECURE_NETWORK, detail });
}

/** What a call throws whose caller has given it up. */
export function aborted(detail: unknown): CloudError {
  return new CloudError('ABORTED', '调用已取消 · The call was aborted', { detail });
}
