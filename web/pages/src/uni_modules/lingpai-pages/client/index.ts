import { config } from '../logic/config'
import { direct } from './direct'
import type { Transport } from './types'
// #ifndef LINGPAI_HOSTED
import { unicloud } from './unicloud'
// #endif

export * from './types'
export * from './call-error'

/** Hosted pages never carry the SDK; elsewhere it is used unless `config.server` names a server. */
export function transport(): Transport {
  // #ifdef LINGPAI_HOSTED
  return direct
  // #endif
  // #ifndef LINGPAI_HOSTED
  return config.server ? direct : unicloud
  // #endif
}
