import { suite } from '../../src/core/case.ts';
import type { ZigbeePolicies } from '../../src/zigbee/policies.ts';
import type { ZigbeeTester } from '../../src/zigbee/tester.ts';
import { attributeCases } from './attributes.ts';
import { blockCases } from './blocks.ts';
import { notifyCases } from './notify.ts';
import { queryCases } from './query.ts';

/** A client under test: the tester is its server. */
export const client = suite<ZigbeeTester, ZigbeePolicies>('CLI', [...attributeCases, ...notifyCases, ...queryCases, ...blockCases]);
