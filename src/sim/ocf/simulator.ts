import type { Simulator } from '../simulator.ts';
import { behaviourOf, FAULTS, faultsNamed } from './faults.ts';
import { openOcfDevice } from './open.ts';
import { OPTION_TABLE, readOptions } from './options.ts';

/** `plumbline sim ocf`: an OCF device with a software update resource. */
export const OCF_SIMULATOR: Simulator = {
  faults: FAULTS,
  options: OPTION_TABLE,
  open: (faults, options, start) =>
    openOcfDevice({ ...start, options: readOptions(options), behaviour: behaviourOf(faultsNamed(faults)) }),
};
