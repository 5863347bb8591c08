// Measures who reaches whom: the host and every guest of a lab, each asked from inside.
import { availableParallelism } from 'node:os'
import type { Guest, Lab, Port } from '../model/desired.ts'
import { portsOf } from '../model/desired.ts'
import type { PingResult } from '../ping/parse.ts'
import type { PingWish } from '../ping/render.ts'
import type { Ping } from '../view/matrix.ts'
import type { Session } from './session.ts'

export const HOST = 'host'

/** How hard to look. */
export interface Effort {
  readonly count: number
  readonly intervalMs: number
  readonly timeoutMs: number
}

/** Three packets, and two seconds for the last: a busy TCG guest may take hundreds of milliseconds. */
export const thorough: Effort = { count: 3, intervalMs: 200, timeoutMs: 2000 }

/** One place asked to reach others. */
interface Question {
  readonly from: string
  readonly guest: Guest | null
  readonly to: readonly { readonly name: string; readonly address: string }[]
}

/**
 * The matrix of a lab, or the part of it from and to certain places. Losses are results, not errors.
 *
 * @throws guest-stopped for a guest that is asked and not running
 */
export async function measure(
  session: Session,
  lab: Lab,
  wish: { readonly from?: string; readonly to?: string; readonly effort: Effort },
): Promise<readonly Ping[]> {
  const questions = questionsOf(lab).filter(({ from }) => wish.from === undefined || from === wish.from)
  const asked = questions
    .map((question) => ({
      ...question,
      to: question.to.filter(({ name }) => wish.to === undefined || name === wish.to),
    }))
    .filter(({ to }) => to.length > 0)
  // More guests at once than processors only make each other late.
  const answers = await inParallel(asked, availableParallelism() + 1, (question) =>
    ask(session, question, wish.effort),
  )
  return answers.flat()
}

function questionsOf(lab: Lab): readonly Question[] {
  const ports = portsOf(lab)
  const gateways = (guest: Guest) => guest.ports.map(({ gateway }) => ({ name: HOST, address: gateway }))
  const neighbours = (guest: Guest) =>
    guest.ports.flatMap((own) =>
      ports.filter((port) => port.network === own.network && port.guest !== guest.name),
    )
  const place = ({ guest, ip }: Port) => ({ name: guest, address: ip })
  return [
    { from: HOST, guest: null, to: ports.map(place) },
    ...lab.guests.map((guest) => ({
      from: guest.name,
      guest,
      to: [...gateways(guest), ...neighbours(guest).map(place)],
    })),
  ]
}

async function ask(
  { machine, signal }: Session,
  { from, guest, to }: Question,
  effort: Effort,
): Promise<readonly Ping[]> {
  const wish: PingWish = { ...effort, targets: to.map(({ address }) => address) }
  const results = guest
    ? await machine.pingFromGuest(guest, wish, signal)
    : await machine.pingFromHost(wish, signal)
  const lost: PingResult = { sent: effort.count, received: 0, rttMs: null }
  return to.map(({ name, address }) => ({
    from,
    to: name,
    family: 4,
    address,
    ...(results.get(address) ?? lost),
  }))
}

/** Results in order, at most `limit` at a time; the first failure ends it. */
async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = []
  const queue = items.entries()
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
  return results
}
