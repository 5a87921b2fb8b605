import type { Simulator } from '../simulator.ts';
import { behaviourOf, FAULTS, faultsNamed } from './faults.ts';
import { openLwm2mDevice } from './open.ts';
import { OPTION_TABLE, readOptions } from './options.ts';

/** `plumbline sim lwm2m`: an LwM2M client with software management; registers to the server that it is told. */
export const LWM2M_SIMULATOR: Simulator = {
  faults: FAULTS,
  options: OPTION_TABLE,
  open: (faults, options, start) =>
    openLwm2mDevice({ ...start, options: readOptions(options), behaviour: behaviourOf(faultsNamed(faults)) }),
};
