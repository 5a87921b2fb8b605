import type { Suite } from '../../src/core/case.ts';
import type { Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import type { Lwm2mTester } from '../../src/lwm2m/tester.ts';
import { act, dea } from './act.ts';
import { cmp } from './cmp.ts';
import { dlp } from './dlp.ts';
import { dlu } from './dlu.ts';
import { ins } from './ins.ts';
import { mul } from './mul.ts';
import { reg } from './reg.ts';
import { rep } from './rep.ts';
import { rob } from './rob.ts';
import { uni } from './uni.ts';

/** Every suite of LwM2M software management. */
export const LWM2M_SUITES: readonly Suite<Lwm2mTester, Lwm2mPolicies>[] = [
  reg,
  dlp,
  dlu,
  ins,
  uni,
  act,
  dea,
  rep,
  mul,
  cmp,
  rob,
];
