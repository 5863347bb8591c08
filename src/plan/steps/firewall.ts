// Steps on our nft table: its static skeleton, and the elements that say which MAC may come from which tap.
import { TABLE, TABLE_LINES } from '../../model/firewall-table.ts'
import type { StepTraits } from '../step.ts'

const element = (set: string, content: string, verb: 'add' | 'delete'): string =>
  `nft ${verb} element bridge ${TABLE} ${set} '{ ${content} }'`

export const loadFirewall: StepTraits<'load-firewall'> = {
  explain: () => 'loaded the firewall table bridge microlan',
  commands: () => TABLE_LINES.map((line) => `nft '${line}'`),
  undo: () => [{ kind: 'unload-firewall' }],
}

export const unloadFirewall: StepTraits<'unload-firewall'> = {
  explain: () => 'removed the firewall table bridge microlan',
  commands: () => [`nft delete table bridge ${TABLE}`],
  undo: () => [{ kind: 'load-firewall' }],
}

export const allowPort: StepTraits<'allow-port'> = {
  explain: ({ tap, mac }) => `let ${mac} and no other address send from ${tap}`,
  commands: ({ tap, mac }) => [
    element('taps', `"${tap}"`, 'add'),
    element('ports', `"${tap}" . ${mac}`, 'add'),
  ],
  undo: ({ tap, mac }) => [{ kind: 'forbid-port', tap, mac }],
}

export const forbidPort: StepTraits<'forbid-port'> = {
  explain: ({ tap, mac }) => `forgot that ${mac} may send from ${tap}`,
  commands: ({ tap, mac }) => [
    element('ports', `"${tap}" . ${mac}`, 'delete'),
    element('taps', `"${tap}"`, 'delete'),
  ],
  undo: ({ tap, mac }) => [{ kind: 'allow-port', tap, mac }],
}
