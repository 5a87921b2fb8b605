import { InputError } from '../core/errors.ts';

/** One way in which a simulated device can be wrong, as data: `B` is its behaviour record, `N` how it names the options that it needs. */
export interface FaultRow<B, N> {
  readonly name: string;
  /** Goes on after "the device ...". */
  readonly describe: string;
  /** Statements of the standard that it contradicts. */
  readonly violates: readonly string[];
  /** Cases that must turn to FAIL. */
  readonly caughtBy: readonly string[];
  /** What the device does instead of the right thing. */
  readonly apply: B;
  /** Options that the device must be started with for the fault to show. */
  readonly needs?: N;
  /** Why no case has to catch it. */
  readonly excused?: string;
  /** It shows only after minutes of waiting. A proof begins with it, so as not to wait for it alone at the end. */
  readonly slow?: true;
}

/** The rows of these names. Throws an InputError that names the nearest ones where there is none. */
export function pickFaults<F extends { readonly name: string }>(
  rows: readonly F[],
  names: readonly string[],
  device: string,
): readonly F[] {
  return names.map((name) => {
    const fault = rows.find((f) => f.name === name);
    if (fault !== undefined) return fault;
    const [word = name] = name.split('-');
    const near = rows.filter((f) => f.name.includes(word)).map((f) => f.name);
    const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : `plumbline sim ${device} --faults lists them`;
    throw new InputError('sim-fault', `no fault ${JSON.stringify(name)}; ${hint}`, { place: { where: '--fault' } });
  });
}

/** All misbehaviours of the faults in one record; of two that set the same field the later one wins. */
export function behaviourIn<B extends object>(faults: readonly { readonly apply: B }[]): B {
  return Object.assign({}, ...faults.map(({ apply }) => apply)) as B;
}
