import { loadStandards, STANDARDS } from '../../standards.ts';
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
  fault: ProvenFault,
  o: ProofOptions,
  selected: Map<Profile, ReadonlySet<string>>,
): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>();
  for (const [profile, ids] of selected) {
    const open = o.full ? [...ids] : fault.caughtBy.filter((id) => ids.has(id) && !decided(outcomes.get(id)));
    if (open.length === 0) continue;
    const simArgs = ['--fault', fault.name];
    const ended = await execute({ name: `${fault.name}.${profile.name}`, profile, cases: open, simArgs }, o.folder);
    for (const outcome of ended) if (!decided(outcomes.get(outcome.id))) outcomes.set(outcome.id, outcome);
  }
  return [...outcomes.values()];
}

function decided(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && outcome.verdict !== 'PASS';
}

/** Runs every profile without fault, then every fault against the cases that must catch it, and holds the outcomes against what was promised. */
export async function prove(o: ProofOptions): Promise<Proof> {
  const began = performance.now();
  const spec = STANDARDS.find((s) => s.name === o.name)?.spec ?? o.name;
  const [registered] = await loadStandards([spec]);
  const selected = await selections(o.profiles);
  const faultFree = await pooled(o.profiles, o.width, async (profile) => {
    const outcomes = await execute({ name: `fault-free.${profile.name}`, profile, long: true, simArgs: [] }, o.folder);
    o.progress(`${profile.name} without fault: ${outcomes.length} cases`);
    return outcomes.map((outcome) => ({ ...outcome, profile: profile.name }));
  });
  const tried = o.faults.filter((f) => o.full || f.excused === undefined);
  let done = 0;
  const ended = await pooled(tried, o.width, async (fault): Promise<[string, Outcome[]]> => {
    const outcomes = await tryFault(fault, o, selected);
    const caught = outcomes.filter((x) => x.verdict === 'FAIL').length;
    o.progress(`${++done}/${tried.length} ${fault.name}: ${caught} FAIL of ${outcomes.length}`);
    return [fault.name, outcomes];
  });
  return evaluate({
    standard: spec,
    cases: registered?.cases ?? [],
    faults: o.faults,
    faultFree: faultFree.flat(),
    faulty: new Map(ended),
    seconds: (performance.now() - began) / 1000,
  });
}
