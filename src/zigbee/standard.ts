import type { Standard } from '../core/standard.ts';
import { INVARIANTS } from './invariants.ts';
import { openTester } from './open.ts';
import type { ZigbeePolicies } from './policies.ts';
import { printEvent } from './print.ts';
import type { ZigbeeTester } from './tester.ts';
import { ZIGBEE_TIMING } from './timing.ts';

/** The Zigbee OTA Upgrade cluster, seen from the other side of it. */
export const ZIGBEE: Standard<ZigbeeTester, ZigbeePolicies> = {
  spec: 'ZBOTA',
  title: 'Zigbee OTA Upgrade cluster',
  timing: ZIGBEE_TIMING,
  stillAnswers: 'ZBOTA-GEN.answers',
  open: openTester,
  alive: (t) => t.internals.alive(),
  ladder: {
    answering: (t) => t.internals.quiet(),
    normal: (t) => t.internals.normal(),
    fresh: (t) => t.internals.fresh(),
  },
  settle: (t) => t.internals.settle(),
  close: (t) => t.internals.close(),
  invariants: INVARIANTS,
  print: printEvent,
};
