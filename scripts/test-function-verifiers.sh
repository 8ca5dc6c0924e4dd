#!/usr/bin/env bash
# Runs the verifiers of docs/examples/functions that have a runtime here, against the example of the documentation.
# (The one in Rust is a unit test of the server. Go is large: install it with `apt-get install golang-go` to run that one.)
set -Eeuo pipefail
cd "$(dirname "$0")/../docs/examples/functions"

readonly KEY='an example key of 32 characters!' SIGNED='/order?a=1' NOW=1800000000000
readonly NONCE=abababababababababababababababab BODY='{}'
readonly SIGNATURE=v1=4df9d6845f762dbdb0db14fb012817cdce2bdf9884e5a1a2775b28201aa8cc80
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Good once; then a repetition, another body, another path, too late, another key.
readonly EXPECTED='true false false false false false'
check() {
  local said
  said=$(tr '[:upper:]\n' '[:lower:] ' | xargs)
  [[ $said == "$EXPECTED" ]] || { echo "$1: $said" >&2; exit 1; }
  echo "$1: ok"
}

ran=0
for runtime in node python3 javac go; do
  command -v "$runtime" >/dev/null || echo "$runtime: 未安装,没有运行 · not installed, not run"
done
if command -v node >/dev/null; then
  cat > "$folder/run.mjs" <<EOF
import { verify } from "$PWD/verify.mjs";
const h = (nonce) => ({ "x-lingpai-timestamp": "$NOW", "x-lingpai-nonce": nonce, "x-lingpai-signature": "$SIGNATURE" });
const tries = [["$KEY", "$SIGNED", "$BODY", $NOW], ["$KEY", "$SIGNED", "$BODY", $NOW], ["$KEY", "$SIGNED", "{ }", $NOW],
  ["$KEY", "/order", "$BODY", $NOW], ["$KEY", "$SIGNED", "$BODY", $NOW + 60001], ["another key", "$SIGNED", "$BODY", $NOW]];
for (const [key, path, body, now] of tries) console.log(verify(key, path, h("$NONCE"), Buffer.from(body), now));
EOF
  node "$folder/run.mjs" | check node
  ran=$((ran + 1))
fi
if command -v python3 >/dev/null; then
  cat > "$folder/run.py" <<EOF
import sys
sys.path.insert(0, "$PWD"); sys.dont_write_bytecode = True
from verify import verify
headers = {"x-lingpai-timestamp": "$NOW", "x-lingpai-nonce": "$NONCE", "x-lingpai-signature": "$SIGNATURE"}
for key, path, body, now in [("$KEY", "$SIGNED", b"$BODY", $NOW), ("$KEY", "$SIGNED", b"$BODY", $NOW), ("$KEY", "$SIGNED", b"{ }", $NOW),
        ("$KEY", "/order", b"$BODY", $NOW), ("$KEY", "$SIGNED", b"$BODY", $NOW + 60001), ("another key", "$SIGNED", b"$BODY", $NOW)]:
    print(verify(key, path, headers, body, now))
EOF
  python3 "$folder/run.py" | check python3
  ran=$((ran + 1))
fi
if command -v javac >/dev/null; then
  cat > "$folder/Run.java" <<EOF
import java.util.Map;
public final class Run {
    public static void main(String[] args) throws Exception {
        Map<String, String> headers = Map.of("x-lingpai-timestamp", "$NOW", "x-lingpai-nonce", "$NONCE", "x-lingpai-signature", "$SIGNATURE");
        Object[][] tries = {{"$KEY", "$SIGNED", "$BODY", ${NOW}L}, {"$KEY", "$SIGNED", "$BODY", ${NOW}L}, {"$KEY", "$SIGNED", "{ }", ${NOW}L},
            {"$KEY", "/order", "$BODY", ${NOW}L}, {"$KEY", "$SIGNED", "$BODY", ${NOW}L + 60001}, {"another key", "$SIGNED", "$BODY", ${NOW}L}};
        for (Object[] t : tries) System.out.println(Verify.verify((String) t[0], (String) t[1], headers, ((String) t[2]).getBytes(), (Long) t[3]));
    }
}
EOF
  javac -d "$folder" Verify.java "$folder/Run.java"
  java -cp "$folder" Run | check java
  ran=$((ran + 1))
fi
if command -v go >/dev/null; then
  cp verify.go "$folder/verify.go"
  cat > "$folder/go.mod" <<EOF
module functions
go 1.21
EOF
  cat > "$folder/verify_test.go" <<EOF
package functions
import ("fmt"; "net/http"; "testing"; "time")
func TestVerify(t *testing.T) {
	h := http.Header{}
	h.Set("x-lingpai-timestamp", "$NOW"); h.Set("x-lingpai-nonce", "$NONCE"); h.Set("x-lingpai-signature", "$SIGNATURE")
	now := time.UnixMilli($NOW)
	for _, c := range []struct{ k, p, b string; n time.Time }{{"$KEY", "$SIGNED", "$BODY", now}, {"$KEY", "$SIGNED", "$BODY", now},
		{"$KEY", "$SIGNED", "{ }", now}, {"$KEY", "/order", "$BODY", now}, {"$KEY", "$SIGNED", "$BODY", now.Add(60001 * time.Millisecond)},
		{"another key", "$SIGNED", "$BODY", now}} { fmt.Println(Verify(c.k, c.p, h, []byte(c.b), c.n)) }
}
EOF
  (cd "$folder" && go test -v . | grep -E '^(true|false)$') | check go
  ran=$((ran + 1))
fi
[[ $ran -gt 0 ]] || { echo 'none of node, python3, javac, go is installed' >&2; exit 1; }
