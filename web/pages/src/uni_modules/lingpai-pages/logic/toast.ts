import { ref } from 'vue'

/** What the line at the bottom says; it outlives a change of page. */
export const toast = ref('')
let timer: ReturnType<typeof setTimeout> | undefined

/** Says something that needs no answer: announced politely, gone after some seconds. */
export function say(text: string) {
  toast.value = text
  clearTimeout(timer)
  timer = setTimeout(() => (toast.value = ''), 5000)
}
