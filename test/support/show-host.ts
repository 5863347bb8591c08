// A host's state as the commands that would make it: what laws compare and what tables of states are written in.
import type { Link, Observed } from '../../src/model/observed.ts'

/** One line a fact, sorted; device numbers never appear, as they differ from run to run. */
export function showHost(observed: Observed): string {
  const nameOf = new Map(observed.links.map((link) => [link.index, link.name]))
  const ours = observed.links.filter((link) => link.alias !== null)
  const isOurs = (index: number) => ours.some((link) => link.index === index)
  return [
    ...ours.map((link) => showLink(link, nameOf)),
    ...observed.addresses
      .filter(({ link, family }) => family === 4 && isOurs(link))
      .map(({ link, address, prefix }) => `ip addr add ${address}/${prefix} dev ${nameOf.get(link)}`),
    ...observed.fdb
      .filter(({ state, link, bridge }) => state === 'permanent' && isOurs(link) && link !== bridge)
      .filter(({ mac, link }) => observed.links.find(({ index }) => index === link)?.mac === mac)
      .map(({ mac, link }) => `bridge fdb add ${mac} dev ${nameOf.get(link)} master permanent`),
    ...(observed.firewall ? ['nft add table bridge microlan'] : []),
    ...(observed.firewall?.ports ?? []).map(
      ({ tap, mac }) => `nft add element bridge microlan ports { ${tap} . ${mac} }`,
    ),
    ...observed.guests.map(({ guest, phase }) => `guest ${guest.name} ${phase}`),
  ]
    .toSorted()
    .join('\n')
}

function showLink(link: Link, nameOf: ReadonlyMap<number, string>): string {
  const own = link.bridge
    ? `type bridge ageing_time ${link.bridge.ageingCentiseconds} stp_state ${Number(link.bridge.stp)} mcast_snooping ${Number(link.bridge.mcastSnooping)}`
    : 'mode tap'
  const port = link.port
    ? ` master ${nameOf.get(link.master!)} isolated ${link.port.isolated} learning ${link.port.learning} flood ${link.port.flood}`
    : ''
  return `ip link add ${link.name} address ${link.mac} mtu ${link.mtu} group ${link.group} alias ${link.alias} ${link.up ? 'up' : 'down'} ${own}${port}`
}
