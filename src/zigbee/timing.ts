import type { TimingTable } from '../core/timing.ts';

/** Every wait of the Zigbee tester. What depends on the product (repeats, checks, restarts) is IXIT instead. */
export const ZIGBEE_TIMING = {
  answer: { ms: 10_000, class: 'link', clause: 'bench: from a request of ours to its answer' },
  askAgain: { ms: 2_500, class: 'link', clause: 'bench: after which a question without an answer is asked again' },
  inFlight: { ms: 500, class: 'link', clause: 'bench: how long the network may still carry a frame' },
  query: { ms: 10_000, class: 'link', clause: '11.13.3: from a unicast notify to the query' },
  join: { ms: 120_000, class: 'link', clause: 'bench: until a device has joined the open network' },
  report: { ms: 30_000, class: 'link', clause: '11.13.3: until a server that was told to notify does so' },
  quietWindow: { ms: 10_000, class: 'protocol', clause: 'bench: how long nothing must happen' },
  joinQuery: { ms: 600_000, class: 'protocol', clause: '11.13.4: the first query after joining' },
  putOff: { ms: 60_000, class: 'protocol', clause: '11.13.8: the wait that the server asks for' },
  upgradeDelay: { ms: 60_000, class: 'protocol', clause: '11.13.9: the delay that the server asks for' },
  hold: { ms: 300_000, class: 'protocol', clause: '11.13.9: how long a held upgrade is watched' },
  busy: { ms: 15_000, class: 'protocol', clause: 'bench: how long the application is busy' },
  blockPeriod: { ms: 40_000, class: 'protocol', clause: '11.10: the block period that the server asks for' },
  broadcastGap: { ms: 10_000, class: 'protocol', clause: 'bench: between two broadcasts, for the broadcast table' },
  pollInterval: { ms: 2_500, class: 'protocol', clause: 'bench: pause between two looks at ImageUpgradeStatus' },
  crossing: {
    ms: 2_500,
    class: 'protocol',
    clause: 'bench: within which a repeated request may have crossed our answer',
  },
  tolerance: { ms: 20_000, class: 'protocol', clause: 'bench: how exactly waits are judged' },
} as const satisfies TimingTable;
