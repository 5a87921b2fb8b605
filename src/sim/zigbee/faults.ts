import { behaviourIn, pickFaults } from '../fault.ts';
import type { Behaviour } from './behaviour.ts';
import type { Fault } from './fault.ts';
import { DISCOVERY_FAULTS } from './faults/discovery.ts';
import { DOWNLOAD_FAULTS } from './faults/download.ts';
import { SERVER_FAULTS } from './faults/server.ts';
import { UPGRADE_FAULTS } from './faults/upgrade.ts';

export const FAULTS: readonly Fault[] = [...DISCOVERY_FAULTS, ...DOWNLOAD_FAULTS, ...UPGRADE_FAULTS, ...SERVER_FAULTS];

/** The faults of these names. Throws an InputError that names the nearest ones where there is none. */
export function faultsNamed(names: readonly string[]): readonly Fault[] {
  return pickFaults(FAULTS, names, 'zigbee');
}

/** All misbehaviours of the faults in one record; of two that set the same field the later one wins. */
export function behaviourOf(faults: readonly Fault[]): Behaviour {
  return behaviourIn(faults);
}
