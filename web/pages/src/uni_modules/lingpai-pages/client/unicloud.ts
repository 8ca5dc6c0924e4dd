import { callError } from './call-error'
import type { Answer, DatabaseStep, Transport, Upload } from './types'

/** Calls through the project's own uniCloud space. The SDK keeps tokens and renews them. */
export const unicloud: Transport = {
  async call<T extends Answer>(object: string, method: string, argument?: object): Promise<T> {
    try {
      const target = uniCloud.importObject(object, { customUI: true }) as unknown as Record<string, (...args: object[]) => Promise<T>>
      return await (argument ? target[method](argument) : target[method]())
    } catch (thrown) {
      throw callError(thrown)
    }
  },

  async database<T>(chain: DatabaseStep[]): Promise<T> {
    try {
      let query = uniCloud.database() as unknown as Record<string, (...args: unknown[]) => unknown>
      for (const step of chain) {
        query = query[step.$method](...step.$param) as typeof query
      }
      const answer = (await query) as unknown as { result: T }
      return answer.result
    } catch (thrown) {
      throw callError(thrown)
    }
  },

  async upload(cloudPath: string, file: Upload): Promise<string> {
    const filePath = typeof file === 'string' ? file : URL.createObjectURL(file)
    try {
      const stored = await uniCloud.uploadFile({ cloudPath, filePath })
      return stored.fileID
    } catch (thrown) {
      throw callError(thrown)
    } finally {
      if (typeof file !== 'string') URL.revokeObjectURL(filePath)
    }
  },
}
