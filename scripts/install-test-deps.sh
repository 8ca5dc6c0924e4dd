#!/usr/bin/env bash
# Makes sure that what the tests need is installed: PostgreSQL, Redis and Chromium. As root on
# Debian or Ubuntu it installs what is missing; elsewhere it says what to install and fails.
set -Eeuo pipefail

has() {
  command -v "$1" >/dev/null && return 0
  local path
  for path in /usr/lib/postgresql/*/bin/"$1" /opt/homebrew/opt/postgresql*/bin/"$1"; do
    [[ ! -x $path ]] || return 0
  done
  return 1
}

missing=()
if ! has postgres || ! has initdb || ! has pg_isready; then missing+=(postgresql); fi
if ! has redis-server; then missing+=(redis-server); fi
if ! has chromium && ! has chromium-browser && ! has google-chrome; then missing+=(chromium); fi
# Root cannot run PostgreSQL itself and changes the user with setpriv.
if [[ $(id -u) -eq 0 ]] && ! has setpriv; then missing+=(util-linux); fi
[[ ${#missing[@]} -gt 0 ]] || exit 0

if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
  cat >&2 <<TEXT
测试需要以下软件，请先安装：${missing[*]}
The tests need these packages; please install them first: ${missing[*]}
  Debian, Ubuntu:  sudo apt-get install ${missing[*]}
  Fedora:          sudo dnf install postgresql-server redis util-linux chromium
  macOS:           brew install postgresql redis chromium
TEXT
  exit 1
fi

# The tests start servers of their own; the packages' services need not run on this machine. A
# policy that exists already is somebody else's decision.
policy=/usr/sbin/policy-rc.d
log=$(mktemp)
made_policy=""
trap 'rm -f -- "$log"; [[ -z $made_policy ]] || rm -f -- "$policy"' EXIT
if [[ ! -e $policy ]]; then
  made_policy=1
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

echo "installing for the tests: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -qq -y --no-install-recommends "${missing[@]}"; } </dev/null >"$log" 2>&1; then
  tail -n 40 -- "$log" >&2
  echo "$0: installing failed: ${missing[*]}" >&2
  exit 1
fi
