import type { Standard } from '../core/standard.ts';
import { INVARIANTS } from './invariants.ts';
import { openTester } from './open.ts';
import type { MeshPolicies } from './policies.ts';
import { printEvent } from './print.ts';
import type { MeshTester } from './tester.ts';
import { MESH_TIMING } from './timing.ts';

/**
 * Bluetooth Mesh firmware update: the models of MshDFU and of the BLOB transfer below them, seen from the other end of a GATT proxy connection. Three
 * proformas (DFUM, MBTM, MESH) are one bench; its cases carry the name of the first.
 */
export const MESH: Standard<MeshTester, MeshPolicies> = {
  spec: 'DFUM',
  title: 'Bluetooth Mesh firmware update',
  timing: MESH_TIMING,
  stillAnswers: 'DFUM-GEN.answers',
  open: openTester,
  alive: (t) => t.internals.alive(),
  ladder: {
    node(t) {
      t.internals.begin();
      return Promise.resolve();
    },
    idle: (t) => t.internals.idle(),
  },
  settle: (t) => t.internals.settle(),
  close: (t) => t.internals.close(),
  invariants: INVARIANTS,
  print: printEvent,
};
