import type { AttemptRecord } from '../core/record.ts';
import type { Reason, Verdict } from '../core/verdict.ts';
import type { AttemptOutcome, Silent } from './attempt.ts';

/** INCONC and ERROR are tried again so often at most; the rerun after a device fell silent comes on top, once. */
const RETRIES = 2;

/** What the tries at one case, or one variant of it, came to. */
export interface TrialsOutcome {
  readonly verdict: Verdict;
  readonly reason: Reason | null;
  readonly attempts: readonly AttemptRecord[];
  /** The process that made them cannot be trusted any more. */
  readonly stuck: boolean;
  readonly stopped: boolean;
}

/** What trying a case again takes; handed in, so that the rules can be tested without a rig. */
export interface TrialsContext {
  attempt(number: number): Promise<AttemptOutcome>;
  /** Power cycle or reset; true when the device answers again. */
  recover(): Promise<boolean>;
  readonly canRecover: boolean;
  /** The rig counts as broken from here. */
  broken(outcome: AttemptOutcome): void;
  /** The statement that a device contradicts when it falls silent. */
  readonly stillAnswers: string;
}

/**
 * Tries a case until it has a verdict that stands. A FAIL is never tried again. A device that fell silent is brought back by power or reset and tried once
 * more; if it falls silent again, it is the device and not the bench: FAIL of "still answers".
 */
export async function trials(context: TrialsContext): Promise<TrialsOutcome> {
  const attempts: AttemptRecord[] = [];
  /** What kept the case from beginning; later attempts only repeat that the rig is broken. */
  let unready: Reason | null = null;
  const end = (record: AttemptRecord, more: { stuck?: boolean; stopped?: boolean } = {}): TrialsOutcome => ({
    verdict: record.verdict,
    reason: unready ?? record.reason,
    attempts,
    stuck: more.stuck ?? false,
    stopped: more.stopped ?? false,
  });
  let retries = 0;
  let fellSilent = false;
  for (;;) {
    const outcome = await context.attempt(attempts.length + 1);
    const { silent } = outcome;
    if (silent !== undefined && fellSilent) {
      const record = failed(outcome.record, context.stillAnswers, silent);
      attempts.push(record);
      context.broken(outcome);
      return end(record);
    }
    attempts.push(outcome.record);
    if (outcome.stuck === true || outcome.stopped === true) return end(outcome.record, outcome);
    if (silent !== undefined) {
      context.broken(outcome);
      fellSilent = context.canRecover && (await context.recover());
      if (!fellSilent) return end(outcome.record);
      continue;
    }
    if (outcome.unready !== undefined) context.broken(outcome);
    unready = outcome.unready === undefined ? null : (unready ?? outcome.record.reason);
    if (outcome.record.verdict !== 'INCONC' && outcome.record.verdict !== 'ERROR') return end(outcome.record);
    if (retries === RETRIES) return end(outcome.record);
    retries += 1;
  }
}

/** The second silence in a row, with power in between: what else the judge said rests on a log that ends too early. */
function failed(record: AttemptRecord, statement: string, { afterMs, at }: Silent): AttemptRecord {
  const reason: Reason = {
    verdict: 'FAIL',
    statement,
    message:
      'the device fell silent during the case, answered again after it was restarted, and fell silent again in a second attempt',
    expected: 'an answer to the exchange that every conforming device answers',
    observed: `no answer ${afterMs} ms after the last octet from the device`,
    ...(at === undefined ? {} : { at }),
  };
  return { ...record, verdict: 'FAIL', reason, reasons: [reason], statements: { [statement]: 'FAIL' } };
}
