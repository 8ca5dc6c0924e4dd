import { onUnmounted } from 'vue'

/** What was typed on a page that was left for its neighbour; passwords and codes are never kept. */
const kept: Record<string, string> = {}

/** Fills a form's fields with what a neighbour page left, and leaves them for the next. */
export function useDraft(values: Record<string, string>, fields: string[]) {
  for (const field of fields) {
    if (kept[field] && field in values) values[field] = kept[field]
  }
  onUnmounted(() => {
    for (const field of fields) kept[field] = values[field]
  })
}
