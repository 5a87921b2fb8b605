import { InputError } from '../../core/errors.ts';
import type { Behaviour } from './behaviour.ts';
import type { Fault } from './fault.ts';
import { DISCOVERY_FAULTS } from './faults/discovery.ts';
import { OBSERVE_FAULTS } from './faults/observe.ts';
import { RUN_FAULTS } from './faults/run.ts';
import { UPDATE_FAULTS } from './faults/update.ts';

export const FAULTS: readonly Fault[] = [...DISCOVERY_FAULTS, ...UPDATE_FAULTS, ...RUN_FAULTS, ...OBSERVE_FAULTS];

/** The faults of these names. Throws an InputError that names the nearest ones where there is none. */
export function faultsNamed(names: readonly string[]): readonly Fault[] {
  return names.map((name) => {
    const fault = FAULTS.find((f) => f.name === name);
    if (fault !== undefined) return fault;
    const [word = name] = name.split('-');
    const near = FAULTS.filter((f) => f.name.includes(word)).map((f) => f.name);
    const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : 'plumbline sim ocf --faults lists them';
    throw new InputError('sim-fault', `no fault ${JSON.stringify(name)}; ${hint}`, { place: { where: '--fault' } });
  });
}

/** All misbehaviours of the faults in one record; of two that set the same field the later one wins. */
export function behaviourOf(faults: readonly Fault[]): Behaviour {
  return Object.assign({}, ...faults.map(({ apply }) => apply)) as Behaviour;
}
