import { computed, onUnmounted, ref, type ComputedRef } from 'vue'
import { store, stored } from '../client/storage'

const KEY = 'lingpai_code_sent'
const SECONDS = 60

/** When the next code may be asked for, by scene: kept, so that a reload does not forget it. */
function deadlines(): Record<string, number> {
  const kept = stored(KEY)
  return kept && typeof kept === 'object' ? (kept as Record<string, number>) : {}
}

/** Seconds until a scene may send again, counting down; `start` after a code was sent. */
export function useCountdown(scene: string): { seconds: ComputedRef<number>; start: () => void } {
  const ends = ref(deadlines()[scene] ?? 0)
  const now = ref(Date.now())
  let timer: ReturnType<typeof setInterval> | undefined

  const tick = () => {
    now.value = Date.now()
    if (now.value >= ends.value) stop()
  }
  const stop = () => {
    clearInterval(timer)
    timer = undefined
  }
  const run = () => {
    tick()
    timer ??= now.value < ends.value ? setInterval(tick, 250) : undefined
  }
  run()
  onUnmounted(stop)

  return {
    // A clock that was set back must not lock the button for hours.
    seconds: computed(() => Math.min(SECONDS, Math.max(0, Math.ceil((ends.value - now.value) / 1000)))),
    start() {
      ends.value = Date.now() + SECONDS * 1000
      const kept = Object.entries(deadlines()).filter(([, end]) => end > Date.now())
      store(KEY, Object.fromEntries([...kept, [scene, ends.value]]))
      run()
    },
  }
}
