import type { CaseRecord, RunHead, WaiverRecord } from '../core/record.ts';
import { VERDICTS, type Verdict } from '../core/verdict.ts';

/** A verdict as reports show it: a FAIL that a valid waiver covers stands apart. */
export type Shown = Verdict | 'WAIVED';

/** Order of every list in a report: what needs a reader first. */
export const SHOWN: readonly Shown[] = ['FAIL', 'ERROR', 'INCONC', 'NOT_RUN', 'WAIVED', 'PASS', 'NOT_APPLICABLE'];

/** Words for {@link Shown} in running text and headings. */
export const SHOWN_TEXT: Readonly<Record<Shown, string>> = {
  FAIL: 'FAIL',
  ERROR: 'ERROR',
  INCONC: 'INCONC',
  NOT_RUN: 'NOT RUN',
  WAIVED: 'FAIL, waived',
  PASS: 'PASS',
  NOT_APPLICABLE: 'NOT APPLICABLE',
};

/** Longest time that a waiver may still have to run when it is used. */
export const WAIVER_MAX_DAYS = 180;

const DAY_MS = 86_400_000;

/** What a waiver is worth on the day of the run; the day it expires on still counts. An unreadable date counts as expired. */
export function waiverState(waiver: WaiverRecord, startedAt: string): 'valid' | 'expired' | 'too-long' {
  const days = (Date.parse(waiver.expires) - Date.parse(startedAt.slice(0, 10))) / DAY_MS;
  if (!(days >= 0)) return 'expired';
  return days > WAIVER_MAX_DAYS ? 'too-long' : 'valid';
}

/** Statements that a case contradicts. */
export function failedStatements(c: CaseRecord): string[] {
  return Object.entries(c.statements)
    .filter(([, verdict]) => verdict === 'FAIL')
    .map(([id]) => id);
}

/** True where a waiver is about this case and a statement that it contradicts, valid or not. */
export function covers(waiver: WaiverRecord, c: CaseRecord): boolean {
  return waiver.case === c.id && failedStatements(c).includes(waiver.statement);
}

/** The waivers that turn this FAIL into "FAIL, waived": valid ones, and together for every statement contradicted; else none. */
export function waiversOf(c: CaseRecord, run: RunHead): WaiverRecord[] {
  if (c.verdict !== 'FAIL') return [];
  const failed = failedStatements(c);
  const valid = run.ics.waivers.filter((w) => covers(w, c) && waiverState(w, run.startedAt) === 'valid');
  return failed.every((id) => valid.some((w) => w.statement === id)) ? valid : [];
}

/** How reports show a case: its verdict, or WAIVED for a FAIL that valid waivers cover as a whole. */
export function shownAs(c: CaseRecord, run: RunHead): Shown {
  return waiversOf(c, run).length > 0 ? 'WAIVED' : c.verdict;
}

/** How many cases are shown as what; every kind is there, zeros included. */
export function countShown(cases: readonly CaseRecord[], run: RunHead): Record<Shown, number> {
  const counts = Object.fromEntries([...VERDICTS, 'WAIVED'].map((v) => [v, 0])) as Record<Shown, number>;
  for (const c of cases) counts[shownAs(c, run)] += 1;
  return counts;
}
