import { config } from './config'
import type { Word } from '../locales'

/** One condition of the rule in force. */
export interface Condition {
  word: Word
  met: boolean
}

const SYMBOLS = '~!@#$%^&*_-+=`|\\(){}[]:;"\'<>,.?/'

/** The conditions of the configured strength, each with whether a password meets it. */
export function conditions(password: string): Condition[] {
  const upper = /[A-Z]/.test(password)
  const lower = /[a-z]/.test(password)
  const digit = /\d/.test(password)
  const symbol = [...password].some((character) => SYMBOLS.includes(character))
  const letter = upper || lower
  const between = (least: number) => password.length >= least && password.length <= 16
  const is = (word: Word, met: boolean): Condition => ({ word, met })

  switch (config.passwordStrength) {
    case 'super':
      return [is('rule.length816', between(8)), is('rule.upper', upper), is('rule.lower', lower), is('rule.digit', digit), is('rule.symbol', symbol)].concat(charset(password))
    case 'strong':
      return [is('rule.length816', between(8)), is('rule.letter', letter), is('rule.digit', digit), is('rule.symbol', symbol)].concat(charset(password))
    case 'medium':
      return [is('rule.length816', between(8)), is('rule.two', +letter + +digit + +symbol >= 2)].concat(charset(password))
    case 'weak':
      return [is('rule.length616', between(6)), is('rule.letter', letter), is('rule.digit', digit)].concat(charset(password))
    default:
      return [is('rule.length6', password.length >= 6)]
  }
}

/** Whether the server's rule takes the password. */
export function meets(password: string): boolean {
  return conditions(password).every((condition) => condition.met)
}

/** Named only once it is broken. */
function charset(password: string): Condition[] {
  const foreign = [...password].some((character) => !/[A-Za-z0-9]/.test(character) && !SYMBOLS.includes(character))
  return foreign ? [{ word: 'rule.charset', met: false }] : []
}
