import type { NameTable } from './layout/names.ts';

/** The moves that a state may make, one step each, for whatever reason. */
export type Moves<S extends NameTable> = { readonly [state in keyof S]?: readonly (keyof S & string)[] };

/**
 * Every state that can follow this one, in one or more moves; itself included. A poll may miss states: a trace is right when
 * every state seen can be reached from the one seen before.
 */
export function reachable<S extends NameTable>(moves: Moves<S>, names: S, from: number): ReadonlySet<number> {
  const seen = new Set<number>([from]);
  const open = [from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const name = Object.keys(names).find((key) => names[key] === state);
    for (const next of name === undefined ? [] : (moves[name] ?? [])) {
      const number = names[next];
      if (number === undefined || seen.has(number)) continue;
      seen.add(number);
      open.push(number);
    }
  }
  return seen;
}
