// A guest as Firecracker's API wants it: the requests that configure and start it, in the order they are sent.
import type { Guest } from '../model/desired.ts'

export interface ApiRequest {
  readonly method: 'GET' | 'PUT' | 'PATCH'
  readonly path: string
  readonly body: object | null
}

const put = (path: string, body: object): ApiRequest => ({ method: 'PUT', path, body })

/** Network cards are `eth0`, `eth1` … for the API too, which allows letters, digits and underscores only. */
export const interfaceRequests = (guest: Guest): readonly ApiRequest[] =>
  guest.ports.map((port, n) =>
    put(`/network-interfaces/eth${n}`, {
      iface_id: `eth${n}`,
      guest_mac: port.mac,
      host_dev_name: port.tap,
    }),
  )

/**
 * Everything from an empty VMM to a running guest. The network cards come in the order of the guest's
 * networks, which makes them eth0, eth1 … inside; the start comes last.
 */
export function startRequests(guest: Guest): readonly ApiRequest[] {
  const boot = {
    kernel_image_path: guest.kernel,
    ...(guest.initrd === null ? {} : { initrd_path: guest.initrd }),
    boot_args: guest.bootArgs,
  }
  const rootfs = {
    drive_id: 'rootfs',
    path_on_host: guest.rootfs,
    is_root_device: true,
    is_read_only: false,
  }
  return [
    put('/machine-config', { vcpu_count: guest.vcpus, mem_size_mib: guest.memoryMiB }),
    put('/boot-source', boot),
    ...(guest.rootfs === null ? [] : [put('/drives/rootfs', rootfs)]),
    ...interfaceRequests(guest),
    put('/actions', { action_type: 'InstanceStart' }),
  ]
}
