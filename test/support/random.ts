// Randomness that can be had again: a small generator with a printed seed.

/** mulberry32: 32 bits of state, good enough to choose test cases. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** `MICROLAN_SEED`, or a fresh one; print it, so that a failure can be had again. */
export const chooseSeed = (): number => Number(process.env.MICROLAN_SEED ?? Date.now() % 1_000_000)
