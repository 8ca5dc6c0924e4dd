/** Why a call has no result: what the gateway passes on to the client. */
export class FunctionError extends Error {
  constructor(code, message, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
