import { behaviourIn, pickFaults } from '../fault.ts';
import type { Behaviour } from './behaviour.ts';
import type { Fault } from './fault.ts';
import { BLOB_SERVER_FAULTS } from './faults/blobServer.ts';
import { CLIENT_FAULTS } from './faults/clients.ts';
import { DISTRIBUTION_SERVER_FAULTS } from './faults/distributionServer.ts';
import { UPDATE_SERVER_FAULTS } from './faults/updateServer.ts';

export const FAULTS: readonly Fault[] = [
  ...BLOB_SERVER_FAULTS,
  ...UPDATE_SERVER_FAULTS,
  ...DISTRIBUTION_SERVER_FAULTS,
  ...CLIENT_FAULTS,
];

/** The faults of these names. Throws an InputError that names the nearest ones where there is none. */
export function faultsNamed(names: readonly string[]): readonly Fault[] {
  return pickFaults(FAULTS, names, 'mesh');
}

/** All misbehaviours of the faults in one record; of two that set the same field the later one wins. */
export function behaviourOf(faults: readonly Fault[]): Behaviour {
  return behaviourIn(faults);
}
