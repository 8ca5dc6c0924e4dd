import hashlib, hmac, time

seen = {}  # 多个进程时放在 Redis 等共享处 · shared (Redis, say) where there are several processes


def verify(key, path, headers, body, now=None):
    now = int(time.time() * 1000) if now is None else now
    stamp, nonce = headers.get("x-lingpai-timestamp", ""), headers.get("x-lingpai-nonce", "")
    text = "\n".join(["lingpai-fn1", "POST", path, stamp, nonce, hashlib.sha256(body).hexdigest()])
    expected = "v1=" + hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
    for old in [old for old, at in seen.items() if now - at > 120_000]:
        del seen[old]
    if not hmac.compare_digest(expected.encode(), headers.get("x-lingpai-signature", "").encode()):
        return False
    if abs(now - int(stamp)) > 60_000 or nonce in seen:
        return False
    seen[nonce] = now
    return True
