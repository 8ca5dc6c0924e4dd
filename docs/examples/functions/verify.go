package functions

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

var seen sync.Map // 多个进程时放在 Redis 等共享处 · shared (Redis, say) where there are several processes

func Verify(key, path string, header http.Header, body []byte, now time.Time) bool {
	stamp, nonce := header.Get("x-lingpai-timestamp"), header.Get("x-lingpai-nonce")
	hash := sha256.Sum256(body)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(strings.Join([]string{"lingpai-fn1", "POST", path, stamp, nonce, hex.EncodeToString(hash[:])}, "\n")))
	expected := "v1=" + hex.EncodeToString(mac.Sum(nil))
	ms, err := strconv.ParseInt(stamp, 10, 64)
	age := now.Sub(time.UnixMilli(ms)).Abs()
	if err != nil || age > time.Minute || !hmac.Equal([]byte(expected), []byte(header.Get("x-lingpai-signature"))) {
		return false
	}
	seen.Range(func(old, at any) bool {
		if now.Sub(at.(time.Time)) > 2*time.Minute {
			seen.Delete(old)
		}
		return true
	})
	_, again := seen.LoadOrStore(nonce, now)
	return !again
}
