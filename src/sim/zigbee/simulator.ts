import type { Simulator } from '../simulator.ts';
import { behaviourOf, FAULTS, faultsNamed } from './faults.ts';
import { openZigbeeDevice } from './open.ts';
import { OPTION_TABLE, readOptions } from './options.ts';

/** `plumbline sim zigbee`: a Zigbee coordinator dongle (ZNP), and behind it a node with the OTA Upgrade cluster. */
export const ZIGBEE_SIMULATOR: Simulator = {
  faults: FAULTS,
  options: OPTION_TABLE,
  open: (faults, options, start) =>
    openZigbeeDevice({ ...start, options: readOptions(options), behaviour: behaviourOf(faultsNamed(faults)) }),
};
