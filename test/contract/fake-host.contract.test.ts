// The fake host keeps the contract that Linux keeps (test/netns/linux-host.netns.test.ts).
import { FakeHost } from '../support/fake-host.ts'
import { hostContract } from './host-contract.ts'

hostContract('fake host', async () => ({
  host: new FakeHost(),
  guests: 'started',
  jumps: 500,
  stops: 'every',
}))
