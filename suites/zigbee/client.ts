import { suite } from '../../src/core/case.ts';
import type { ZigbeePolicies } from '../../src/zigbee/policies.ts';
import type { ZigbeeTester } from '../../src/zigbee/tester.ts';
import { attributeCases } from './attributes.ts';

/** A client under test: the tester is its server. */
export const client = suite<ZigbeeTester, ZigbeePolicies>('CLI', [...attributeCases]);
