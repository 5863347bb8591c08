// Every code that microlan can fail with, what it means, and what to do: `microlan help CODE` and docs/errors.md.
// Codes are permanent. test/contract/codes.test.ts holds this table against the source.

export interface CodePage {
  readonly means: string
  readonly todo: string
}

const page = (means: string, todo: string): CodePage => ({ means, todo })

export const codes: Readonly<Record<string, CodePage>> = {
  // the lab file
  'file-missing': page(
    'There is no lab file where microlan looked.',
    'Name it with -f, or write a microlan.yaml: microlan help file.',
  ),
  'file-unreadable': page(
    'The lab file is there and cannot be read.',
    'Check that it is a file, and its permissions.',
  ),
  'file-syntax': page(
    'The lab file is not YAML. The place is where the parser gave up; the mistake is there or just before.',
    'Mind indentation (spaces, no tabs) and colons followed by a space.',
  ),
  'file-duplicate': page(
    'A key stands twice in one map: two guests or networks of one name, or a setting given twice.',
    'Rename one of them or remove it.',
  ),
  'file-invalid': page(
    'The file is YAML, but a key is unknown or a value is not of the right kind.',
    'Each mistake is listed with file, line and column. All keys: microlan help file.',
  ),
  'network-unknown': page(
    'A guest wants to be on a network that the file does not have.',
    'Add the network, or correct its name.',
  ),
  'guest-reserved': page(
    '"host" means the machine itself wherever places are named.',
    'Call the guest otherwise.',
  ),
  'boot-args-too-long': page(
    'Firecracker takes at most 2047 bytes of kernel arguments.',
    'Shorten bootArgs, or give the guest fewer networks.',
  ),
  'boot-file-unreadable': page(
    "A guest's kernel, initrd or root file system is missing or may not be read (or, a root file system, written).",
    'Paths are relative to the lab file. Check path and permissions.',
  ),
  'subnet-invalid': page(
    'A range is not of the form 172.30.0.0/24, does not start where its prefix says, or is too small or too wide.',
    'The error says what to write. Or leave it out and get a free one.',
  ),
  'subnet-overlap': page(
    'The host already reaches (part of) this range: by a route, or by another network of a lab. Two ways to one address, and packets take the wrong one.',
    'Take the free range that the error proposes, or leave subnet out.',
  ),
  'subnet-pool-empty': page(
    'Every /24 of the pool is in use on this host.',
    'Give the network a range of its own.',
  ),
  'subnet-full': page(
    'A network has more guests than addresses.',
    'Give it a wider range: a smaller number behind the slash.',
  ),
  'ip-invalid': page(
    'An ip is not an IPv4 address.',
    'Write four decimal numbers from 0 to 255, without leading zeros.',
  ),
  'ip-outside-subnet': page(
    "An ip is not in its network's range.",
    'Take one from the range that the error names, or leave it out.',
  ),
  'ip-reserved': page(
    "An ip is the gateway's (the host's own), the network's own, or the broadcast address.",
    'Take another, or leave it out.',
  ),
  'ip-duplicate': page('Two guests want the same ip on one network.', 'Give one of them another.'),
  'mac-invalid': page(
    'A mac is not six hexadecimal bytes with colons.',
    'Write it like 06:00:ac:1e:00:02, or leave it out.',
  ),
  'mac-unusable': page(
    "No guest can have this mac: it is a multicast address, all zeros, or that of Firecracker's metadata service.",
    'Take a unicast, locally administered one: its second digit is 2, 6, a or e.',
  ),
  'mac-collision': page(
    "A guest's mac is its tap's, another tap's, or the bridge's. The bridge holds those addresses for the host's own: a frame to one that comes from another port is handed to the host and never sent out. Broadcasts pass, host and guest reach each other, and guests lose every unicast frame. This is the riddle that the README explains.",
    'Take another, or leave it out. To see it happen: microlan up --allow-mac-collision.',
  ),
  'mac-duplicate': page(
    'Two guests on one network have the same mac. The bridge would send frames to whoever spoke last.',
    'Give one of them another, or leave it out.',
  ),
  'ifname-invalid': page(
    'The kernel would refuse the interface name: it has more than 15 bytes, or a character that no name has.',
    'Take a shorter one, or leave bridge out.',
  ),
  'name-taken': page(
    'The interface name is in use by something that is not ours, or by another network.',
    'Take another name, or leave bridge out.',
  ),
  'lab-name-taken': page(
    'There is a lab of this name, made from another file or in another network namespace.',
    'Name this lab otherwise (name: in its file), or remove the other one.',
  ),

  // usage
  'verb-unknown': page('microlan has no such verb.', 'All verbs: microlan help.'),
  'flag-unknown': page('The verb has no such flag.', 'Its flags: microlan help VERB.'),
  'flag-value': page(
    'A flag needs a value, or got one that it does not take.',
    'Its form: microlan help VERB.',
  ),
  'words-missing': page('The verb needs more words.', 'Its form: microlan help VERB.'),
  'words-many': page('The verb takes fewer words.', 'Its form: microlan help VERB.'),
  'topic-unknown': page('There is no page of that name.', 'All verbs: microlan help.'),
  'shell-unknown': page('There are completions for bash, zsh and fish.', 'Name one of them.'),
  'lab-unknown': page('No lab of that name is up.', 'See which are: microlan ls.'),
  'lab-elsewhere': page(
    'The lab lives in another network namespace than the one this command acts in.',
    'Say the same words with the --netns that the error names.',
  ),
  'guest-unknown': page(
    'No lab has a guest of that name.',
    'See which there are: microlan ls, microlan show LAB.',
  ),
  'guest-ambiguous': page('Several labs have a guest of that name.', 'Say lab/guest.'),

  // the host
  'not-permitted': page(
    'Bridges, taps and network namespaces need root, or CAP_NET_ADMIN.',
    'Run microlan as root.',
  ),
  'netns-missing': page(
    'There is no network namespace of that name.',
    'Make it with ip netns add, or correct the name.',
  ),
  'state-not-writable': page(
    'microlan cannot write its state directory.',
    'Run as root, or name another with --state-dir.',
  ),
  'state-path-too-long': page(
    "A socket's path has at most 107 bytes, and those of a guest in this state directory would have more.",
    'Use a state directory with a shorter path.',
  ),
  'disk-full': page(
    'No space was left for a file that microlan needs.',
    'Make room, then run the same command again.',
  ),
  'cache-not-writable': page(
    'microlan cannot write its cache directory, where the guest image lives.',
    'Set MICROLAN_CACHE_DIR, or mend the permissions.',
  ),
  'tool-missing': page(
    'A program that microlan runs is not installed.',
    'The error names its Debian package.',
  ),
  'kernel-refused': page(
    'The kernel refused a change to a bridge, a tap or an address. Its own words are in the evidence.',
    'See what they say; "microlan up --debug" shows every step.',
  ),
  'nft-failed': page(
    'nft refused our table. Its own words are in the evidence.',
    'A kernel without nf_tables bridge support cannot run microlan.',
  ),
  'tun-missing': page(
    'The host has no /dev/net/tun, so no taps can be made.',
    'Load the driver: modprobe tun. In a container, pass the device in.',
  ),
  interrupted: page(
    'The command was interrupted. What it had done was taken back.',
    'Run it again when you like.',
  ),
  internal: page('microlan made a mistake of its own.', 'Report it with the text, please.'),

  // guests and their VMMs
  'tap-busy': page(
    "Another process holds the guest's tap. The evidence names it.",
    'End that process, then run microlan up again.',
  ),
  'tap-not-permitted': page(
    "The VMM may not open the guest's tap.",
    'Run microlan as root, or give the VMM CAP_NET_ADMIN.',
  ),
  'kernel-unusable': page(
    "The VMM cannot use the guest's kernel or initrd. Its own words are in the evidence.",
    'Check the paths in the lab file; a Firecracker kernel is an uncompressed ELF vmlinux.',
  ),
  'rootfs-unusable': page(
    "The VMM cannot use the guest's root file system.",
    'It is a file that may be read and written; check path and permissions.',
  ),
  'qemu-missing': page(
    'Guests run under QEMU here, and it is not installed.',
    'apt-get install --no-install-recommends qemu-system-x86',
  ),
  'vmm-missing': page(
    'The VMM that the lab asks for does not run.',
    'Put firecracker into PATH, name it in MICROLAN_FIRECRACKER, or say vmm: emulator.',
  ),
  'vmm-died': page(
    'The VMM ended while it was being configured. The end of its log is in the evidence.',
    'The log tells why.',
  ),
  'vmm-silent': page(
    'The VMM started and did not answer on its socket.',
    'See its log: microlan logs --vmm GUEST.',
  ),
  'vmm-refused': page(
    'The VMM refused a request. Its own words are in the evidence.',
    'See its log: microlan logs --vmm GUEST.',
  ),
  'emulator-broken': page('The bundled emulator does not run.', 'Set the checkout up again: make setup.'),
  'guest-not-ready': page(
    'A guest was started and did not get ready: it hung, panicked, or ended. The end of its console is in the evidence.',
    'Read its console: microlan logs GUEST. The lab is left as it is; microlan down removes it.',
  ),
  'guest-stopped': page('The guest is not running.', 'microlan start GUEST'),
  'guest-no-agent': page(
    'The guest boots a kernel of its own, so there is no agent of ours in it.',
    'Use its console: microlan console GUEST.',
  ),
  'guest-no-log': page('The guest was never started, so it printed nothing.', 'microlan start GUEST'),
  'channel-closed': page(
    'The line to the agent in the guest closed: the guest stopped.',
    'See why: microlan logs GUEST.',
  ),
  'image-download-failed': page(
    "Debian's packages for the built-in guest could not be fetched. apt's own words are in the evidence.",
    'Check the network and apt-get update; or give the guests a kernel of your own.',
  ),
  'image-build-failed': page(
    'The built-in guest could not be built.',
    'Empty the cache directory and try again.',
  ),
}
