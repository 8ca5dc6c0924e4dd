import defaults from '../config.js'
import type { Configuration } from './config-types'

/** What the serving side adds to the configuration. */
export interface Settings extends Partial<Configuration> {
  /** The ways to sign in that the server supports, as `getSupportedLoginType` names them. */
  supported?: string[]
  /** Whether an administrator exists; absent: not known. */
  hasAdmin?: boolean
  /** Development mode. */
  development?: boolean
}

const served = readServed()

/** The configuration in force: the server's over the file's. */
export const config: Configuration & Settings = { ...(defaults as Configuration), ...served, ...merged() }

/** Hosted pages carry the server's settings in a data block, so that no request precedes the first view. */
function readServed(): Settings {
  // #ifdef LINGPAI_HOSTED
  try {
    return JSON.parse(document.getElementById('lingpai-settings')?.textContent || '{}')
  } catch {
    return {}
  }
  // #endif
  // #ifndef LINGPAI_HOSTED
  return {}
  // #endif
}

function merged(): Pick<Configuration, 'brand' | 'agreements'> {
  return {
    brand: { ...(defaults as Configuration).brand, ...served.brand },
    agreements: { ...(defaults as Configuration).agreements, ...served.agreements },
  }
}
