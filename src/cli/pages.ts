// Pages that belong to no verb: the lab file.

export const filePage = `microlan.yaml: one lab, its networks and its guests

name: lab                  # default: the folder's name
networks:
  lan:
    subnet: 172.30.0.0/24  # default: the next free /24; kept from then on
    mode: switch           # switch: learns and forwards · hub: every frame to every port
    mtu: auto              # auto (1500), or 576 to 65535 bytes
    bridge: br0            # default: ml-<network>, where that fits and is free
guests:
  alice:
    networks: [lan]        # a list, or a map with settings:
  bob:
    networks:
      lan:
        ip: 172.30.0.9     # default: the next free one; kept from then on
        mac: auto          # auto: 06:00 and the IPv4 address · aa:bb:cc:dd:ee:ff ·
                           # tap: its tap's own, which cannot work (up --allow-mac-collision)
    vcpus: 1               # 1 to 32
    memory: 128MiB         # 96MiB to 64GiB
    kernel: vmlinux        # without it, the built-in guest; paths are relative to this file
    initrd: initrd.img
    rootfs: root.ext4      # /dev/vda, writable
    bootArgs: quiet        # kernel arguments; microlan adds ip= for each network unless it is there
vmm: auto                  # auto: Firecracker where KVM runs guests · firecracker · emulator

The first network of a guest is its eth0 and brings its default route, the second is its eth1, and so on.
The host has the first address of each network. JSON works too.`
