import { isState, STATES, type StateName } from './codec/swu.ts';

interface StateRow {
  /** The device is doing something and will leave the state by itself. */
  readonly working: boolean;
  /** States that may come before (table 3). */
  readonly from: readonly StateName[];
  /** States that come before it in a typical run (figures 1 and 2). */
  readonly typicallyFrom: readonly StateName[];
}

const others = (name: StateName): StateName[] => (Object.keys(STATES) as StateName[]).filter((s) => s !== name);

/** Table 3 allows every state after every other one; only the typical order of the figures says more, and only as advice. */
export const STATE_TABLE: Readonly<Record<StateName, StateRow>> = {
  idle: { working: false, from: others('idle'), typicallyFrom: ['nsa', 'svv', 'sva', 'upgrading'] },
  nsa: { working: false, from: others('nsa'), typicallyFrom: ['idle', 'svv', 'upgrading'] },
  svv: { working: true, from: others('svv'), typicallyFrom: ['idle', 'nsa'] },
  sva: { working: false, from: others('sva'), typicallyFrom: ['svv', 'upgrading'] },
  upgrading: { working: true, from: others('upgrading'), typicallyFrom: ['sva'] },
};

/** True for a state of work: `svv`, `upgrading`. */
export function isWorking(state: unknown): boolean {
  return isState(state) && STATE_TABLE[state].working;
}

/** True for a state that a device can stay in: `idle`, `nsa`, `sva`. */
export function isRest(state: unknown): boolean {
  return isState(state) && !STATE_TABLE[state].working;
}

/** The steps of a run of states that the typical order does not show, as `idle -> sva`. States left out in between are no deviation. */
export function atypicalSteps(states: readonly StateName[]): string[] {
  return states.slice(1).flatMap((to, i) => {
    const from = states[i] ?? to;
    return from === to || reaches(from, to, new Set()) ? [] : [`${from} -> ${to}`];
  });
}

/** True where the typical order leads from one state to the other without passing idle. */
function reaches(from: StateName, to: StateName, passed: Set<StateName>): boolean {
  const before = STATE_TABLE[to].typicallyFrom;
  if (before.includes(from)) return true;
  return before.some((step) => {
    if (step === 'idle' || passed.has(step)) return false;
    return reaches(from, step, passed.add(step));
  });
}
