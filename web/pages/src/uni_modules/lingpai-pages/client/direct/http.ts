import { CallError, OFFLINE, TIMEOUT, UNREADABLE } from '../call-error'

const WITHIN_MS = 20_000

/** Sends JSON and reads JSON, whatever the status. Rejects with a `CallError`. */
export function postJson(url: string, body: string, header: Record<string, string>): Promise<unknown> {
  // #ifdef H5
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), WITHIN_MS)
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...header }, signal: stop.signal, credentials: 'omit' })
    .then(
      (response) =>
        response.json().catch(() => {
          throw new CallError(UNREADABLE, '')
        }),
      () => {
        throw new CallError(stop.signal.aborted ? TIMEOUT : OFFLINE, '')
      },
    )
    .finally(() => clearTimeout(timer))
  // #endif
  // #ifndef H5
  return new Promise((resolve, reject) => {
    uni.request({
      url,
      method: 'POST',
      data: body,
      header: { 'content-type': 'application/json', ...header },
      timeout: WITHIN_MS,
      success: ({ data }) => (data && typeof data === 'object' ? resolve(data) : reject(new CallError(UNREADABLE, ''))),
      fail: ({ errMsg }) => reject(new CallError(/time/.test(errMsg) ? TIMEOUT : OFFLINE, '')),
    })
  })
  // #endif
}

/** Sends a form with one file, as the answer to `generateProximalSign` asks for. */
export function postFile(url: string, fields: Record<string, string>, name: string, file: Blob | string): Promise<void> {
  // #ifdef H5
  const form = new FormData()
  for (const key of Object.keys(fields)) form.append(key, fields[key])
  form.append(name, file as Blob)
  return fetch(url, { method: 'POST', body: form, credentials: 'omit' }).then(
    (response) => {
      if (!response.ok) throw new CallError(UNREADABLE, '')
    },
    () => {
      throw new CallError(OFFLINE, '')
    },
  )
  // #endif
  // #ifndef H5
  return new Promise((resolve, reject) => {
    uni.uploadFile({
      url,
      formData: fields,
      name,
      filePath: file as string,
      success: ({ statusCode }) => (statusCode < 400 ? resolve() : reject(new CallError(UNREADABLE, ''))),
      fail: () => reject(new CallError(OFFLINE, '')),
    })
  })
  // #endif
}
