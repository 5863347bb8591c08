// A lab file's text → its body, or an error that names file, line, column, the wrong value and the nearest right one.

import type { Document, Node } from 'yaml'
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import type { Evidence } from '../errors.ts'
import { MicrolanError } from '../errors.ts'
import type { LabFileBody } from './lab-schema.ts'
import { labSchema } from './lab-schema.ts'
import { nearest } from './nearest.ts'

type Path = readonly PropertyKey[]

export interface LabFile {
  readonly body: LabFileBody
  /** As the user named it. */
  readonly path: string
  /** `microlan.yaml:4:12` of a key or value, for evidence. */
  readonly locate: (path: Path, part?: 'key' | 'value') => string
}

/**
 * Reads a lab from YAML (of which JSON is a part).
 *
 * @throws file-syntax, file-duplicate, file-invalid (all exit 2)
 */
export function parseLabFile(text: string, path: string): LabFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${path}:${line}:${col}`
  }
  const broken = document.errors[0]
  if (broken) throw syntaxError(broken, text, path, place(broken.pos[0]))
  const locate: LabFile['locate'] = (keys, part = 'value') => place(offsetOf(document, keys, part))
  const parsed = labSchema.safeParse(document.toJS(), { reportInput: true })
  if (!parsed.success) throw invalid(parsed.error, path, locate)
  return { body: parsed.data, path, locate }
}

function syntaxError(
  broken: { readonly code: string; readonly message: string; readonly pos: readonly [number, number] },
  text: string,
  path: string,
  place: string,
): MicrolanError {
  const line = text
    .slice(text.lastIndexOf('\n', broken.pos[0] - 1) + 1)
    .split('\n')[0]!
    .trim()
  const twice = broken.code === 'DUPLICATE_KEY'
  const key = /^[^:]+/.exec(line)?.[0] ?? line
  return new MicrolanError({
    code: twice ? 'file-duplicate' : 'file-syntax',
    what: twice ? `${path} says "${key}" twice in one map.` : `${path} is not YAML.`,
    evidence: [{ source: 'file', from: place, said: twice ? line : `${broken.message}: ${line}` }],
    fix: [{ say: twice ? 'Give one of them another name, or remove it.' : 'Mend the line, then try again.' }],
    exit: 2,
  })
}

function invalid(error: z.ZodError, path: string, locate: LabFile['locate']): MicrolanError {
  const evidence = error.issues.flatMap((issue) => mistakes(issue, locate))
  const count = evidence.length === 1 ? 'a mistake' : `${evidence.length} mistakes`
  return new MicrolanError({
    code: 'file-invalid',
    what: `${path} has ${count}.`,
    evidence,
    fix: [{ say: 'All keys and their values:', run: 'microlan help file' }],
    exit: 2,
  })
}

function mistakes(issue: z.core.$ZodIssue, locate: LabFile['locate']): Evidence[] {
  const at = (from: string, said: string): Evidence => ({ source: 'file', from, said })
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = nearest(key, keysAt(issue.path))
      return at(
        locate([...issue.path, key], 'key'),
        `unknown key "${key}"${near ? `; did you mean "${near}"?` : `; there are ${keysAt(issue.path).join(', ')}`}`,
      )
    })
  }
  const key = String(issue.path.at(-1) ?? 'the file')
  if (issue.code === 'invalid_key')
    return [at(locate(issue.path, 'key'), `"${key}" is not ${issue.issues[0]?.message ?? 'a name'}`)]
  if (issue.input === undefined)
    return [at(locate(issue.path), `${key} is missing; it wants ${issue.message}`)]
  const near = issue.code === 'invalid_value' ? nearest(String(issue.input), issue.values.map(String)) : null
  const said = `${key}: ${JSON.stringify(issue.input)} is not ${issue.message}`
  return [at(locate(issue.path), near ? `${said}; did you mean "${near}"?` : said)]
}

/** The keys that the schema knows at a place. Values of `networks` and `guests` have names of the user's choice. */
function keysAt(path: Path): readonly string[] {
  const [section, , inner] = path
  const shape = labSchema.shape
  if (section === undefined) return Object.keys(shape)
  if (inner === 'networks') return ['ip', 'mac']
  const guest = section === 'guests'
  return guest
    ? Object.keys(shape.guests.unwrap().valueType.shape)
    : Object.keys(shape.networks.valueType.in.unwrap().unwrap().shape)
}

/** Where a key or value starts; the nearest thing above it when it is not in the file. */
function offsetOf(document: Document, path: Path, part: 'key' | 'value'): number {
  let node: unknown = document.contents
  let offset = (node as Node | null)?.range?.[0] ?? 0
  for (const [depth, key] of path.entries()) {
    const found = isMap(node)
      ? node.items.find(
          (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
        )
      : undefined
    const value = found ? found.value : isSeq(node) ? node.items[Number(key)] : undefined
    const named = (found?.key as Node | undefined)?.range?.[0]
    if (named !== undefined) offset = named
    else if (value === undefined) break
    if (!(part === 'key' && depth === path.length - 1)) offset = (value as Node | null)?.range?.[0] ?? offset
    node = value
  }
  return offset
}
