// Linux keeps the contract that the fake keeps, and `ip`, `bridge` and `nft` agree that it does.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { apply } from '../../src/host/apply.ts'
import { LinuxHost } from '../../src/host/linux.ts'
import { plan, planDown } from '../../src/plan/plan.ts'
import { Store } from '../../src/state/store.ts'
import { hostContract } from '../contract/host-contract.ts'
import { labs } from '../contract/labs.ts'
import { inNetns } from '../support/in-netns.ts'

const signal = new AbortController().signal
const now = () => performance.now()
const json = (...command: readonly string[]) =>
  JSON.parse(execFileSync(command[0]!, command.slice(1), { encoding: 'utf8' }) || '[]')

if (inNetns()) {
  const stateDir = mkdtempSync(join(tmpdir(), 'microlan-test-'))
  after(() => rmSync(stateDir, { recursive: true }))
  const settings = {
    stateDir,
    cacheDir: stateDir,
    netns: null,
    emulator: [],
    firecracker: null,
    imageSources: '',
  }
  const host = new LinuxHost(settings, Store.open(stateDir))
  hostContract('linux host', async () => ({ host, guests: 'left', jumps: 40, stops: 'one' }))

  test('what was made is what ip, bridge and nft show', async () => {
    const { lab } = labs.find(({ name }) => name === 'two guests on a switch')!
    await apply(host, plan(lab, await host.observe(), { guests: 'left' }), { signal, onFailure: 'undo', now })
    const [bridge] = json('ip', '-j', '-d', 'link', 'show', 'ml-lan')
    assert.equal(bridge.address, '02:6d:ac:1e:00:01')
    assert.equal(bridge.ifalias, 'microlan:lab/lan')
    assert.equal(bridge.linkinfo.info_data.stp_state, 0)
    assert.equal(bridge.linkinfo.info_data.mcast_snooping, 0)
    const [tap] = json('ip', '-j', '-d', 'link', 'show', 'ml-lan_2')
    assert.equal(tap.master, 'ml-lan')
    assert.equal(tap.address, 'fe:00:ac:1e:00:02')
    assert.equal(tap.inet6_addr_gen_mode, 'none')
    assert.equal(tap.linkinfo.info_data.vnet_hdr, true)
    assert.equal(tap.linkinfo.info_data.persist, true)
    const addresses = json('ip', '-j', 'addr', 'show', 'dev', 'ml-lan')[0].addr_info
    const v4 = addresses.find(({ family }: { family: string }) => family === 'inet')
    assert.deepEqual([v4.local, v4.prefixlen, v4.broadcast], ['172.30.0.1', 24, '172.30.0.255'])
    const { nftables } = json('nft', '-j', 'list', 'table', 'bridge', 'microlan')
    const ports = nftables.find(({ set }: { set?: { name: string } }) => set?.name === 'ports').set.elem
    assert.deepEqual(ports.map(({ concat }: { concat: string[] }) => concat.join(' ')).toSorted(), [
      'ml-lan_2 06:00:ac:1e:00:02',
      'ml-lan_3 06:00:ac:1e:00:03',
    ])
    await apply(host, planDown('lab', await host.observe()), { signal, onFailure: 'go-on', now })
    assert.deepEqual(
      json('ip', '-j', 'link').map(({ ifname }: { ifname: string }) => ifname),
      ['lo'],
    )
    assert.deepEqual(json('nft', '-j', 'list', 'ruleset').nftables.length, 1, 'nothing but the version')
  })

  test("a hub's taps have no local entries, and its bridge has its own", async () => {
    const { lab } = labs.find(({ name }) => name === 'the same two on a hub')!
    await apply(host, plan(lab, await host.observe(), { guests: 'left' }), { signal, onFailure: 'undo', now })
    const rows = json('bridge', '-j', 'fdb', 'show', 'br', 'ml-lan')
    const local = rows.filter(
      ({ state, mac }: { state: string; mac: string }) =>
        state === 'permanent' && !/^(33:33|01:00)/.test(mac),
    )
    assert.deepEqual(
      local.map(({ mac, ifname }: { mac: string; ifname: string }) => `${mac} ${ifname}`),
      ['02:6d:ac:1e:00:01 ml-lan'],
    )
    const [bridge] = json('ip', '-j', '-d', 'link', 'show', 'ml-lan')
    assert.equal(bridge.linkinfo.info_data.ageing_time, 0)
    await apply(host, planDown('lab', await host.observe()), { signal, onFailure: 'go-on', now })
  })

  test('what is not ours is never touched', async () => {
    execFileSync('ip', ['link', 'add', 'ml-other', 'type', 'bridge'])
    execFileSync('ip', ['link', 'add', 'v0', 'group', '5', 'type', 'veth', 'peer', 'name', 'v1'])
    const before = json('ip', '-j', '-d', 'link')
    const { lab } = labs.find(({ name }) => name === 'two networks and a router')!
    await apply(host, plan(lab, await host.observe(), { guests: 'left' }), { signal, onFailure: 'undo', now })
    await apply(host, planDown('lab', await host.observe()), { signal, onFailure: 'go-on', now })
    assert.deepEqual(json('ip', '-j', '-d', 'link'), before)
  })
}
