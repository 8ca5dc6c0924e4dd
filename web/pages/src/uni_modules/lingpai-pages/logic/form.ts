import { inject, provide, reactive, ref, type InjectionKey, type Ref } from 'vue'
import { callError, OFFLINE, TIMEOUT, UNREADABLE, type CallError } from '../client'
import { t, type Word } from '../locales'
import { say } from './toast'

/** After this long it is said that the network is slow, milliseconds. */
const SLOW = 4000

/** Which field a code of the server belongs to. A field that a form lacks falls back to its notice. */
const FIELD_OF: [RegExp, string[]][] = [
  [/invalid-username|account-(not-exists|conflict|banned|auditing|audit-failed|closed)/, ['account', 'username', 'mobile', 'email']],
  [/account-exists/, ['username', 'email']],
  [/bind-conflict|invalid-mobile/, ['mobile', 'account', 'email']],
  [/invalid-email/, ['email', 'account']],
  [/invalid-nickname/, ['nickname']],
  [/password-error/, ['old', 'password']],
  [/invalid-password/, ['password']],
  [/verify-code-error|too-many-requests|send-failed/, ['code']],
  [/^uni-captcha-/, ['captcha']],
  [/captcha-required/, ['captcha']],
  [/second-step-(error|exceed)/, ['code']],
  [/setup-token/, ['setupToken']],
  [/invalid-realname/, ['name']],
  [/idcard/, ['idCard']],
]

/** Thrown by `submit`'s check: the first field that is not right. */
export class FieldError extends Error {
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message)
  }
}

/** What a form's fields and buttons share. */
export interface FormState {
  values: Record<string, string>
  errors: Record<string, string>
  /** A failure that belongs to no field. */
  notice: Ref<string>
  busy: Ref<boolean>
  /** The field to put the cursor in, and how many times that was asked for. */
  cursor: { field: string; asked: number }
  /** Set by the page. */
  onSubmit: () => void
}

/** A page's form. */
export interface Form<T extends Record<string, string>> extends FormState {
  values: T
  /** Shows an error beside its field and moves the cursor there. */
  fail(field: keyof T & string, message: string): void
  /** Shows a failed call where it belongs. */
  show(error: CallError): void
  focus(field: keyof T & string): void
  /** Clears the errors, then checks and sends; whatever is thrown is shown. True if all went well. */
  attempt(action: () => Promise<void> | void): Promise<boolean>
}

const KEY: InjectionKey<FormState> = Symbol('lingpai form')

/** Makes a form and offers it to the components inside. */
export function useForm<T extends Record<string, string>>(initial: T): Form<T> {
  const values = reactive({ ...initial }) as T
  const errors = reactive<Record<string, string>>({})
  const notice = ref('')
  const busy = ref(false)
  const cursor = reactive({ field: '', asked: 0 })

  const form: Form<T> = {
    values,
    errors,
    notice,
    busy,
    cursor,
    onSubmit: () => {},
    focus(field) {
      cursor.field = field
      cursor.asked += 1
    },
    fail(field, message) {
      errors[field] = message
      form.focus(field)
    },
    show(error) {
      const message = words(error)
      const fields = FIELD_OF.find(([pattern]) => pattern.test(error.code))?.[1] ?? []
      const field = fields.find((name) => name in values)
      if (field) form.fail(field as keyof T & string, message)
      else notice.value = message
    },
    async attempt(action) {
      if (busy.value) return false
      for (const field of Object.keys(errors)) delete errors[field]
      notice.value = ''
      busy.value = true
      const slow = setTimeout(() => say(t('slow')), SLOW)
      try {
        await action()
        return true
      } catch (thrown) {
        if (thrown instanceof FieldError) form.fail(thrown.field as keyof T & string, thrown.message)
        else form.show(callError(thrown))
        return false
      } finally {
        clearTimeout(slow)
        busy.value = false
      }
    },
  }
  provide(KEY, form)
  return form
}

/** The form around a component; undefined outside of one. */
export function formAround(): FormState | undefined {
  return inject(KEY, undefined)
}

/** A failure in human words: the server's, or ours where none arrived. */
export function words(error: CallError): string {
  const own: Record<string, Word> = { [OFFLINE]: 'fail.offline', [TIMEOUT]: 'fail.timeout', [UNREADABLE]: 'fail.unreadable' }
  return own[error.code] ? t(own[error.code]) : error.message || t('fail.unreadable')
}
