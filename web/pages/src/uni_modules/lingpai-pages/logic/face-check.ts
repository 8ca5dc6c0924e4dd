import { account } from '../client/account'

/** The face check needs the SDK that only apps have. */
export function canCheckFaces(): boolean {
  // #ifdef APP
  return true
  // #endif
  // #ifndef APP
  return false
  // #endif
}

/** Verifies a name and a card by the user's face; whether it succeeded. */
export async function faceCheck(realName: string, idCard: string): Promise<boolean> {
  // #ifdef APP
  const sdk = uni as unknown as {
    getFacialRecognitionMetaInfo(): string
    startFacialRecognitionVerify(options: { certifyId: string; success: () => void; fail: (error: unknown) => void }): void
  }
  const { certifyId } = await account.frvCertifyId({ realName, idCard, metaInfo: sdk.getFacialRecognitionMetaInfo() })
  await new Promise<void>((resolve, reject) => sdk.startFacialRecognitionVerify({ certifyId, success: resolve, fail: reject }))
  return (await account.frvResult(certifyId)).authStatus === 2
  // #endif
  // #ifndef APP
  void account
  return Boolean(realName && idCard && canCheckFaces())
  // #endif
}
