import type { TimingTable } from '../core/timing.ts';

/** Every wait of the LwM2M tester. What depends on the product (checks, installations, restarts, giving up) is IXIT instead. */
export const LWM2M_TIMING = {
  ackTimeout: { ms: 2_000, class: 'link', clause: 'RFC 7252 4.8, ACK_TIMEOUT' },
  answer: { ms: 290_000, class: 'link', clause: 'RFC 7252 4.8: eight repetitions, of which four double the wait' },
  exchange: { ms: 93_000, class: 'link', clause: 'RFC 7252 4.8.2, MAX_TRANSMIT_WAIT' },
  awake: { ms: 93_000, class: 'link', clause: 'CORE: how long a device in queue mode listens after its last message' },
  look: { ms: 6_000, class: 'link', clause: 'bench: a Read that only looks, sent at most twice' },
  again: { ms: 4_000, class: 'link', clause: 'bench: how long the answer to one copy of a message is waited for' },
  resumeGap: { ms: 5_000, class: 'link', clause: 'bench: a cut of the link that CoAP repetitions bridge' },
  pollInterval: { ms: 1_000, class: 'protocol', clause: 'bench: pause between two looks at the instance' },
  quietWindow: { ms: 4_000, class: 'protocol', clause: 'bench: how long nothing must happen' },
  periodMin: { ms: 12_000, class: 'protocol', clause: 'CORE, pmin: the value used' },
  periodMax: { ms: 24_000, class: 'protocol', clause: 'CORE, pmax: the value used' },
  periodTolerance: { ms: 8_000, class: 'protocol', clause: 'bench: how exactly periods are judged' },
  slowCheck: {
    ms: 8_000,
    class: 'protocol',
    clause: 'bench: how long DOWNLOADED lasts at least with packageSlowCheck',
  },
  drip: { ms: 1_000, class: 'protocol', clause: 'bench: for each eighth of a package from a slow server' },
  updateLead: { ms: 15_000, class: 'protocol', clause: 'bench: an Update sent so early is not the periodic one' },
  shortLifetime: { ms: 120_000, class: 'protocol', clause: 'CORE, lifetime: the value used to see a periodic Update' },
} as const satisfies TimingTable;
