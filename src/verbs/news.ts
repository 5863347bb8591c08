// What a verb tells while it works. The library never prints: whoever calls it decides what to show.

export type News =
  /** Something that takes a while has begun; `done` or `failed` follows under the same text. */
  | { readonly kind: 'begin'; readonly what: string }
  | { readonly kind: 'done'; readonly what: string; readonly elapsedMs: number }
  | { readonly kind: 'failed'; readonly what: string }
  /** A fact worth a line. */
  | { readonly kind: 'note'; readonly text: string }
  /** For `--debug` alone. */
  | { readonly kind: 'debug'; readonly text: string }

export type Tell = (news: News) => void

/** Does `work` and tells when it begins and how it ends. */
export async function telling<T>(tell: Tell, what: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now()
  tell({ kind: 'begin', what })
  try {
    const result = await work()
    tell({ kind: 'done', what, elapsedMs: performance.now() - started })
    return result
  } catch (error) {
    tell({ kind: 'failed', what })
    throw error
  }
}
