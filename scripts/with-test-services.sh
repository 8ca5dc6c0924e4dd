#!/usr/bin/env bash
# Runs a command beside a throwaway PostgreSQL and a throwaway Redis:
#
#   scripts/with-test-services.sh COMMAND [ARGUMENT...]
#
# Both listen on free ports of 127.0.0.1 and keep their data in a temporary folder. The command finds
# them in LINGPAI_TEST_POSTGRES (an administrator's URL) and LINGPAI_TEST_REDIS. Whatever happens to
# the command, both servers are stopped and the folder is removed. Exit code: the command's.
# LINGPAI_TEST_SHARED_BUFFERS sets how much memory PostgreSQL keeps pages in (64MB).
set -Eeuo pipefail

if [[ $# -eq 0 ]]; then
  echo "usage: $0 COMMAND [ARGUMENT...]" >&2
  exit 2
fi
# Inside another run of this script the services are there already.
if [[ -n ${LINGPAI_TEST_SERVICES:-} ]]; then
  exec "$@"
fi

readonly ATTEMPTS=20
folder=""
postgres_pid=""
redis_pid=""
command_pid=""

# Called by the traps below, hence not seen by shellcheck.
# shellcheck disable=SC2317
cleanup() {
  local code=$?
  trap - EXIT
  trap '' INT TERM HUP
  stop "$command_pid" TERM group
  stop "$postgres_pid" INT # "fast": does not wait for clients
  stop "$redis_pid" TERM
  [[ -z $folder ]] || rm -rf -- "$folder"
  exit "$code"
}

# stop PID SIGNAL [group]: asks a child to end, waits up to 10 s, then insists.
stop() {
  local pid=$1 signal=$2 target=$1
  [[ -n $pid ]] || return 0
  [[ ${3:-} != group ]] || target=-$pid
  kill "-$signal" -- "$target" 2>/dev/null || return 0
  for _ in $(seq 100); do
    kill -0 -- "$target" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL -- "$target" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
  echo "$0: $1" >&2
  [[ -z ${2:-} || ! -s $2 ]] || tail -n 20 -- "$2" >&2
  exit 1
}

# tool NAME: the path of a PostgreSQL program; Debian keeps the servers outside PATH.
tool() {
  local found newest=""
  if found=$(command -v "$1"); then
    echo "$found"
    return
  fi
  for found in /usr/lib/postgresql/*/bin/"$1" /opt/homebrew/opt/postgresql*/bin/"$1"; do
    [[ ! -x $found ]] || newest=$found
  done
  [[ -n $newest ]] && echo "$newest"
}

initdb=$(tool initdb) || fail "initdb not found: run scripts/install-test-deps.sh"
postgres=$(tool postgres) || fail "postgres not found: run scripts/install-test-deps.sh"
pg_isready=$(tool pg_isready) || fail "pg_isready not found: run scripts/install-test-deps.sh"
redis_server=$(command -v redis-server) || fail "redis-server not found: run scripts/install-test-deps.sh"

folder=$(mktemp -d "${TMPDIR:-/tmp}/lingpai-test.XXXXXXXX")
chmod 711 "$folder"
mkdir "$folder/postgres" "$folder/socket" "$folder/redis"
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
(umask 077 && printf '%s\n' "$password" >"$folder/password")

# PostgreSQL refuses to run as root. Where the system can, the servers also end with this script
# when it is killed without a chance to clean up.
as_postgres=()
as_redis=()
if setpriv --pdeathsig TERM true 2>/dev/null; then
  as_postgres=(setpriv --pdeathsig INT)
  as_redis=(setpriv --pdeathsig TERM)
fi
if [[ $(id -u) -eq 0 ]]; then
  command -v setpriv >/dev/null || fail "setpriv (util-linux) not found: run as another user than root"
  id postgres >/dev/null 2>&1 || fail "the user postgres does not exist: run scripts/install-test-deps.sh"
  chown -R postgres: "$folder/postgres" "$folder/socket" "$folder/password"
  as_postgres=(setpriv --reuid postgres --regid postgres --init-groups --pdeathsig INT)
fi

# Commands of PostgreSQL want a working folder that its user may enter.
cd_run() { (cd "$folder/postgres" && exec "$@"); }

cd_run ${as_postgres[@]+"${as_postgres[@]}"} "$initdb" --pgdata "$folder/postgres" --username lingpai \
  --pwfile "$folder/password" --auth scram-sha-256 --encoding UTF8 --locale C \
  >"$folder/initdb.log" 2>&1 || fail "initdb failed" "$folder/initdb.log"
# fsync stays on: the tests measure and prove durability.
cat >>"$folder/postgres/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder/socket'
max_connections = 300
shared_buffers = ${LINGPAI_TEST_SHARED_BUFFERS:-64MB}
max_wal_size = 256MB
log_min_messages = fatal
CONF

random_port() { echo $((20000 + (RANDOM * 32768 + RANDOM) % 12000)); }

start_postgres() {
  local attempt
  for attempt in $(seq $ATTEMPTS); do
    postgres_port=$(random_port)
    (cd "$folder/postgres" && exec ${as_postgres[@]+"${as_postgres[@]}"} "$postgres" -D "$folder/postgres" -p "$postgres_port") \
      </dev/null >"$folder/postgres.log" 2>&1 &
    postgres_pid=$!
    # 30 s at most; a server that ended found its port taken (or cannot run at all).
    for _ in $(seq 300); do
      # Asked by the socket: on the TCP port a stranger might answer.
      if "$pg_isready" -q -h "$folder/socket" -p "$postgres_port"; then return; fi
      kill -0 "$postgres_pid" 2>/dev/null || break
      sleep 0.1
    done
    stop "$postgres_pid" INT
    postgres_pid=""
  done
  fail "PostgreSQL did not start (attempt $attempt)" "$folder/postgres.log"
}

start_redis() {
  local attempt
  for attempt in $(seq $ATTEMPTS); do
    redis_port=$(random_port)
    printf 'bind 127.0.0.1\nport %s\ndir "%s"\nsave ""\nappendonly no\nrequirepass %s\n' \
      "$redis_port" "$folder/redis" "$password" >"$folder/redis.conf"
    ${as_redis[@]+"${as_redis[@]}"} "$redis_server" "$folder/redis.conf" </dev/null >"$folder/redis.log" 2>&1 &
    redis_pid=$!
    for _ in $(seq 100); do
      if grep -q -i 'ready to accept connections' "$folder/redis.log"; then return; fi
      kill -0 "$redis_pid" 2>/dev/null || break
      sleep 0.1
    done
    stop "$redis_pid" TERM
    redis_pid=""
  done
  fail "Redis did not start (attempt $attempt)" "$folder/redis.log"
}

start_postgres
start_redis

export LINGPAI_TEST_SERVICES=1
export LINGPAI_TEST_POSTGRES="postgres://lingpai:$password@127.0.0.1:$postgres_port/postgres"
export LINGPAI_TEST_REDIS="redis://default:$password@127.0.0.1:$redis_port/0"

# A process group of its own, so that everything the command started can be stopped with it.
set -m
"$@" </dev/null &
command_pid=$!
set +m
code=0
wait "$command_pid" || code=$?
exit "$code"
