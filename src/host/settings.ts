// Where things are: decided once by the command line (or by whoever uses the library), then passed along.

export interface Settings {
  /** State directory: labs, leases, consoles, sockets. */
  readonly stateDir: string
  /** What may be deleted and is made again: guest images, probes. */
  readonly cacheDir: string
  /** Network namespace that this process was put into by `--netns`; null is the host's own. */
  readonly netns: string | null
  /** Program and leading arguments of the emulator. */
  readonly emulator: readonly string[]
  /** Program of a real Firecracker; null when there is none in PATH. */
  readonly firecracker: string | null
  /** Folder with the built-in guest's own files. */
  readonly imageSources: string
}
