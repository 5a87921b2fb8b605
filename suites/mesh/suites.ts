import { suite, type Suite } from '../../src/core/case.ts';
import type { MeshPolicies } from '../../src/mesh/policies.ts';
import type { MeshTester } from '../../src/mesh/tester.ts';
import { blobBlockCases } from './blob-blocks.ts';
import { blobCourseCases } from './blob-course.ts';
import { blobStatusCases } from './blob-status.ts';
import { distributionCases } from './fds-course.ts';
import { distributionPhaseCases } from './fds-phases.ts';
import { distributorListCases } from './fds-lists.ts';
import { uploadCases } from './fds-uploads.ts';
import { updateAnnouncedCases } from './fus-announced.ts';
import { updateCourseCases } from './fus-course.ts';
import { updateStartCases } from './fus-start.ts';
import { gen } from './gen.ts';
import { ITEM } from './items.ts';

/** BLOB Transfer Server. */
const blobServer = suite<MeshTester, MeshPolicies>('BLB-S', [
  ...blobStatusCases,
  ...blobBlockCases,
  ...blobCourseCases,
]);

/** Firmware Update Server. */
const updateServer = suite<MeshTester, MeshPolicies>(
  'FUS',
  [...updateStartCases, ...updateCourseCases, ...updateAnnouncedCases],
  [
    {
      id: 'DFUM/FUS/13',
      purpose: 'Start while the BLOB Transfer Server serves another transfer is answered BLOB Transfer Busy',
      item: ITEM.UPDATE_SERVER,
      when: ITEM.UPDATE_SERVER,
      statements: ['DFUM-U.busy'],
      lacks:
        'no message of these models occupies the BLOB Transfer Server of the device otherwise; that takes words of its vendor',
    },
  ],
);

/** Firmware Distribution Server. */
const distributionServer = suite<MeshTester, MeshPolicies>('FDS', [
  ...distributorListCases,
  ...uploadCases,
  ...distributionCases,
  ...distributionPhaseCases,
]);

/** Every suite of mesh firmware update. */
export const MESH_SUITES: readonly Suite<MeshTester, MeshPolicies>[] = [
  gen,
  blobServer,
  updateServer,
  distributionServer,
];
