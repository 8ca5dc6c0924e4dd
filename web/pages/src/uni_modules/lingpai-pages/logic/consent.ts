import { ref, type Ref } from 'vue'
import { config } from './config'
import type { AgreementScope } from './config-types'

/** Consent to the agreements of a page. */
export interface Consent {
  /** Whether this page must ask. */
  needed: boolean
  given: Ref<boolean>
  asking: Ref<boolean>
  /** Runs the action at once if nothing is missing, else after the visitor agreed. */
  then(action: () => void): void
  answer(yes: boolean): void
}

/** What the visitor must agree to on a page of this kind. */
export function useConsent(scope: AgreementScope): Consent {
  const { serviceUrl, privacyUrl, scope: scopes } = config.agreements
  const needed = Boolean(serviceUrl || privacyUrl) && scopes.includes(scope)
  const given = ref(false)
  const asking = ref(false)
  let waiting: (() => void) | undefined
  return {
    needed,
    given,
    asking,
    then(action) {
      if (!needed || given.value) return action()
      waiting = action
      asking.value = true
    },
    answer(yes) {
      asking.value = false
      given.value = given.value || yes
      if (yes) waiting?.()
      waiting = undefined
    },
  }
}
