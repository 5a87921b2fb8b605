import type { RunRecord } from '../core/record.ts';
import { countShown, waiverState } from '../report/status.ts';

/**
 * What a run comes to for a program: 0 all good; 1 a FAIL that no valid waiver covers, an inconsistent ICS or an expired waiver; 3 no such thing, but INCONC,
 * ERROR or NOT_RUN, a defect of the tester, or a record that was not settled.
 */
export function exitCodeOf(record: RunRecord): 0 | 1 | 3 {
  const shown = countShown(record.cases, record);
  const waivers = record.ics.waivers.map((w) => waiverState(w, record.startedAt));
  if (shown.FAIL > 0 || !record.ics.consistent || waivers.includes('expired')) return 1;
  const unsettled = record.state !== 'complete' || (record.errors?.length ?? 0) > 0;
  return unsettled || shown.INCONC + shown.ERROR + shown.NOT_RUN > 0 ? 3 : 0;
}
