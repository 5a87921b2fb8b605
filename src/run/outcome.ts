import type { CaseMeta } from '../core/case.ts';
import type { AttemptRecord, CaseRecord, RunRecord, VariantRecord } from '../core/record.ts';
import { type Reason, type Verdict, VERDICTS } from '../core/verdict.ts';
import type { PlannedCase } from './messages.ts';

/** From best to worst over the variants of a case: a FAIL of one is a finding that an ERROR of another does not take away. */
const OVER_VARIANTS: readonly Verdict[] = ['NOT_APPLICABLE', 'PASS', 'INCONC', 'NOT_RUN', 'ERROR', 'FAIL'];

function worseOf(a: Verdict, b: Verdict): Verdict {
  return OVER_VARIANTS.indexOf(a) >= OVER_VARIANTS.indexOf(b) ? a : b;
}

/** What a record says of a case before anything was done. */
export function blankRecord(
  meta: Omit<CaseMeta, 'start'>,
  planned: Pick<PlannedCase, 'spec' | 'items'>,
  policies: Readonly<Record<string, string>>,
): CaseRecord {
  const read = meta.policies ?? [];
  return {
    id: meta.id,
    spec: planned.spec,
    group: meta.id.split('/')[1] ?? '',
    purpose: meta.purpose,
    item: meta.item,
    items: planned.items,
    kind: meta.kind ?? 'verdict',
    verdict: 'NOT_RUN',
    reason: null,
    statements: Object.fromEntries(meta.statements.map((id) => [id, null])),
    notes: [],
    durationMs: 0,
    attempts: [],
    variants: [],
    policies: Object.fromEntries(Object.entries(policies).filter(([name]) => read.includes(name))),
    related: meta.related ?? [],
  };
}

/** The record of a case that was not carried out, with the reason. */
export function withoutRun(blank: CaseRecord, verdict: 'NOT_RUN' | 'NOT_APPLICABLE', message: string): CaseRecord {
  return { ...blank, verdict, reason: { verdict, message } };
}

/** What one case, or one variant, came to. */
export interface Tried {
  readonly variant: string | undefined;
  readonly verdict: Verdict;
  readonly reason: Reason | null;
  readonly attempts: readonly AttemptRecord[];
}

/** The record of a case from its tries: the worst over its variants; statements and notes from the attempt that decided each. */
export function triedRecord(blank: CaseRecord, tried: readonly Tried[]): CaseRecord {
  const verdict = tried.map((t) => t.verdict).reduce(worseOf, 'NOT_APPLICABLE');
  // The last attempt at each variant: it is the one that nothing was tried after.
  const deciding = tried.flatMap((t) => t.attempts.slice(-1));
  const statements: Record<string, Verdict | null> = { ...blank.statements };
  // Variants judge the same statements; the worst counts.
  for (const [id, found] of deciding.flatMap((a) => Object.entries(a.statements)))
    statements[id] = worseOf(statements[id] ?? 'NOT_APPLICABLE', found);
  const attempts = tried.flatMap((t) => t.attempts);
  // Of several variants with the same verdict the first one speaks for the case.
  const reason = tried.find((t) => t.verdict === verdict)?.reason ?? null;
  const variants = tried.flatMap((t): VariantRecord[] =>
    t.variant === undefined
      ? []
      : [{ id: `${blank.id}@${t.variant}`, verdict: t.verdict, reason: t.reason, attempts: t.attempts }],
  );
  return {
    ...blank,
    verdict,
    reason: verdict === 'NOT_RUN' ? { verdict, message: reason?.message ?? 'not reached' } : reason,
    statements,
    notes: deciding.flatMap((a) => a.notes),
    durationMs: attempts.reduce((sum, a) => sum + a.durationMs, 0),
    // With variants each attempt stands under its variant, and must not be counted twice.
    attempts: variants.length === 0 ? attempts : [],
    variants,
  };
}

/** How many cases ended in each verdict, zeros included. */
export function countVerdicts(cases: readonly CaseRecord[]): RunRecord['counts'] {
  const counts = Object.fromEntries(VERDICTS.map((v) => [v, 0])) as Record<Verdict, number>;
  for (const c of cases) counts[c.verdict] += 1;
  return counts;
}
