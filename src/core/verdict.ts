/** PASS < INCONC < FAIL within a case; ERROR (bench or tester at fault) stands apart and wins over all. */
export const CASE_VERDICTS = ['PASS', 'INCONC', 'FAIL', 'ERROR'] as const;
export type CaseVerdict = (typeof CASE_VERDICTS)[number];

/** Verdicts as they stand in a run record. */
export const VERDICTS = [...CASE_VERDICTS, 'NOT_APPLICABLE', 'NOT_RUN'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Why a verdict is what it is. A FAIL names the contradicted statement, what was expected and what was observed. */
export interface Reason {
  readonly verdict: Exclude<CaseVerdict, 'PASS'>;
  readonly message: string;
  readonly statement?: string;
  readonly expected?: string;
  readonly observed?: string;
  /** Number of the event that the reason rests on. */
  readonly at?: number;
  /** Stable code of the error behind an ERROR. */
  readonly code?: string;
}

/** The worse of two verdicts. */
export function worse(a: CaseVerdict, b: CaseVerdict): CaseVerdict {
  return CASE_VERDICTS.indexOf(a) >= CASE_VERDICTS.indexOf(b) ? a : b;
}

/** The verdict of a case and the first reason of that verdict; reasons of lesser verdicts are kept behind it. */
export function settle(reasons: readonly Reason[]): { verdict: CaseVerdict; reason: Reason | null } {
  const verdict = reasons.reduce<CaseVerdict>((worst, r) => worse(worst, r.verdict), 'PASS');
  return { verdict, reason: reasons.find((r) => r.verdict === verdict) ?? null };
}
