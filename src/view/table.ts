// Columns of text. Widths are counted in characters; colour is added after the widths are known.

export type Cell = string | { readonly text: string; readonly style: Style }
export type Style = 'good' | 'bad' | 'dim' | 'bold'

/** How a style looks; the identity where there is no colour. */
export type Paint = (text: string, style: Style) => string

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text)

/** Left-aligned columns, two spaces apart, no trailing blanks. */
export function table(rows: readonly (readonly Cell[])[], paint: Paint): string {
  const widths: number[] = []
  for (const row of rows)
    for (const [column, cell] of row.entries())
      widths[column] = Math.max(widths[column] ?? 0, textOf(cell).length)
  const line = (row: readonly Cell[]): string =>
    row
      .map((cell, column) => {
        const gap = column === row.length - 1 ? '' : ' '.repeat(widths[column]! - textOf(cell).length)
        return (typeof cell === 'string' ? cell : paint(cell.text, cell.style)) + gap
      })
      .join('  ')
  return rows.map(line).join('\n')
}
