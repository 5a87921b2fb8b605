import { type DeclaredCase, suite, type Suite } from '../../src/core/case.ts';
import type { MeshPolicies } from '../../src/mesh/policies.ts';
import type { MeshTester } from '../../src/mesh/tester.ts';
import { blobBlockCases } from './blob-blocks.ts';
import { blobCourseCases } from './blob-course.ts';
import { blobStatusCases } from './blob-status.ts';
import { blobClientCases } from './blc.ts';
import { updateClientCases } from './fuc.ts';
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

const SECOND_CHANNEL = 'no second channel to the device is spoken yet that makes it act as this client (BTP, a shell)';

/** A purpose for which the device must be told to act by a second channel. */
function unspoken(id: string, item: string, purpose: string, statements: readonly string[]): DeclaredCase {
  return { id, purpose, item, when: item, statements, lacks: SECOND_CHANNEL };
}

/** Firmware Update Client. */
const updateClient = suite<MeshTester, MeshPolicies>('FUC', updateClientCases, [
  unspoken('DFUM/FUC/02', ITEM.UPDATE_CLIENT, 'the client asks a target whether it takes the metadata', [
    'DFUM-C.check',
  ]),
]);

/** BLOB Transfer Client. */
const blobClient = suite<MeshTester, MeshPolicies>('BLC', blobClientCases);

const INITIATOR = ITEM.DISTRIBUTION_CLIENT;

/** Firmware Distribution Client. */
const distributionClient = suite<MeshTester, MeshPolicies>(
  'FDC',
  [],
  [
    unspoken('DFUM/FDC/01', INITIATOR, 'the client uploads an image', ['DFUM-I.upload']),
    unspoken('DFUM/FDC/02', INITIATOR, 'the client gives the distributor its receivers and starts', [
      'DFUM-I.receivers',
      'DFUM-I.start',
    ]),
    unspoken('DFUM/FDC/03', INITIATOR, 'the client suspends a distribution and goes on with it', ['DFUM-I.suspend']),
    unspoken('DFUM/FDC/04', INITIATOR, 'the client applies a distribution that waits for it', ['DFUM-I.apply']),
    unspoken('DFUM/FDC/05', 'DFUM 41/1', 'the client lets the distributor fetch an image', ['DFUM-I.oob']),
  ],
);

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
