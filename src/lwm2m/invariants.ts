import { expect } from 'chai';
import type { Judge } from '../core/case.ts';
import type { Invariant } from '../core/standard.ts';
import { isResult, printResult } from './codec/swmgmt.ts';
import { snapshots, type SeenSnapshot } from './kinds.ts';
import { illegal } from './machine.ts';
import type { Lwm2mPolicies } from './policies.ts';

type Rule = (s: SeenSnapshot, policy: Lwm2mPolicies) => string[];

/** Claims about every moment at which one message of the device shows state, result and activation together. */
const RULES = {
  'SWMGMT-R.legal': (s, policy) => illegal(s, policy.deviceErrorState === 'only0') ?? [],
  'SWMGMT-R.reserved': ({ result }) => (isResult(result) ? [] : [`Update Result ${printResult(result)}`]),
} satisfies Readonly<Record<string, (s: SeenSnapshot, policy: Lwm2mPolicies) => string | string[]>>;

/** Statements that hold over every trace. */
export type TraceRule = keyof typeof RULES;

const problems =
  (rule: TraceRule): Rule =>
  (s, policy) =>
    [RULES[rule](s, policy)].flat();

/** Judges one rule over a log; the first snapshot that breaks it is enough. */
export function judgeRule(rule: TraceRule, j: Judge<Lwm2mPolicies>): void {
  const all = j.log.all(snapshots);
  if (all.length === 0) return;
  const find = problems(rule);
  const wrong = all.find((s) => find(s, j.policy).length > 0);
  // Read again alone, so that the report points at the message that shows it.
  if (wrong !== undefined)
    j.log
      .after({ n: wrong.n - 1 })
      .before({ n: wrong.n + 1 })
      .all(snapshots);
  j.check(rule, () =>
    expect(
      wrong === undefined ? [] : find(wrong, j.policy),
      `${wrong?.source ?? ''} of /9/${wrong?.instance ?? 0}`,
    ).to.deep.equal([]),
  );
}

/** Rules that hold over every trace. */
export const INVARIANTS: readonly Invariant<Lwm2mPolicies>[] = (Object.keys(RULES) as TraceRule[]).map((statement) => ({
  statement,
  judge: (j) => judgeRule(statement, j),
}));
