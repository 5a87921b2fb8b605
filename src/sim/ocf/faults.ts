import { behaviourIn, pickFaults } from '../fault.ts';
import type { Behaviour } from './behaviour.ts';
import type { Fault } from './fault.ts';
import { DISCOVERY_FAULTS } from './faults/discovery.ts';
import { OBSERVE_FAULTS } from './faults/observe.ts';
import { RUN_FAULTS } from './faults/run.ts';
import { SECURITY_FAULTS } from './faults/security.ts';
import { UPDATE_FAULTS } from './faults/update.ts';

export const FAULTS: readonly Fault[] = [
  ...DISCOVERY_FAULTS,
  ...UPDATE_FAULTS,
  ...RUN_FAULTS,
  ...OBSERVE_FAULTS,
  ...SECURITY_FAULTS,
];

/** The faults of these names. Throws an InputError that names the nearest ones where there is none. */
export function faultsNamed(names: readonly string[]): readonly Fault[] {
  return pickFaults(FAULTS, names, 'ocf');
}

/** All misbehaviours of the faults in one record; of two that set the same field the later one wins. */
export function behaviourOf(faults: readonly Fault[]): Behaviour {
  return behaviourIn(faults);
}
