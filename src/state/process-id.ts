// A process by pid and start time: a pid alone may be somebody else's by now.
import { readFileSync } from 'node:fs'

export interface ProcessId {
  readonly pid: number
  /** Clock ticks after boot (field 22 of proc_pid_stat(5)); with the pid it names one process for ever. */
  readonly startTicks: number
}

/** Start time of a process that runs; null when there is none, or only a zombie waiting for its parent. */
export function readStartTicks(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The command's name, field 2, may hold spaces and brackets: fields count from its last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? null : Number(fields[19])
  } catch {
    // No such process: that is the answer.
    return null
  }
}

export const isAlive = ({ pid, startTicks }: ProcessId): boolean => readStartTicks(pid) === startTicks
