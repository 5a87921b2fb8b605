import { isState, STATES, type StateName } from './codec/swu.ts';

interface StateRow {
  /** The device is doing something and will leave the state by itself. */
  readonly working: boolean;
  /** States that may come before (table 3). */
  readonly from: readonly StateName[];
  /** Where a typical run (figures 1 and 2) goes back to, when it ends or fails. Forwards it goes in the order of this table. */
  readonly back: readonly StateName[];
}

const others = (name: StateName): StateName[] => (Object.keys(STATES) as StateName[]).filter((s) => s !== name);

/** Table 3 allows every state after every other one; only the typical order of the figures says more, and only as advice. */
export const STATE_TABLE: Readonly<Record<StateName, StateRow>> = {
  idle: { working: false, from: others('idle'), back: [] },
  nsa: { working: false, from: others('nsa'), back: ['idle'] },
  svv: { working: true, from: others('svv'), back: ['idle', 'nsa'] },
  sva: { working: false, from: others('sva'), back: ['idle'] },
  upgrading: { working: true, from: others('upgrading'), back: ['idle', 'nsa', 'sva'] },
};

/** What the update bits of `cm` are in each state: table 3. By them alone `nsa` and `svv` cannot be told apart. */
export const MODE_OF_STATE: Readonly<Record<StateName, number>> = {
  idle: 0,
  nsa: 256,
  svv: 256,
  sva: 256 + 64,
  upgrading: 256 + 128 + 64,
};

const ORDER = Object.keys(STATE_TABLE);

/** True for a state of work: `svv`, `upgrading`. */
export function isWorking(state: unknown): boolean {
  return isState(state) && STATE_TABLE[state].working;
}

/** True for a state that a device can stay in: `idle`, `nsa`, `sva`. */
export function isRest(state: unknown): boolean {
  return isState(state) && !STATE_TABLE[state].working;
}

/** The steps of a run that the typical order does not show, as `sva -> svv`. States left out in between are no deviation. */
export function atypicalSteps(states: readonly StateName[]): string[] {
  return states.slice(1).flatMap((to, i) => {
    const from = states[i] ?? to;
    const typical = ORDER.indexOf(to) >= ORDER.indexOf(from) || STATE_TABLE[from].back.includes(to);
    return typical ? [] : [`${from} -> ${to}`];
  });
}
