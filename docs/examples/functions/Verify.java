import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public final class Verify {
    // 多个进程时放在 Redis 等共享处 · shared (Redis, say) where there are several processes
    private static final Map<String, Long> SEEN = new ConcurrentHashMap<>();

    public static boolean verify(String key, String path, Map<String, String> headers, byte[] body, long now) throws Exception {
        String time = headers.getOrDefault("x-lingpai-timestamp", ""), nonce = headers.getOrDefault("x-lingpai-nonce", "");
        String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        byte[] tag = mac.doFinal(String.join("\n", "lingpai-fn1", "POST", path, time, nonce, hash).getBytes(StandardCharsets.UTF_8));
        byte[] expected = ("v1=" + HexFormat.of().formatHex(tag)).getBytes(StandardCharsets.UTF_8);
        byte[] given = headers.getOrDefault("x-lingpai-signature", "").getBytes(StandardCharsets.UTF_8);
        SEEN.values().removeIf(at -> now - at > 120_000);
        if (!MessageDigest.isEqual(expected, given) || Math.abs(now - Long.parseLong(time)) > 60_000) return false;
        return SEEN.putIfAbsent(nonce, now) == null;
    }
}
