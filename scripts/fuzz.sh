#!/usr/bin/env bash
# 依次运行模糊测试的每个目标。 Runs the fuzz targets one after the other.
#
#   scripts/fuzz.sh [SECONDS] [TARGET...]     缺省 30 秒、全部目标 · 30 s each and all targets by default
#
# 只需稳定版 Rust、C++ 编译器与 cargo-fuzz(cargo install cargo-fuzz --locked)。覆盖率插桩是 rustc 的 -C 选项,只有 cargo-fuzz 自己的
# 检查要求 RUSTC_BOOTSTRAP;代码没有 unsafe,因此不用消毒器(-s none),整数溢出与断言照样检查。新发现的输入写到临时目录,仓库里的语料不变。
# Needs stable Rust, a C++ compiler and cargo-fuzz (cargo install cargo-fuzz --locked). The coverage instrumentation is a -C option of
# rustc; RUSTC_BOOTSTRAP is for the flags that cargo-fuzz adds. The code has no unsafe, hence no sanitizer (-s none); overflows
# and assertions are checked all the same. What is found goes to a temporary folder: the corpus in the repository stays as it is.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-30}
shift || true
if ! command -v cargo-fuzz > /dev/null; then
    echo 'cargo-fuzz 未安装:cargo install cargo-fuzz --locked / is not installed' >&2
    exit 1
fi
export RUSTC_BOOTSTRAP=1
targets=("$@")
((${#targets[@]})) || mapfile -t targets < <(cargo fuzz list)
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
for target in "${targets[@]}"; do
    echo "== $target, ${seconds} s"
    mkdir -p "$found/$target"
    cargo fuzz run --sanitizer none --debug-assertions "$target" "$found/$target" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
done
echo "没有发现崩溃。 No crash was found."
