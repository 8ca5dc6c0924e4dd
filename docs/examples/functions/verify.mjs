import { createHash, createHmac, timingSafeEqual } from "node:crypto";

const seen = new Map(); // 多个进程时放在 Redis 等共享处 · shared (Redis, say) where there are several processes

export function verify(key, path, headers, body, now = Date.now()) {
  const time = headers["x-lingpai-timestamp"] ?? "", nonce = headers["x-lingpai-nonce"] ?? "";
  const text = ["lingpai-fn1", "POST", path, time, nonce, createHash("sha256").update(body).digest("hex")].join("\n");
  const expected = Buffer.from("v1=" + createHmac("sha256", key).update(text).digest("hex"));
  const given = Buffer.from(headers["x-lingpai-signature"] ?? "");
  for (const [old, at] of seen) if (now - at > 120_000) seen.delete(old);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
  if (!(Math.abs(now - Number(time)) <= 60_000) || seen.has(nonce)) return false;
  return !!seen.set(nonce, now);
}
