import type { Standard } from '../core/standard.ts';
import { INVARIANTS } from './invariants.ts';
import { openTester } from './open.ts';
import type { OcfPolicies } from './policies.ts';
import { printEvent } from './print.ts';
import type { OcfTester } from './tester.ts';
import { OCF_TIMING } from './timing.ts';

/** Results that a case can ask not to be there when it starts, so that a value left over cannot pass for its own. */
export const OTHER_RESULTS = [1, 2, 3, 4, 5, 6, 7, 8, 404, 500, 503] as const;

/** OCF software update, seen from an OCF client (change request 2303 and the published schema). */
export const OCF: Standard<OcfTester, OcfPolicies> = {
  spec: 'OCFSWU',
  title: 'OCF software update resource',
  timing: OCF_TIMING,
  stillAnswers: 'OCFSWU-GEN.answers',
  open: openTester,
  alive: (t) => t.internals.alive(),
  ladder: {
    answering: (t) => t.internals.reachable(),
    rest: (t) => t.internals.atRest(),
    idle: (t) => t.internals.idle(),
    ...Object.fromEntries(
      OTHER_RESULTS.map((code) => [`idle-not-${code}`, (t: OcfTester) => t.internals.otherResult(code)] as const),
    ),
  },
  settle: (t) => t.internals.settle(),
  close: (t) => t.internals.close(),
  invariants: INVARIANTS,
  print: printEvent,
};
