#!/usr/bin/env bash
# Tests what is written for Node and browsers against the program that cargo built: the client, the host of cloud functions,
# and a uni-app project with the published SDK.
#
#   scripts/sdk-test.sh [FOLDER...]      sdk/client sdk/functions web/real-client by default
#
# npm packages are installed, and the project is built, only where something changed since the last time.
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export LINGPAI_BIN=${LINGPAI_BIN:-$(realpath -m "${CARGO_TARGET_DIR:-target}/debug/lingpai")}

fail() {
  echo "$0: $1" >&2
  exit 1
}

command -v node >/dev/null && command -v npm >/dev/null || fail "需要 Node 20 或更新 · Node 20 or newer is needed"
[[ -x $LINGPAI_BIN ]] || fail "$LINGPAI_BIN is missing: cargo build --package lingpai-server --bin lingpai"

# As root on Debian or Ubuntu the browser is installed where it is missing.
if [[ -z ${CHROMIUM:-} ]] && ! command -v chromium chromium-browser google-chrome >/dev/null; then
  [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null || fail "测试需要 Chromium · the tests need Chromium: apt-get install chromium"
  echo "installing for the tests: chromium"
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium) </dev/null >/dev/null
fi

# newer FILE FOLDER... : whether anything in the folders changed after FILE was written.
newer() {
  local stamp=$1
  shift
  [[ ! -e $stamp ]] || [[ -n $(find "$@" -newer "$stamp" -type f -print -quit) ]]
}

[[ $# -gt 0 ]] || scripts/test-function-verifiers.sh
folders=("$@")
[[ ${#folders[@]} -gt 0 ]] || folders=(sdk/client sdk/functions web/real-client)
for folder in "${folders[@]}"; do
  echo "== $folder"
  (
    cd "$folder"
    sources=(src build.mjs package.json package-lock.json)
    if [[ -e package-lock.json ]] && newer node_modules/.installed package.json package-lock.json; then
      # Not `npm ci`: it refuses lock files without the packages of other platforms, which npm itself leaves out.
      npm install --no-save --no-audit --no-fund --loglevel=error
      touch node_modules/.installed
    fi
    # The project has our own client in its bundle.
    [[ $folder != web/real-client ]] || sources+=(../../sdk/client/dist)
    # The stamp is beside what is built, not in it: a package is all that dist holds.
    if [[ -e build.mjs ]] && { [[ ! -d dist ]] || newer node_modules/.built "${sources[@]}"; }; then
      npm run --silent build
      touch node_modules/.built
    fi
    node --test test/*.test.mjs
  )
done
