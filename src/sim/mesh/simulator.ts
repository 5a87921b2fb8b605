import type { Simulator } from '../simulator.ts';
import { behaviourOf, FAULTS, faultsNamed } from './faults.ts';
import { openMeshDevice } from './open.ts';
import { OPTION_TABLE, readOptions } from './options.ts';

/** `plumbline sim mesh`: a Bluetooth Mesh node with firmware update, on a virtual radio. */
export const MESH_SIMULATOR: Simulator = {
  faults: FAULTS,
  options: OPTION_TABLE,
  open: (faults, options, start) =>
    openMeshDevice({ ...start, options: readOptions(options), behaviour: behaviourOf(faultsNamed(faults)) }),
};
