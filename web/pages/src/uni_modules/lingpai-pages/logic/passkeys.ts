// Passkeys in browsers (Web Authentication). Loaded where they are used only; elsewhere there is nothing of it.
import { account } from '../client/account'
import type { Passkey, SignedIn } from '../client'
import { asUser } from './signed-in'

/** Whether this browser has passkeys. */
export function hasPasskeys(): boolean {
  // #ifdef H5
  return typeof PublicKeyCredential === 'function' && window.isSecureContext
  // #endif
  // #ifndef H5
  return false
  // #endif
}

/** The visitor changed his mind, or another attempt took this one's place. */
export class Cancelled extends Error {}

// #ifdef H5
/** What is under way: browsers allow one at a time. */
let underWay: AbortController | undefined
/** Counts the offers: one that was made for a page that is gone comes to nothing. */
let offers = 0

/** Adds a passkey of this device; whoever has it already is told by the browser. */
export async function addPasskey(confirmation: { password?: string; code?: string }, name: string): Promise<Passkey> {
  const begun = await asUser(() => account.startPasskeyRegistration(confirmation))
  const credential = await ask((signal) => navigator.credentials.create({ publicKey: creationOptions(begun.publicKey), signal }))
  const given = { ceremonyId: begun.ceremonyId, credential: toJson(credential), name }
  return (await asUser(() => account.finishPasskeyRegistration(given))).passkey
}

/** What is left to do when the visitor has chosen a passkey. */
export type SignIn = () => Promise<SignedIn>

/** Lets the visitor choose a passkey in the browser's own window. */
export async function choosePasskey(): Promise<SignIn> {
  const begun = await account.startPasskeyLogin()
  const credential = await ask((signal) => navigator.credentials.get({ publicKey: requestOptions(begun.publicKey), signal }))
  return () => account.loginByPasskey({ ceremonyId: begun.ceremonyId, credential: toJson(credential) })
}

/** Begins anew before the server forgets the ceremony. */
const AGAIN_MS = 10 * 60 * 1000

/** Offers passkeys among what the browser fills in; `done` gets the sign-in of whoever takes one. Ends with `stopOffering`. */
export async function offerPasskeys(done: (signIn: SignIn) => void) {
  const mine = ++offers
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
  const begun = await account.startPasskeyLogin()
  if (mine !== offers || underWay) return
  const controller = new AbortController()
  let again = false
  const timer = setTimeout(() => {
    again = true
    controller.abort()
  }, AGAIN_MS)
  try {
    const credential = await ask((signal) => navigator.credentials.get({ publicKey: requestOptions(begun.publicKey), mediation: 'conditional', signal }), controller)
    done(() => account.loginByPasskey({ ceremonyId: begun.ceremonyId, credential: toJson(credential) }))
  } catch (thrown) {
    if (!(thrown instanceof Cancelled)) throw thrown
  } finally {
    clearTimeout(timer)
  }
  if (again) await offerPasskeys(done)
}

/** The page is left. */
export function stopOffering() {
  offers += 1
  underWay?.abort()
}

/** Asks the browser; what is under way gives way. */
async function ask(action: (signal: AbortSignal) => Promise<Credential | null>, controller = new AbortController()): Promise<PublicKeyCredential> {
  underWay?.abort()
  underWay = controller
  try {
    const credential = await action(controller.signal)
    if (!credential) throw new Cancelled()
    return credential as PublicKeyCredential
  } catch (thrown) {
    // Closed by the visitor, out of time, or in favour of another: browsers tell no difference.
    if (thrown instanceof DOMException && /^(NotAllowedError|AbortError)$/.test(thrown.name)) throw new Cancelled()
    throw thrown
  } finally {
    if (underWay === controller) underWay = undefined
  }
}

type Json = Record<string, unknown>

/** The options as browsers take them; older ones cannot read JSON themselves. */
function creationOptions(json: Json): PublicKeyCredentialCreationOptions {
  const user = json.user as Json
  return {
    ...json,
    challenge: bytes(json.challenge),
    user: { ...user, id: bytes(user.id) },
    excludeCredentials: (json.excludeCredentials as Json[]).map((each) => ({ ...each, id: bytes(each.id) })),
  } as unknown as PublicKeyCredentialCreationOptions
}

function requestOptions(json: Json): PublicKeyCredentialRequestOptions {
  return { ...json, challenge: bytes(json.challenge), allowCredentials: [] } as PublicKeyCredentialRequestOptions
}

/** A credential as the server reads it. */
function toJson(credential: PublicKeyCredential): Json {
  const response = credential.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse
  const id = text(credential.rawId)
  const shared = { clientDataJSON: text(response.clientDataJSON) }
  return {
    id,
    rawId: id,
    type: credential.type,
    clientExtensionResults: {},
    response: response.attestationObject
      ? { ...shared, attestationObject: text(response.attestationObject), transports: response.getTransports?.() ?? [] }
      : {
          ...shared,
          authenticatorData: text(response.authenticatorData),
          signature: text(response.signature),
          ...(response.userHandle ? { userHandle: text(response.userHandle) } : {}),
        },
  }
}

function bytes(base64url: unknown): Uint8Array {
  const plain = atob(String(base64url).replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(plain, (character) => character.charCodeAt(0))
}

function text(buffer: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('')
  return btoa(plain).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}
// #endif
