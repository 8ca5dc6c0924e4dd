// URL and URLSearchParams of the WHATWG; parsing and serialising are done in Rust.
const PARTS = ['protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'];

function encodeComponent(text) {
  return encodeURIComponent(text.toWellFormed())
    .replace(/%20/g, '+')
    .replace(/[!'()~]/g, (character) => '%' + character.charCodeAt(0).toString(16).toUpperCase());
}

function decodeComponent(text) {
  const { Buffer } = require('buffer');
  const spaced = text.replace(/\+/g, ' ');
  if (!spaced.includes('%')) return spaced;
  const bytes = Buffer.from(spaced, 'utf8');
  const decoded = [];
  for (let i = 0; i < bytes.length; i++) {
    const digits = bytes[i] === 0x25 ? bytes.toString('latin1', i + 1, i + 3) : '';
    if (/^[0-9a-fA-F]{2}$/.test(digits)) {
      decoded.push(parseInt(digits, 16));
      i += 2;
    } else decoded.push(bytes[i]);
  }
  return Buffer.from(decoded).toString('utf8');
}

class URLSearchParams {
  #pairs = [];
  #changed = () => {};
  constructor(init = '', changed) {
    if (typeof init === 'object' && init !== null) {
      const pairs = typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init);
      for (const [name, value] of pairs) this.#pairs.push([String(name), String(value)]);
    } else this.#parse(String(init));
    if (typeof changed === 'function') this.#changed = changed;
  }
  #parse(text) {
    this.#pairs = (text.startsWith('?') ? text.slice(1) : text)
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => {
        const at = pair.indexOf('=');
        return at < 0 ? [decodeComponent(pair), ''] : [decodeComponent(pair.slice(0, at)), decodeComponent(pair.slice(at + 1))];
      });
  }
  get size() {
    return this.#pairs.length;
  }
  append(name, value) {
    this.#pairs.push([String(name), String(value)]);
    this.#changed(this);
  }
  delete(name, value) {
    this.#pairs = this.#pairs.filter((pair) => pair[0] !== String(name) || (value !== undefined && pair[1] !== String(value)));
    this.#changed(this);
  }
  get(name) {
    return this.#pairs.find((pair) => pair[0] === String(name))?.[1] ?? null;
  }
  getAll(name) {
    return this.#pairs.filter((pair) => pair[0] === String(name)).map((pair) => pair[1]);
  }
  has(name, value) {
    return this.#pairs.some((pair) => pair[0] === String(name) && (value === undefined || pair[1] === String(value)));
  }
  set(name, value) {
    const first = this.#pairs.find((pair) => pair[0] === String(name));
    if (first === undefined) this.#pairs.push([String(name), String(value)]);
    else {
      first[1] = String(value);
      this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== String(name));
    }
    this.#changed(this);
  }
  sort() {
    this.#pairs.sort((left, right) => (left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0));
    this.#changed(this);
  }
  forEach(callback, thisArg) {
    for (const [name, value] of this.#pairs) callback.call(thisArg, value, name, this);
  }
  entries() {
    return this.#pairs.map((pair) => [...pair])[Symbol.iterator]();
  }
  keys() {
    return this.#pairs.map((pair) => pair[0])[Symbol.iterator]();
  }
  values() {
    return this.#pairs.map((pair) => pair[1])[Symbol.iterator]();
  }
  [Symbol.iterator]() {
    return this.entries();
  }
  toString() {
    return this.#pairs.map(([name, value]) => `${encodeComponent(name)}=${encodeComponent(value)}`).join('&');
  }
}

function invalid(input) {
  return Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input });
}

class URL {
  #parts;
  #params;
  constructor(input, base) {
    const parts = native.parseUrl(String(input).toWellFormed(), base === undefined ? null : String(base).toWellFormed());
    if (parts === null) throw invalid(String(input));
    this.#parts = parts;
  }
  static canParse(input, base) {
    return native.parseUrl(String(input).toWellFormed(), base === undefined ? null : String(base).toWellFormed()) !== null;
  }
  get href() {
    return this.#parts.href;
  }
  set href(value) {
    const parts = native.parseUrl(String(value).toWellFormed(), null);
    if (parts === null) throw invalid(String(value));
    this.#parts = parts;
    this.#params = undefined;
  }
  get origin() {
    return this.#parts.origin;
  }
  get searchParams() {
    this.#params ??= new URLSearchParams(this.search, (params) => this.#set('search', params.toString()));
    return this.#params;
  }
  #set(part, value) {
    this.#parts = native.changeUrl(this.#parts.href, part, String(value).toWellFormed());
  }
  toString() {
    return this.href;
  }
  toJSON() {
    return this.href;
  }
  static {
    for (const part of PARTS) {
      Object.defineProperty(URL.prototype, part, {
        configurable: true,
        enumerable: true,
        get() {
          return this.#parts[part];
        },
        set(value) {
          this.#set(part, value);
          if (part === 'search') this.#params = undefined;
        },
      });
    }
  }
}

// The legacy form, for scripts that only take an address apart.
function parse(address, withQuery = false) {
  const url = new URL(address);
  const query = url.search.slice(1);
  return {
    protocol: url.protocol,
    auth: url.username ? (url.password ? `${url.username}:${url.password}` : url.username) : null,
    host: url.host,
    port: url.port || null,
    hostname: url.hostname,
    hash: url.hash || null,
    search: url.search || null,
    query: withQuery ? require('querystring').parse(query) : query || null,
    pathname: url.pathname,
    path: url.pathname + url.search,
    href: url.href,
  };
}

module.exports = { URL, URLSearchParams, parse, format: (address) => (typeof address === 'string' ? address : address.href) };
