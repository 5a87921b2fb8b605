import { expect } from 'chai';
import type { Judge } from '../core/case.ts';
import type { Invariant } from '../core/standard.ts';
import { isAction, isState, RESULTS } from './codec/swu.ts';
import { representations, type SeenRepresentation } from './kinds.ts';
import type { OcfPolicies } from './policies.ts';
import { DRAFT_VALUES, problemsOf } from './schema.ts';
import { printValue } from './value.ts';

/** True for a result that table 5 names. */
export function isKnownResult(result: unknown): boolean {
  if (typeof result !== 'number' || !Number.isInteger(result)) return false;
  return Object.values<number>(RESULTS).includes(result) || (result >= 400 && result <= 600);
}

/** True for a value of an enumeration, or for the draft's spelling of one where the policy lets it pass. */
function isDraft(policy: OcfPolicies, property: string, value: unknown): boolean {
  return policy.spelling === 'information' && DRAFT_VALUES[property]?.includes(String(value)) === true;
}

type Rule = (r: SeenRepresentation, policy: OcfPolicies) => string[];

/** Claims about every representation that the device sends, as what is wrong with one. */
const RULES: Readonly<Record<string, Rule>> = {
  'OCFSWU-T3.values': ({ state }, policy) =>
    state === undefined || isState(state) || isDraft(policy, 'swupdatestate', state)
      ? []
      : [`state ${printValue(state)}`],
  'OCFSWU-T4.values': ({ action }, policy) =>
    action === undefined || isAction(action) || isDraft(policy, 'swupdateaction', action)
      ? []
      : [`action ${printValue(action)}`],
  'OCFSWU-T5.range': ({ result }, policy) =>
    result === undefined || isKnownResult(result) || policy.resultRange === 'information'
      ? []
      : [`result ${printValue(result)}`],
  'OCFSWU-T2.types': ({ properties }, policy) =>
    problemsOf(properties).filter(
      (p) =>
        !Object.entries(DRAFT_VALUES).some(([name, values]) =>
          values.some((v) => p.startsWith(`${name} is "${v}"`) && isDraft(policy, name, v)),
        ),
    ),
};

const SHOWN_BY: Readonly<Record<SeenRepresentation['source'], string>> = {
  RETRIEVE: 'wrong in the answer to a RETRIEVE',
  UPDATE: 'wrong in the answer to an UPDATE',
  notification: 'wrong in a notification',
};

/** Judges one rule over a log; the first representation that breaks it is enough. */
export function judgeRule(statement: keyof typeof RULES, j: Judge<OcfPolicies>): void {
  const rule = RULES[statement];
  const all = j.log.all(representations);
  if (all.length === 0 || rule === undefined) return;
  const wrong = all.find((r) => rule(r, j.policy).length > 0);
  const broken = wrong === undefined ? [] : rule(wrong, j.policy);
  j.check(statement, () => expect(broken, SHOWN_BY[wrong?.source ?? 'RETRIEVE']).to.deep.equal([]), wrong);
}

/** Rules that hold over every trace. */
export const INVARIANTS: readonly Invariant<OcfPolicies>[] = Object.keys(RULES).map((statement) => ({
  statement,
  judge: (j) => judgeRule(statement, j),
}));
