// fetch and uniCloud.httpclient.request, for the hosts that the configuration grants.
const { Buffer } = require('buffer');

class Headers {
  #values = new Map();
  constructor(init = []) {
    const pairs = typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init);
    for (const [name, value] of pairs) this.append(name, value);
  }
  append(name, value) {
    const key = String(name).toLowerCase();
    this.#values.set(key, this.#values.has(key) ? `${this.#values.get(key)}, ${value}` : String(value));
  }
  set(name, value) {
    this.#values.set(String(name).toLowerCase(), String(value));
  }
  get(name) {
    return this.#values.get(String(name).toLowerCase()) ?? null;
  }
  has(name) {
    return this.#values.has(String(name).toLowerCase());
  }
  delete(name) {
    this.#values.delete(String(name).toLowerCase());
  }
  forEach(callback) {
    for (const [name, value] of this.#values) callback(value, name, this);
  }
  entries() {
    return this.#values.entries();
  }
  keys() {
    return this.#values.keys();
  }
  values() {
    return this.#values.values();
  }
  [Symbol.iterator]() {
    return this.#values.entries();
  }
}

function bodyOf(body) {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (body instanceof ArrayBuffer) return Buffer.from(body);
  return Buffer.from(String(body));
}

async function exchange(method, url, headers, body) {
  const names = [];
  const values = [];
  for (const [name, value] of headers) {
    names.push(name);
    values.push(value);
  }
  const id = native.startRequest(String(method).toUpperCase(), String(url).toWellFormed(), names, values, native.pack(bodyOf(body)));
  const response = await native.awaitResponse(id);
  return { status: response.status, headers: new Headers(response.headers), body: Buffer.from(response.body.buffer) };
}

async function fetch(input, options = {}) {
  const headers = new Headers(options.headers ?? []);
  const { URLSearchParams } = require('url');
  if (!headers.has('content-type')) {
    if (options.body instanceof URLSearchParams) headers.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8');
    else if (typeof options.body === 'string') headers.set('content-type', 'text/plain;charset=UTF-8');
  }
  const answer = await exchange(options.method ?? 'GET', input, headers, options.body);
  return {
    status: answer.status,
    ok: answer.status >= 200 && answer.status < 300,
    redirected: false,
    url: String(input),
    headers: answer.headers,
    text: async () => answer.body.toString('utf8'),
    json: async () => JSON.parse(answer.body.toString('utf8')),
    arrayBuffer: async () => Uint8Array.from(answer.body).buffer,
  };
}

// The options of uniCloud.httpclient.request that make sense here: method, data, content, contentType,
// headers, dataType ('json', 'text', otherwise a Buffer), dataAsQueryString.
async function request(address, options = {}) {
  const { URL } = require('url');
  const querystring = require('querystring');
  const method = (options.method ?? options.type ?? 'GET').toUpperCase();
  const url = new URL(address);
  const headers = new Headers(options.headers ?? []);
  let body = options.content;
  if (body === undefined && options.data !== undefined) {
    if (method === 'GET' || method === 'HEAD' || options.dataAsQueryString) {
      for (const [name, value] of Object.entries(options.data)) url.searchParams.append(name, value);
    } else if (typeof options.data === 'string' || ArrayBuffer.isView(options.data)) body = options.data;
    else if (options.contentType === 'json' || /json/.test(headers.get('content-type') ?? '')) {
      body = JSON.stringify(options.data);
      if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    } else {
      body = querystring.stringify(options.data);
      if (!headers.has('content-type')) headers.set('content-type', 'application/x-www-form-urlencoded');
    }
  } else if (options.contentType === 'json' && !headers.has('content-type')) headers.set('content-type', 'application/json');
  const answer = await exchange(method, url.href, headers, body);
  const text = () => answer.body.toString('utf8');
  return {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    data: options.dataType === 'json' ? JSON.parse(text()) : options.dataType === 'text' ? text() : answer.body,
  };
}

module.exports = { fetch, Headers, uniCloud: { httpclient: { request } } };
