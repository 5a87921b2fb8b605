import { expect } from 'chai';
import type { Judge } from '../core/case.ts';
import type { Log } from '../core/log.ts';
import type { Invariant } from '../core/standard.ts';
import { isResult, printResult, RES } from './codec/swmgmt.ts';
import { executing, snapshots, type SeenSnapshot } from './kinds.ts';
import { illegal } from './machine.ts';
import type { Lwm2mPolicies } from './policies.ts';

type Rule = (s: SeenSnapshot, j: Judge<Lwm2mPolicies>) => string[];

/** The last command that may move the state was Uninstall. */
function uninstalling({ instance, n }: SeenSnapshot, log: Log): boolean {
  const commands = log.before({ n }).all(executing);
  const moves = commands.filter(({ path: [object, at, resource] }) => {
    const moving = resource === RES.install || resource === RES.uninstall;
    return object === 9 && at === instance && moving;
  });
  return moves.at(-1)?.path[2] === RES.uninstall;
}

/** Claims about every moment at which one message of the device shows state, result and activation together. */
const RULES = {
  'SWMGMT-R.legal': (s, { policy, log }) => {
    const readings = {
      deviceErrorOnly0: policy.deviceErrorState === 'only0',
      activeInInitial: policy.activationAfterUninstall === 'information',
    };
    const wrong = illegal(s, { ...readings, uninstalling: false });
    // Only what is wrong otherwise needs the log.
    if (wrong === undefined || illegal(s, { ...readings, uninstalling: uninstalling(s, log) }) === undefined) return [];
    return [wrong];
  },
  'SWMGMT-R.reserved': ({ result }) => (isResult(result) ? [] : [`Update Result ${printResult(result)}`]),
} satisfies Readonly<Record<string, Rule>>;

/** Statements that hold over every trace. */
export type TraceRule = keyof typeof RULES;

/** Judges one rule over a log; the first snapshot that breaks it is enough. */
export function judgeRule(rule: TraceRule, j: Judge<Lwm2mPolicies>): void {
  const all = j.log.all(snapshots);
  if (all.length === 0) return;
  const find: Rule = RULES[rule];
  const wrong = all.find((s) => find(s, j).length > 0);
  const problems = wrong === undefined ? [] : find(wrong, j);
  j.check(
    rule,
    () => expect(problems, `${wrong?.source ?? ''} of /9/${wrong?.instance ?? 0}`).to.deep.equal([]),
    // The report points at the message that shows it.
    wrong,
  );
}

/** Rules that hold over every trace. */
export const INVARIANTS: readonly Invariant<Lwm2mPolicies>[] = (Object.keys(RULES) as TraceRule[]).map((statement) => ({
  statement,
  judge: (j) => judgeRule(statement, j),
}));
