// The table of steps. A new kind fails to compile here until it can explain, show and undo itself.
import type { Step, StepKind, StepOf, StepTraits } from './step.ts'
import {
  addAddress,
  addBridge,
  removeAddress,
  removeBridge,
  removeNetwork,
  setBridge,
} from './steps/bridge.ts'
import { allowPort, forbidPort, loadFirewall, unloadFirewall } from './steps/firewall.ts'
import { startGuest, stopGuest } from './steps/guest.ts'
import { addPort, removePort, setPort } from './steps/port.ts'

const traits: { readonly [K in StepKind]: StepTraits<K> } = {
  'load-firewall': loadFirewall,
  'unload-firewall': unloadFirewall,
  'allow-port': allowPort,
  'forbid-port': forbidPort,
  'add-bridge': addBridge,
  'set-bridge': setBridge,
  'remove-bridge': removeBridge,
  'remove-network': removeNetwork,
  'add-address': addAddress,
  'remove-address': removeAddress,
  'add-port': addPort,
  'set-port': setPort,
  'remove-port': removePort,
  'start-guest': startGuest,
  'stop-guest': stopGuest,
}

const traitsOf = <K extends StepKind>(kind: K): StepTraits<K> => traits[kind]

/** What the step does, one line in the past tense. */
export const explain = <K extends StepKind>(step: StepOf<K>): string => traitsOf(step.kind as K).explain(step)

/** The `ip`, `bridge` and `nft` lines that the step stands for. */
export const commands = <K extends StepKind>(step: StepOf<K>): readonly string[] =>
  traitsOf(step.kind as K).commands(step)

/** The steps that take it back. */
export const undo = <K extends StepKind>(step: StepOf<K>): readonly Step[] =>
  traitsOf(step.kind as K).undo(step)
