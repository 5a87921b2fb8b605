import { suite } from '../../src/core/case.ts';
import type { ZigbeePolicies } from '../../src/zigbee/policies.ts';
import type { ZigbeeTester } from '../../src/zigbee/tester.ts';
import { offeringCases } from './offering.ts';
import { endingCases, servingCases } from './serving.ts';

/** A server under test: the tester is its client. */
export const server = suite<ZigbeeTester, ZigbeePolicies>('SRV', [...offeringCases, ...servingCases, ...endingCases]);
