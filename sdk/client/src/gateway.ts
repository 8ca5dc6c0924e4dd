// `POST /client`: the uniCloud client protocol.
import { CloudError } from './errors.js';
import type { ClientInfo } from './client-info.js';
import type { HttpResponse, Requester } from './platform.js';
import { spaceSignature } from './space-signature.js';

const INVOKE = 'serverless.function.runtime.invoke';
const AUTHORISE = 'serverless.auth.user.anonymousAuthorize';

/** Where the server is and which space is meant. */
export interface Space {
  /** `https://account.example.com`, without `/client`. */
  endpoint: string;
  spaceId: string;
  /** Identifies the space; it ships with the application and is no secret. */
  clientSecret: string;
  /** `aliyun` authorises anonymously first, as that provider's clients do. */
  provider?: 'dcloud' | 'private' | 'aliyun';
}

/** What a function answered. */
export interface Answer {
  data: unknown;
  requestId: string | undefined;
}

/** How long a request may take. */
export interface Limits {
  timeout: number;
  signal?: AbortSignal | undefined;
}

/** What goes along with a call. */
export interface CallFacts extends Limits {
  info: ClientInfo;
  token: string;
}

/** Sends calls to one space. */
export class Gateway {
  private accessToken: Promise<string> | undefined;

  constructor(
    private readonly space: Space,
    private readonly send: Requester,
    private readonly now: () => number,
  ) {}

  /** Calls a function. Errors of the function are data; errors of the protocol are thrown. */
  async invoke(name: string, args: Record<string, unknown>, facts: CallFacts): Promise<Answer> {
    const params = JSON.stringify({ functionTarget: name, functionArgs: args });
    const limits = { timeout: facts.timeout, signal: facts.signal };
    if (this.space.provider !== 'aliyun') {
      const headers = { 'x-client-info': encodeURIComponent(JSON.stringify(facts.info)), 'x-client-token': facts.token };
      return this.post(name, INVOKE, params, headers, limits);
    }
    const authorised = async () => {
      const token = await (this.accessToken ??= this.authorise(facts.timeout));
      return this.post(name, INVOKE, params, { 'x-basement-token': token }, limits, token);
    };
    try {
      return await authorised();
    } catch (error) {
      const { errCode } = error as CloudError;
      if (errCode !== 'GATEWAY_INVALID_TOKEN' && errCode !== 'InvalidParameter.InvalidToken') throw error;
      this.accessToken = undefined;
      return authorised();
    }
  }

  /** The answer of a GET below the endpoint, which must be JSON. */
  async fetchJson(path: string, timeout: number): Promise<unknown> {
    const response = await this.send({ url: this.url(path), method: 'GET', headers: {}, timeout });
    return parse(path, response);
  }

  private authorise(timeout: number): Promise<string> {
    const token = this.post('client', AUTHORISE, '{}', {}, { timeout }).then(({ data }) => (data as { accessToken: string }).accessToken);
    token.catch(() => (this.accessToken = undefined));
    return token;
  }

  private async post(name: string, method: string, params: string, headers: Record<string, string>, limits: Limits, token?: string): Promise<Answer> {
    const body: Record<string, unknown> = { method, params, spaceId: this.space.spaceId, timestamp: this.now() };
    if (token) body['token'] = token;
    const response = await this.send({
      url: this.url('/client'),
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-serverless-sign': spaceSignature(this.space.clientSecret, body), ...headers },
      body: JSON.stringify(body),
      ...limits,
    });
    const answer = parse(name, response) as { success?: boolean; data?: unknown; error?: { code?: string; message?: string } };
    if (answer.error || response.status >= 400) {
      const { code = 'SYS_ERR', message = `HTTP ${response.status}` } = answer.error ?? {};
      throw new CloudError(code, `[${name}]: ${message}`, { requestId: response.requestId, detail: answer });
    }
    return { data: answer.data, requestId: response.requestId };
  }

  private url(path: string): string {
    return this.space.endpoint.replace(/\/+$/, '') + path;
  }
}

function parse(name: string, response: HttpResponse): object {
  try {
    const value: unknown = JSON.parse(response.body);
    if (typeof value === 'object' && value) return value;
  } catch {
    // Said below.
  }
  const message = `[${name}]: 服务器的应答不是 JSON(HTTP ${response.status}),请检查 endpoint · The answer is not JSON: check \`endpoint\``;
  throw new CloudError('SYS_ERR', message, { requestId: response.requestId });
}
