import type { Suite } from '../../src/core/case.ts';
import type { ZigbeePolicies } from '../../src/zigbee/policies.ts';
import type { ZigbeeTester } from '../../src/zigbee/tester.ts';
import { client } from './client.ts';
import { server } from './server.ts';

/** Every suite of the OTA Upgrade cluster. */
export const ZIGBEE_SUITES: readonly Suite<ZigbeeTester, ZigbeePolicies>[] = [client, server];
