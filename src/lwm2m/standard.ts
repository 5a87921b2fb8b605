import type { Standard } from '../core/standard.ts';
import { INVARIANTS } from './invariants.ts';
import { openTester } from './open.ts';
import type { Lwm2mPolicies } from './policies.ts';
import { printEvent } from './print.ts';
import type { Lwm2mTester } from './tester.ts';
import { LWM2M_TIMING } from './timing.ts';

/** LwM2M software management, objects 9 and 14, seen from an LwM2M server. */
export const LWM2M: Standard<Lwm2mTester, Lwm2mPolicies> = {
  spec: 'SWMGMT',
  title: 'LwM2M software management',
  timing: LWM2M_TIMING,
  stillAnswers: 'SWMGMT-GEN.answers',
  open: openTester,
  alive: (t) => t.internals.alive(),
  ladder: {
    registered: (t) => t.internals.registered(),
    initial: (t) => t.internals.initial(),
    clean: (t) => t.internals.clean(),
    idle: (t) => t.internals.idle(),
    delivered: (t) => t.internals.delivered(),
    installed: (t) => t.internals.installed(),
    active: (t) => t.internals.active(),
  },
  settle: (t) => t.internals.settle(),
  close: (t) => t.internals.close(),
  invariants: INVARIANTS,
  print: printEvent,
};
