import type { CaseMeta } from '../../core/case.ts';
import { loadStandards, STANDARDS } from '../../standards.ts';
import { replaced, unclear } from './again.ts';
import { execute } from './execute.ts';
import { evaluate, type Outcome, type Proof, type ProvenFault } from './matrix.ts';
import { pooled } from './pooled.ts';
import type { Profile } from './profiles.ts';
import { alternately, spread } from './order.ts';
import { type Selection, selectionOf } from './selections.ts';
import { type Subject, wants, type Work } from './subject.ts';

export interface ProofOptions extends Work {
  /** Every fault against every case of every profile, not only against the cases that must catch it. */
  readonly full: boolean;
}

type FaultFree = Outcome & { readonly profile: string };

/** A standard while it is proven. */
interface Proving {
  readonly subject: Subject;
  readonly spec: string;
  readonly cases: readonly CaseMeta[];
  readonly selected: Selection;
  /** The faults that are tried. */
  readonly tried: readonly ProvenFault[];
  /** Per profile, then per fault: how the cases ended. */
  readonly right: Map<Profile, FaultFree[]>;
  readonly faulty: Map<string, Outcome[]>;
  repeated: number;
}

/**
 * Runs every profile without fault and every fault against the cases that must catch it, all standards beside one another, and holds the
 * outcomes against what was promised.
 */
export async function prove(subjects: readonly Subject[], o: ProofOptions): Promise<Proof[]> {
  const began = performance.now();
  const provings: Proving[] = [];
  for (const subject of subjects) provings.push(await begin(subject, o));
  const jobs = spread(
    alternately(provings.map((p) => p.subject.profiles.map((profile) => () => firstRight(p, profile, o)))),
    alternately(provings.map((p) => p.tried.map((fault) => () => firstFault(p, fault, o)))),
  );
  await pooled(jobs, o.width, (job) => job());
  // One run at a time from here on, for what told nothing while there were many.
  for (const proving of provings) await again(proving, o);
  const seconds = (performance.now() - began) / 1000;
  return provings.map(({ spec, cases, subject, right, faulty, repeated }) =>
    evaluate({
      standard: spec,
      cases,
      faults: subject.faults,
      faultFree: subject.profiles.flatMap((profile) => right.get(profile) ?? []),
      faulty,
      repeated,
      seconds,
    }),
  );
}

async function begin(subject: Subject, { full }: ProofOptions): Promise<Proving> {
  const spec = STANDARDS.find((s) => s.name === subject.name)?.spec ?? subject.name;
  const [registered] = await loadStandards([spec]);
  const faults = subject.faults
    .map((f) => ({ ...f, caughtBy: f.caughtBy.filter((id) => wants(subject, id)) }))
    .filter((f) => subject.cases === undefined || f.caughtBy.length > 0);
  return {
    subject: { ...subject, faults },
    spec,
    cases: (registered?.cases ?? []).filter((c) => wants(subject, c.id)),
    selected: await selectionOf(subject),
    tried: faults
      .filter((f) => full || f.excused === undefined)
      .sort((a, b) => Number(b.slow ?? false) - Number(a.slow ?? false)),
    right: new Map(),
    faulty: new Map(),
    repeated: 0,
  };
}

/** All wanted cases of a profile on a device without fault. */
async function tryRight(p: Proving, profile: Profile, round: number, cases: readonly string[]): Promise<FaultFree[]> {
  if (cases.length === 0) return [];
  const name = `fault-free.${profile.name}.${round}`;
  const outcomes = await execute({ name, profile, cases, long: true, simArgs: [] }, p.subject.folder);
  return outcomes.map((outcome) => ({ ...outcome, profile: profile.name }));
}

async function firstRight(p: Proving, profile: Profile, o: ProofOptions): Promise<void> {
  const outcomes = await tryRight(p, profile, 1, [...(p.selected.get(profile) ?? [])]);
  p.right.set(profile, outcomes);
  o.progress(`${p.subject.name}: ${profile.name} without fault: ${outcomes.length} cases`);
}

/**
 * A fault is tried in one profile after the other that selects cases still to be turned: under a policy of one profile a case may only
 * take note. An end other than FAIL or PASS stands.
 */
async function tryFault(
  p: Proving,
  fault: Pick<ProvenFault, 'name' | 'caughtBy'>,
  round: number,
  everything: boolean,
): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>();
  for (const [profile, ids] of p.selected) {
    const open = everything ? [...ids] : fault.caughtBy.filter((id) => ids.has(id) && !decided(outcomes.get(id)));
    if (open.length === 0) continue;
    const errand = { name: `${fault.name}.${profile.name}.${round}`, profile, cases: open };
    const ended = await execute({ ...errand, simArgs: ['--fault', fault.name] }, p.subject.folder);
    for (const outcome of ended) if (!decided(outcomes.get(outcome.id))) outcomes.set(outcome.id, outcome);
  }
  return [...outcomes.values()];
}

function decided(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && outcome.verdict !== 'PASS';
}

async function firstFault(p: Proving, fault: ProvenFault, o: ProofOptions): Promise<void> {
  const began = performance.now();
  const outcomes = await tryFault(p, fault, 1, o.full);
  const seconds = Math.round((performance.now() - began) / 1000);
  p.faulty.set(fault.name, outcomes);
  const caught = outcomes.filter((x) => x.verdict === 'FAIL').length;
  o.progress(
    `${p.subject.name} ${p.faulty.size}/${p.tried.length} ${fault.name}: ${caught} FAIL of ${outcomes.length}, ${seconds} s`,
  );
}

async function again(p: Proving, o: ProofOptions): Promise<void> {
  for (const [profile, first] of p.right) {
    const cases = unclear(first);
    if (cases.length === 0) continue;
    p.repeated += cases.length;
    o.progress(`${p.subject.name}: ${profile.name} without fault, once more: ${cases.join(', ')}`);
    p.right.set(profile, replaced(first, await tryRight(p, profile, 2, cases)));
  }
  for (const { name, caughtBy } of p.tried) {
    const first = p.faulty.get(name) ?? [];
    const cases = unclear(first).filter((id) => caughtBy.includes(id));
    if (cases.length === 0) continue;
    p.repeated += cases.length;
    o.progress(`${p.subject.name} ${name}, once more: ${cases.join(', ')}`);
    p.faulty.set(name, replaced(first, await tryFault(p, { name, caughtBy: cases }, 2, false)));
  }
}
