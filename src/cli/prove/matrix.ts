import type { CaseMeta } from '../../core/case.ts';
import type { Verdict } from '../../core/verdict.ts';

/** What the proof needs to know of a fault of a simulated device. */
export interface ProvenFault {
  readonly name: string;
  /** Statements that a device with this fault contradicts. */
  readonly violates: readonly string[];
  /** Cases that must turn to FAIL on such a device. */
  readonly caughtBy: readonly string[];
  /** Why no case can see it, for a fault that is kept all the same. */
  readonly excused?: string;
  /** Tried before the others. */
  readonly slow?: true;
}

/** How one case ended in one run. */
export interface Outcome {
  readonly id: string;
  readonly verdict: Verdict;
  /** The statement of the deciding reason. */
  readonly statement?: string;
  readonly message?: string;
  /** Where the run lies, if it took place. */
  readonly runDir?: string;
}

export interface ProofInput {
  readonly standard: string;
  readonly cases: readonly CaseMeta[];
  readonly faults: readonly ProvenFault[];
  /** Fault-free outcomes of every profile together. */
  readonly faultFree: readonly (Outcome & { readonly profile: string })[];
  /** Outcomes per fault name. */
  readonly faulty: ReadonlyMap<string, readonly Outcome[]>;
  /** Case executions that told nothing beside others and were run once more, alone. */
  readonly repeated: number;
  readonly seconds: number;
}

/** The answer of `plumbline prove --json`. */
export interface Proof {
  readonly standard: string;
  readonly faultFree: { readonly verdicts: Readonly<Record<string, number>>; readonly notPass: readonly string[] };
  readonly cases: readonly { readonly id: string; readonly caughtBy: readonly string[] }[];
  readonly informative: readonly string[];
  readonly faults: readonly {
    readonly name: string;
    readonly violates: readonly string[];
    readonly caught: readonly string[];
    readonly excused: string | null;
  }[];
  /** What falls short, one sentence each; empty for a proof that holds. */
  readonly shortfalls: readonly string[];
  /** Case executions that told nothing beside others and were run once more, alone; the second end counts. */
  readonly repeated: number;
  /** All standards that were proven beside one another. */
  readonly seconds: number;
}

/** Holds outcomes against what was promised: every case passes without fault and fails with at least one, every fault is caught. */
export function evaluate(input: ProofInput): Proof {
  const informative = input.cases.filter((c) => c.kind === 'informative').map((c) => c.id);
  const judged = input.cases.filter((c) => c.kind !== 'informative').map((c) => c.id);
  const caught = new Map(
    input.faults.map((f) => [
      f.name,
      (input.faulty.get(f.name) ?? []).filter((o) => o.verdict === 'FAIL').map((o) => o.id),
    ]),
  );
  const notPass = input.faultFree.filter((o) => o.verdict !== 'PASS');
  const verdicts: Record<string, number> = {};
  for (const o of input.faultFree) verdicts[o.verdict] = (verdicts[o.verdict] ?? 0) + 1;
  const cases = judged.map((id) => ({
    id,
    caughtBy: [...caught].filter(([, ids]) => ids.includes(id)).map(([name]) => name),
  }));
  return {
    standard: input.standard,
    faultFree: { verdicts, notPass: [...new Set(notPass.map((o) => o.id))] },
    cases,
    informative,
    faults: input.faults.map((f) => ({
      name: f.name,
      violates: f.violates,
      caught: caught.get(f.name) ?? [],
      excused: f.excused ?? null,
    })),
    shortfalls: [
      ...notPass.map(
        (o) => `${o.id} ends ${o.verdict} on the fault-free device (profile ${o.profile}): ${o.message ?? ''}`,
      ),
      ...input.cases
        .filter((c) => !input.faultFree.some((o) => o.id === c.id))
        .map((c) => `${c.id} is selected by no profile, so nothing is proven of it`),
      ...cases.filter((c) => c.caughtBy.length === 0).map((c) => `${c.id} is turned to FAIL by no fault`),
      ...input.faults.flatMap((f) => faultShortfalls(f, input.faulty.get(f.name))),
    ],
    repeated: input.repeated,
    seconds: input.seconds,
  };
}

function faultShortfalls(fault: ProvenFault, outcomes: readonly Outcome[] | undefined): string[] {
  if (fault.excused !== undefined) return [];
  if (outcomes === undefined) return [`fault ${fault.name} was not run`];
  const fails = outcomes.filter((o) => o.verdict === 'FAIL');
  const promised = fault.caughtBy.flatMap((id) => {
    const outcome = outcomes.find((o) => o.id === id);
    if (outcome?.verdict === 'FAIL') return [];
    return [
      `fault ${fault.name} must be caught by ${id}, which ended ${outcome?.verdict ?? 'NOT_RUN'}: ${outcome?.message ?? 'no reason recorded'}`,
    ];
  });
  const stray = fails
    .filter((o) => o.statement !== undefined && !fault.violates.includes(o.statement))
    .map((o) => `fault ${fault.name} does not violate ${o.statement}, yet ${o.id} fails by it: ${o.message ?? ''}`);
  return [...(fails.length === 0 ? [`fault ${fault.name} is caught by no case`] : []), ...promised, ...stray];
}
