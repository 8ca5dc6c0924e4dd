// Paths with slashes. The scripts' folder is the root.
function normalizeParts(path, absolute) {
  const parts = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!absolute) parts.push('..');
  }
  return parts.join('/');
}

const isAbsolute = (path) => path.startsWith('/');

function normalize(path) {
  const absolute = isAbsolute(path);
  const body = normalizeParts(path, absolute);
  const trailing = path.endsWith('/') && body !== '' ? '/' : '';
  return (absolute ? '/' : '') + body + trailing || '.';
}

const join = (...parts) => normalize(parts.filter((part) => part !== '').join('/') || '.');

function resolve(...parts) {
  let path = '';
  for (const part of ['/', ...parts]) path = isAbsolute(part) ? part : `${path}/${part}`;
  return '/' + normalizeParts(path, true);
}

function basename(path, suffix = '') {
  const name = path.replace(/\/+$/, '').split('/').at(-1);
  return suffix !== '' && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}

function dirname(path) {
  const bare = path.replace(/(?!^)\/+$/, '');
  const at = bare.lastIndexOf('/');
  return at < 0 ? '.' : at === 0 ? '/' : bare.slice(0, at);
}

function extname(path) {
  const name = basename(path);
  const at = name.lastIndexOf('.');
  return at <= 0 ? '' : name.slice(at);
}

function relative(from, to) {
  const left = resolve(from).split('/').filter(Boolean);
  const right = resolve(to).split('/').filter(Boolean);
  let shared = 0;
  while (shared < left.length && shared < right.length && left[shared] === right[shared]) shared++;
  return [...left.slice(shared).map(() => '..'), ...right.slice(shared)].join('/');
}

function parse(path) {
  const base = basename(path);
  const ext = extname(path);
  const root = isAbsolute(path) ? '/' : '';
  const dir = path.includes('/') ? dirname(path) : '';
  return { root, dir, base, ext, name: ext === '' ? base : base.slice(0, -ext.length) };
}

function format({ root = '', dir, base, name = '', ext = '' }) {
  const file = base ?? name + ext;
  return dir ? (dir === root ? dir + file : `${dir}/${file}`) : root + file;
}

const path = { sep: '/', delimiter: ':', isAbsolute, normalize, join, resolve, basename, dirname, extname, relative, parse, format };
path.posix = path;
module.exports = path;
