import type { TimingTable } from '../core/timing.ts';

/** Every wait of the OCF tester. What depends on the product (downloads, upgrades, restarts, tolerance of schedules) is IXIT instead. */
export const OCF_TIMING = {
  ackTimeout: { ms: 2_000, class: 'link', clause: 'RFC 7252 4.8, ACK_TIMEOUT' },
  exchange: { ms: 93_000, class: 'link', clause: 'RFC 7252 4.8.2, MAX_TRANSMIT_WAIT' },
  handshakeTimer: { ms: 1_000, class: 'link', clause: 'RFC 6347 4.2.4.1, first repeat of a flight' },
  handshake: { ms: 60_000, class: 'link', clause: 'bench: a DTLS handshake, five repeats fit in' },
  poll: { ms: 6_000, class: 'link', clause: 'bench: a RETRIEVE that only looks, sent at most twice' },
  leisure: { ms: 5_000, class: 'link', clause: 'RFC 7252 8.2, DEFAULT_LEISURE: answers to multicast' },
  pollInterval: { ms: 1_000, class: 'protocol', clause: 'bench: pause between two looks at the resource' },
  scheduleLead: {
    ms: 8_000,
    class: 'protocol',
    clause: 'bench: from sending a schedule to its time; a repetition fits in',
  },
  quietWindow: { ms: 3_000, class: 'protocol', clause: 'bench: how long nothing must happen, beyond the tolerance' },
  restWindow: { ms: 2_500, class: 'protocol', clause: 'bench: unchanged for so long is at rest' },
  notifyWindow: { ms: 4_000, class: 'protocol', clause: 'bench: a change is notified within' },
  resetPause: {
    ms: 2_000,
    class: 'protocol',
    clause: 'bench: from the order to reset until the device may still answer as before',
  },
  farAhead: { ms: 3_600_000, class: 'protocol', clause: 'bench: a time that no case reaches' },
  drip: { ms: 1_000, class: 'protocol', clause: 'bench: for each eighth of a package from a slow server' },
} as const satisfies TimingTable;
