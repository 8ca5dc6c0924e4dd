// Query strings as Node's querystring reads and writes them.
function unescape(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
const escape = (text) => encodeURIComponent(String(text).toWellFormed());

function parse(text, separator = '&', equals = '=', options = {}) {
  const result = Object.create(null);
  const decode = options.decodeURIComponent ?? unescape;
  for (const pair of String(text).split(separator).slice(0, options.maxKeys === 0 ? undefined : options.maxKeys ?? 1000)) {
    if (pair === '') continue;
    const at = pair.indexOf(equals);
    const name = decode((at < 0 ? pair : pair.slice(0, at)).replace(/\+/g, ' '));
    const value = at < 0 ? '' : decode(pair.slice(at + equals.length).replace(/\+/g, ' '));
    if (!(name in result)) result[name] = value;
    else if (Array.isArray(result[name])) result[name].push(value);
    else result[name] = [result[name], value];
  }
  return result;
}

function stringify(object, separator = '&', equals = '=', options = {}) {
  const encode = options.encodeURIComponent ?? escape;
  const text = (value) => (['string', 'bigint', 'boolean'].includes(typeof value) || Number.isFinite(value) ? encode(String(value)) : '');
  return Object.entries(object ?? {})
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => encode(name) + equals + text(one)))
    .join(separator);
}

module.exports = { parse, stringify, escape, unescape, decode: parse, encode: stringify };
