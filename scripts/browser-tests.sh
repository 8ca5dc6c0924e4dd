#!/usr/bin/env bash
# Runs the tests of the hosted pages in a real browser, against the program as it was built:
#
#   scripts/browser-tests.sh [FILE...]     (files of web/tests; all of them unless told otherwise)
#
# LINGPAI_TEST_PROGRAM names the program (target/debug/lingpai), LINGPAI_TEST_BROWSER the browser.
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v npm >/dev/null || { echo '浏览器测试需要 Node 20 或更新版本。 The browser tests need Node 20 or newer.' >&2; exit 1; }
LINGPAI_TEST_PROGRAM=$(realpath -- "${LINGPAI_TEST_PROGRAM:-${CARGO_TARGET_DIR:-target}/debug/lingpai}")
export LINGPAI_TEST_PROGRAM
if [[ -z ${LINGPAI_TEST_BROWSER:-} ]]; then
  for name in chromium chromium-browser google-chrome; do
    if LINGPAI_TEST_BROWSER=$(command -v "$name"); then break; fi
  done
fi
[[ -n ${LINGPAI_TEST_BROWSER:-} ]] || { echo '请安装 Chromium。 Please install Chromium.' >&2; exit 1; }
export LINGPAI_TEST_BROWSER

scripts/build-pages.sh h5 mp-weixin
cd web/tests
packages=$(sha256sum <package-lock.json)
if [[ $(cat node_modules/.lingpai 2>/dev/null || true) != "$packages" ]]; then
  # Not `npm ci`: it refuses lock files without the packages of other platforms, which npm itself leaves out.
  npm install --no-save --no-audit --no-fund --loglevel error </dev/null
  echo "$packages" >node_modules/.lingpai
fi
[[ $# -gt 0 ]] || set -- *.test.js
# One file at a time: each has a server and a browser of its own, and one of them measures time.
# What hangs is an error, not a run without an end.
exec node --test --test-concurrency=1 --test-timeout=600000 "$@"
