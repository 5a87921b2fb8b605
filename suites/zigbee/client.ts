import { suite } from '../../src/core/case.ts';
import type { ZigbeePolicies } from '../../src/zigbee/policies.ts';
import type { ZigbeeTester } from '../../src/zigbee/tester.ts';
import { attributeCases } from './attributes.ts';
import { blockCases } from './blocks.ts';
import { fileCases } from './files.ts';
import { lifeCases } from './life.ts';
import { notifyCases } from './notify.ts';
import { pagingCases } from './paging.ts';
import { queryCases } from './query.ts';
import { switchingCases } from './switching.ts';
import { waitingCases } from './waiting.ts';

/** A client under test: the tester is its server. */
export const client = suite<ZigbeeTester, ZigbeePolicies>('CLI', [
  ...attributeCases,
  ...notifyCases,
  ...queryCases,
  ...blockCases,
  ...waitingCases,
  ...pagingCases,
  ...fileCases,
  ...switchingCases,
  ...lifeCases,
]);
