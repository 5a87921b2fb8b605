import { suite, type Suite } from '../../src/core/case.ts';
import type { MeshPolicies } from '../../src/mesh/policies.ts';
import type { MeshTester } from '../../src/mesh/tester.ts';
import { blobBlockCases } from './blob-blocks.ts';
import { blobCourseCases } from './blob-course.ts';
import { blobStatusCases } from './blob-status.ts';
import { blobClientCases } from './blc.ts';
import { initiatorCases } from './fdc.ts';
import { updateClientCases } from './fuc.ts';
import { distributionCases } from './fds-course.ts';
import { distributionPhaseCases } from './fds-phases.ts';
import { distributorListCases } from './fds-lists.ts';
import { uploadCases } from './fds-uploads.ts';
import { updateAnnouncedCases } from './fus-announced.ts';
import { updateCourseCases } from './fus-course.ts';
import { updateStartCases } from './fus-start.ts';
import { gen } from './gen.ts';

/** BLOB Transfer Server. */
const blobServer = suite<MeshTester, MeshPolicies>('BLB-S', [
  ...blobStatusCases,
  ...blobBlockCases,
  ...blobCourseCases,
]);

/** Firmware Update Server. */
const updateServer = suite<MeshTester, MeshPolicies>('FUS', [
  ...updateStartCases,
  ...updateCourseCases,
  ...updateAnnouncedCases,
]);

/** Firmware Distribution Server. */
const distributionServer = suite<MeshTester, MeshPolicies>('FDS', [
  ...distributorListCases,
  ...uploadCases,
  ...distributionCases,
  ...distributionPhaseCases,
]);

/** Firmware Update Client. */
const updateClient = suite<MeshTester, MeshPolicies>('FUC', updateClientCases);

/** Firmware Distribution Client. */
const distributionClient = suite<MeshTester, MeshPolicies>('FDC', initiatorCases);

/** BLOB Transfer Client. */
const blobClient = suite<MeshTester, MeshPolicies>('BLC', blobClientCases);

/** Every suite of mesh firmware update. */
export const MESH_SUITES: readonly Suite<MeshTester, MeshPolicies>[] = [
  gen,
  blobServer,
  updateServer,
  distributionServer,
  updateClient,
  distributionClient,
  blobClient,
];
