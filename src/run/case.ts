import type { CaseMeta } from '../core/case.ts';
import type { CaseRecord } from '../core/record.ts';
import { attempt, type AttemptContext, type AttemptOutcome } from './attempt.ts';
import type { FromChild, PlannedCase } from './messages.ts';
import { blankRecord, triedRecord, type Tried } from './outcome.ts';
import { BenchError } from '../core/errors.ts';
import { trials } from './trials.ts';

/** A case that is over, and whether the process that ran it may go on. */
export interface CaseOutcome {
  readonly record: CaseRecord;
  /** Something of it still runs and cannot be ended: the process must be replaced. */
  readonly stuck: boolean;
  /** The run was told to settle in the middle of it. */
  readonly stopped: boolean;
}

/** `private/OCFSWU_UPD_05/1` or `private/OCFSWU_UPD_05/@coaps/1`. */
function folderOf(id: string, variant: string | undefined, number: number): string {
  // Case ids hold slashes, which are folders to a file system.
  const safe = (name: string): string => name.replace(/[^\w.-]/g, '_');
  return [safe(id), ...(variant === undefined ? [] : [`@${safe(variant)}`]), String(number)].join('/');
}

/** Runs one planned case with all its variants and attempts. */
export async function runCase(
  context: AttemptContext,
  meta: CaseMeta,
  planned: PlannedCase,
  tell: (message: FromChild) => void,
): Promise<CaseOutcome> {
  const { session, registered } = context;
  const blank = blankRecord(meta, planned, context.setting.policies);
  const tried: Tried[] = [];
  const variants = planned.variants.length === 0 ? [undefined] : planned.variants;
  tell({ type: 'case', id: meta.id });
  for (const variant of variants) {
    const found = await trials({
      attempt(number) {
        tell({ type: 'attempt', id: meta.id, variant: variant ?? null, attempt: number });
        return attempt(context, { meta, variant, folder: folderOf(meta.id, variant, number) });
      },
      recover: () => session.recover(registered),
      canRecover: session.canRecover,
      broken: (outcome) => session.broken(faultIn(outcome, meta.id)),
      stillAnswers: registered.stillAnswers,
    });
    tried.push({ variant, ...found });
    if (found.stuck || found.stopped) return { record: triedRecord(blank, tried), ...found };
  }
  return { record: triedRecord(blank, tried), stuck: false, stopped: false };
}

/** What later cases will say of the rig. */
function faultIn(outcome: AttemptOutcome, id: string): BenchError {
  const fault = outcome.silent?.fault ?? outcome.unready;
  const message = `the rig is broken since ${id}: ${fault?.message ?? 'unknown fault'}`;
  return new BenchError(fault?.code ?? 'rig-broken', message, {
    ...(fault === undefined ? {} : { place: fault.place }),
    cause: fault,
  });
}
