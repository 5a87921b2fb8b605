import { behaviourIn, pickFaults } from '../fault.ts';
import type { Behaviour } from './behaviour.ts';
import type { Fault } from './fault.ts';
import { COMMAND_FAULTS } from './faults/commands.ts';
import { DELIVERY_FAULTS } from './faults/delivery.ts';
import { MODEL_FAULTS } from './faults/model.ts';
import { REPORTING_FAULTS } from './faults/reporting.ts';

export const FAULTS: readonly Fault[] = [...MODEL_FAULTS, ...DELIVERY_FAULTS, ...COMMAND_FAULTS, ...REPORTING_FAULTS];

/** The faults of these names. Throws an InputError that names the nearest ones where there is none. */
export function faultsNamed(names: readonly string[]): readonly Fault[] {
  return pickFaults(FAULTS, names, 'lwm2m');
}

/** All misbehaviours of the faults in one record; of two that set the same field the later one wins. */
export function behaviourOf(faults: readonly Fault[]): Behaviour {
  return behaviourIn(faults);
}
