// Kernel modules: what each needs, told by the module itself, so that no depmod is needed.

/** The modules that this one needs, from `depends=` of its .modinfo section (scripts/mod/modpost.c). */
export function moduleDepends(content: Buffer): readonly string[] {
  const at = content.indexOf('\0depends=')
  if (at === -1) return []
  const start = at + '\0depends='.length
  const names = content.toString('latin1', start, content.indexOf(0, start))
  return names === '' ? [] : names.split(',')
}

/** A module's name as others call it: dashes count as underscores. */
export const moduleName = (path: string): string =>
  path.replace(/^.*\//, '').replace(/\.ko$/, '').replaceAll('-', '_')

/**
 * The modules that `wanted` need, themselves included, as `modules.dep` text: one line each, with all that
 * must be loaded before it. A name that is no module is built into the kernel, and needs nothing.
 */
export function closeModules(
  wanted: readonly string[],
  modules: ReadonlyMap<string, { readonly path: string; readonly content: Buffer }>,
): { readonly names: readonly string[]; readonly dep: string } {
  const chosen = new Map<string, readonly string[]>()
  const choose = (name: string): readonly string[] => {
    const module = modules.get(name)
    if (!module) return []
    const known = chosen.get(name)
    if (known) return [...known, name]
    const before = [
      ...new Set(moduleDepends(module.content).flatMap((other) => choose(other.replaceAll('-', '_')))),
    ]
    chosen.set(name, before)
    return [...before, name]
  }
  for (const name of wanted) choose(name)
  const names = [...chosen.keys()].toSorted()
  const pathOf = (name: string) => modules.get(name)!.path
  // modprobe loads a line's modules from its end, so what comes first in time comes last in text.
  const dep = names.map(
    (name) =>
      `${pathOf(name)}:${chosen
        .get(name)!
        .toReversed()
        .map((other) => ` ${pathOf(other)}`)
        .join('')}\n`,
  )
  return { names, dep: dep.join('') }
}
