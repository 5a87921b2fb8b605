import type { Suite } from '../../src/core/case.ts';
import type { OcfPolicies } from '../../src/ocf/policies.ts';
import type { OcfTester } from '../../src/ocf/tester.ts';
import { disc } from './disc.ts';
import { life } from './life.ts';
import { obs } from './obs.ts';
import { read } from './read.ts';
import { res } from './res.ts';
import { sched } from './sched.ts';
import { trig } from './trig.ts';
import { upd } from './upd.ts';

/** The suites of OCF software update in the order in which they run: what changes the device's software comes last. */
export const OCF_SUITES: readonly Suite<OcfTester, OcfPolicies>[] = [disc, read, upd, trig, obs, sched, res, life];
