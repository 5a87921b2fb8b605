import { suite, type Suite } from '../../src/core/case.ts';
import type { MeshPolicies } from '../../src/mesh/policies.ts';
import type { MeshTester } from '../../src/mesh/tester.ts';
import { blobBlockCases } from './blob-blocks.ts';
import { blobCourseCases } from './blob-course.ts';
import { blobStatusCases } from './blob-status.ts';
import { gen } from './gen.ts';

/** BLOB Transfer Server. */
const blobServer = suite<MeshTester, MeshPolicies>('BLB-S', [
  ...blobStatusCases,
  ...blobBlockCases,
  ...blobCourseCases,
]);

/** Every suite of mesh firmware update. */
export const MESH_SUITES: readonly Suite<MeshTester, MeshPolicies>[] = [gen, blobServer];
