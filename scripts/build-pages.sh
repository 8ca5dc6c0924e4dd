#!/usr/bin/env bash
# Builds the hosted pages (web/pages) if their sources changed since the last build:
#
#   scripts/build-pages.sh [h5|mp-weixin]...      (h5 alone unless told otherwise)
#
# Without Node nothing is built, which is no failure: the server then shows how to build them.
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../web/pages"

if ! command -v npm >/dev/null; then
  echo '没有 Node，跳过登录页面的构建（需要 Node 20 或更新版本）。 Without Node (20 or newer) the sign-in pages are not built.' >&2
  exit 0
fi

# digest FILE...: one text for all their contents.
digest() { cat -- "$@" | sha256sum | cut -d' ' -f1; }

# What the last run left; kept beside the packages and beside each build.
packages=$(digest package-lock.json)
if [[ $(cat node_modules/.lingpai 2>/dev/null || true) != "$packages" ]]; then
  echo 'installing the packages of web/pages'
  # Not `npm ci`: it refuses lock files without the packages of other platforms, which npm itself leaves out.
  npm install --no-save --no-audit --no-fund --loglevel error </dev/null
  echo "$packages" >node_modules/.lingpai
fi

mapfile -d '' -t files < <(find src scripts index.html shell.html package.json package-lock.json tsconfig.json vite.config.ts -type f -print0 | sort -z)
sources=$(digest "${files[@]}")
[[ $# -gt 0 ]] || set -- h5
for target in "$@"; do
  stamp=dist/build/.$target
  [[ $(cat "$stamp" 2>/dev/null || true) == "$sources" ]] && continue
  echo "building web/pages for $target"
  log=$(mktemp)
  # The compiler does not always say by its exit code that it failed.
  if ! npm run --silent "build:$target" >"$log" 2>&1 </dev/null || grep -q -i -E '^(error|\[vite.*error)' "$log"; then
    cat -- "$log" >&2
    rm -f -- "$log"
    echo "$0: building for $target failed" >&2
    exit 1
  fi
  rm -f -- "$log"
  echo "$sources" >"$stamp"
done
