import type { TimingTable } from '../core/timing.ts';

/** Every wait of the mesh tester. What depends on the product (verification, apply, report interval) is IXIT instead. */
export const MESH_TIMING = {
  reply: { ms: 30_000, class: 'link', clause: 'Mesh Protocol: an acknowledged message is given up no earlier' },
  retry: { ms: 2_000, class: 'link', clause: 'bench: pause before an acknowledged message is sent again' },
  filter: { ms: 5_000, class: 'link', clause: 'bench: wait for a Filter Status before the next try' },
  provisioning: { ms: 60_000, class: 'link', clause: 'Mesh Protocol 5.4.4, provisioning' },
  reassembly: { ms: 20_000, class: 'link', clause: 'Mesh Protocol 6.6, SAR time of the proxy protocol' },
  found: { ms: 60_000, class: 'link', clause: 'bench: how long the device may take to advertise' },
  pollInterval: { ms: 2_000, class: 'protocol', clause: 'bench: pause between two looks at a phase' },
  timeoutUnit: { ms: 10_000, class: 'protocol', clause: 'server timeout: 10 s for each unit of (base + 1)' },
  timeoutTolerance: {
    ms: 7_000,
    class: 'protocol',
    clause: 'bench: how exactly timeouts are judged; less than a unit, so that a wrong multiple of it shows',
  },
  reportTolerance: { ms: 8_000, class: 'protocol', clause: 'bench: how exactly the time between reports is judged' },
  report: { ms: 31_000, class: 'protocol', clause: 'maximum poll interval of 30 s, and one for the bench' },
  reportLost: { ms: 67_000, class: 'protocol', clause: 'client block report timeout: 2 x 30 s + 7 s' },
  quiet: { ms: 4_000, class: 'protocol', clause: 'bench: how long nothing must happen' },
} as const satisfies TimingTable;
