import { loadStandards, STANDARDS } from '../../standards.ts';
import { replaced, unclear } from './again.ts';
import { execute, pooled } from './execute.ts';
import { evaluate, type Outcome, type Proof, type ProvenFault } from './matrix.ts';
import type { Profile } from './profiles.ts';
import { selections } from './selections.ts';

export interface ProofOptions {
  /** As on the command line: `ocf`. */
  readonly name: string;
  readonly profiles: readonly Profile[];
  readonly faults: readonly ProvenFault[];
  /** Every fault against every case of every profile, not only against the cases that must catch it. */
  readonly full: boolean;
  /** How many runs at a time; they mostly wait. */
  readonly width: number;
  /** Folder for the runs; the caller removes it. */
  readonly folder: string;
  progress(text: string): void;
}

/**
 * A fault is tried in one profile after the other that selects cases still to be turned: under a policy of one profile a case may only
 * take note. An end other than FAIL or PASS stands.
 */
async function tryFault(
  fault: Pick<ProvenFault, 'name' | 'caughtBy'>,
  o: ProofOptions,
  selected: Map<Profile, ReadonlySet<string>>,
  round = 1,
): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>();
  for (const [profile, ids] of selected) {
    const open =
      o.full && round === 1 ? [...ids] : fault.caughtBy.filter((id) => ids.has(id) && !decided(outcomes.get(id)));
    if (open.length === 0) continue;
    const errand = { name: `${fault.name}.${profile.name}.${round}`, profile, cases: open };
    const ended = await execute({ ...errand, simArgs: ['--fault', fault.name] }, o.folder);
    for (const outcome of ended) if (!decided(outcomes.get(outcome.id))) outcomes.set(outcome.id, outcome);
  }
  return [...outcomes.values()];
}

function decided(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && outcome.verdict !== 'PASS';
}

type FaultFree = Outcome & { readonly profile: string };

/** All cases of a profile, or those, on a device without fault. */
async function tryRight(profile: Profile, o: ProofOptions, cases?: readonly string[]): Promise<FaultFree[]> {
  const name = `fault-free.${profile.name}.${cases === undefined ? 1 : 2}`;
  const chosen = cases === undefined ? {} : { cases };
  const outcomes = await execute({ name, profile, long: true, simArgs: [], ...chosen }, o.folder);
  return outcomes.map((outcome) => ({ ...outcome, profile: profile.name }));
}

/** Runs every profile without fault, then every fault against the cases that must catch it, and holds the outcomes against what was promised. */
export async function prove(o: ProofOptions): Promise<Proof> {
  const began = performance.now();
  const spec = STANDARDS.find((s) => s.name === o.name)?.spec ?? o.name;
  const [registered] = await loadStandards([spec]);
  const selected = await selections(o.profiles);
  let repeated = 0;
  const faultFree = await pooled(o.profiles, o.width, async (profile) => {
    const outcomes = await tryRight(profile, o);
    o.progress(`${profile.name} without fault: ${outcomes.length} cases`);
    return outcomes;
  });
  const tried = o.faults.filter((f) => o.full || f.excused === undefined);
  let done = 0;
  const faulty = await pooled(tried, o.width, async (fault) => {
    const outcomes = await tryFault(fault, o, selected);
    const caught = outcomes.filter((x) => x.verdict === 'FAIL').length;
    o.progress(`${++done}/${tried.length} ${fault.name}: ${caught} FAIL of ${outcomes.length}`);
    return outcomes;
  });
  // One run at a time from here on, for what told nothing while there were many.
  for (const [i, profile] of o.profiles.entries()) {
    const first = faultFree[i] ?? [];
    const cases = unclear(first);
    if (cases.length === 0) continue;
    repeated += cases.length;
    o.progress(`${profile.name} without fault, once more: ${cases.join(', ')}`);
    faultFree[i] = replaced(first, await tryRight(profile, o, cases));
  }
  for (const [i, { name, caughtBy }] of tried.entries()) {
    const first = faulty[i] ?? [];
    const cases = unclear(first).filter((id) => caughtBy.includes(id));
    if (cases.length === 0) continue;
    repeated += cases.length;
    o.progress(`${name}, once more: ${cases.join(', ')}`);
    faulty[i] = replaced(first, await tryFault({ name, caughtBy: cases }, o, selected, 2));
  }
  return evaluate({
    standard: spec,
    cases: registered?.cases ?? [],
    faults: o.faults,
    faultFree: faultFree.flat(),
    faulty: new Map(tried.map((fault, i) => [fault.name, faulty[i] ?? []])),
    repeated,
    seconds: (performance.now() - began) / 1000,
  });
}
