import type { CaseMeta, DeclaredCase, Drive } from './case.ts';
import { TesterError } from './errors.ts';
import type { Ev } from './events.ts';
import { type Judgement, type JudgeInput, judgeAttempt } from './judge.ts';
import type { Log } from './log.ts';
import type { Bench, Registration } from './standard.ts';
import type { TimingTable } from './timing.ts';

/** A standard that is open on a rig, its tester's type out of sight. */
export interface OpenStandard {
  alive(): Promise<void>;
  /** Goes to a rung of the ladder. */
  arrange(rung: string): Promise<void>;
  drive(id: string, drive: Drive, variant: string | undefined): Promise<void>;
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** A standard with its suites, types of tester and policies erased, so that run, plan and report can hold a list of them. */
export interface Registered {
  readonly spec: string;
  readonly title: string;
  readonly timing: TimingTable;
  readonly stillAnswers: string;
  readonly invariants: readonly string[];
  readonly cases: readonly CaseMeta[];
  readonly declared: readonly DeclaredCase[];
  open(bench: Bench): Promise<OpenStandard>;
  judge(id: string, input: JudgeInput): Judgement;
  print(event: Ev, log: Log): string | undefined;
}

/** Checks a standard with its suites (ids unique, rungs known) and erases its types. */
export function register<T extends object, P>({ standard, suites }: Registration<T, P>): Registered {
  const cases = suites.flatMap((s) => s.cases);
  const declared = suites.flatMap((s) => s.declared);
  const byId = new Map(cases.map((c) => [c.id, c]));
  for (const id of [...cases, ...declared].map((c) => c.id).filter((id, i, all) => all.indexOf(id) !== i))
    throw new TesterError('case-id', `case id ${id} is used twice`);
  for (const c of cases) {
    if (standard.ladder[c.start] === undefined)
      throw new TesterError('rung', `${c.id} starts at ${c.start}, which is no rung of ${standard.spec}`);
  }
  const find = (id: string) => {
    const found = byId.get(id);
    if (found === undefined) throw new TesterError('case-id', `no case ${id} in ${standard.spec}`);
    return found;
  };
  return {
    spec: standard.spec,
    title: standard.title,
    timing: standard.timing,
    stillAnswers: standard.stillAnswers,
    invariants: standard.invariants.map((i) => i.statement),
    cases,
    declared,
    print: (event, log) => standard.print(event, log),
    judge(id, input) {
      const found = find(id);
      return judgeAttempt(found, input, input.policies as P, (j) => found.judge(j), standard.invariants);
    },
    async open(bench) {
      const tester = await standard.open(bench);
      return {
        alive: () => standard.alive(tester),
        arrange: async (rung) => standard.ladder[rung]?.(tester),
        drive: (id, drive, variant) => find(id).drive({ ...tester, ...drive }, variant),
        settle: () => standard.settle(tester),
        close: () => standard.close(tester),
      };
    },
  };
}
