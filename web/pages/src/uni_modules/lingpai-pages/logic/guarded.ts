import { ref, type Ref } from 'vue'
import { callError } from '../client'
import type { Form } from './form'

/** A call that the server may guard with a captcha once it failed too often. */
export interface Guarded {
  /** Whether the captcha's dialog is open. */
  asking: Ref<boolean>
  /** Sends; where a captcha is asked for, the dialog opens and its `action` sends again. */
  run: () => void
  /** Shows what went wrong beside the form's field once the dialog is closed. */
  failed: (thrown: unknown) => void
}

/** `send` is tried without a captcha first. */
export function useGuarded<T extends Record<string, string>>(form: Form<T>, send: (captcha?: string) => Promise<void>): Guarded {
  const asking = ref(false)
  return {
    asking,
    run() {
      void form.attempt(async () => {
        try {
          await send()
        } catch (thrown) {
          if (!/captcha-required$/.test(callError(thrown).code)) throw thrown
          asking.value = true
        }
      })
    },
    failed: (thrown) => form.show(callError(thrown)),
  }
}
