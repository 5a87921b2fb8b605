import { TesterError } from './errors.ts';
import type { Json } from './events.ts';
import type { Ixit } from './ixit.ts';
import type { Kind, Log, Seen } from './log.ts';
import type { Limit } from './timing.ts';

/** What a rig must offer beyond the link. */
export type Need = 'power' | 'reset' | 'console';

/** What selection, `why`, `prove`, coverage and reports read of a case: data only. */
export interface CaseMeta {
  /** `SPEC/GROUP/NN`; never changes once released. */
  readonly id: string;
  readonly purpose: string;
  /** The one item under which the report shows the case. */
  readonly item: string;
  /** Condition over items that makes the case applicable. */
  readonly when: string;
  /** Ids of the statements that the case may judge. */
  readonly statements: readonly string[];
  readonly needs?: readonly Need[];
  readonly ixit?: readonly string[];
  readonly policies?: readonly string[];
  /** `informative` records something and ends PASS or INCONC with a note; it needs no fault. */
  readonly kind?: 'verdict' | 'informative';
  /** Run only when asked. */
  readonly long?: true;
  /** Part of `npm run demo`. */
  readonly demo?: true;
  /** Each is recorded as `ID@variant` with its own condition; the case has the worst verdict. */
  readonly variants?: Readonly<Record<string, { readonly when: string }>>;
  /** Publicly attested ids of other test systems, shown as "related", never claimed. */
  readonly related?: readonly string[];
  /** Rung of the standard's ladder; arrange and settle go there, cases do not. */
  readonly start: string;
}

/** A case: `drive` talks and cannot judge, `judge` sees only the log re-read from disk and cannot talk. */
export interface CaseDef<T, P> extends CaseMeta {
  drive(t: T & Drive, variant?: string): Promise<void>;
  judge(j: Judge<P>): void;
}

/** A purpose of the standard that this tester cannot carry out yet; listed and planned out with the reason, never run. */
export interface DeclaredCase extends Omit<CaseMeta, 'start'> {
  /** What the tester lacks, as a sentence. */
  readonly lacks: string;
}

/** The verbs that every tester has while a case drives. Everything here writes an event; nothing here decides. */
export interface Drive {
  readonly ixit: Ixit;
  mark(name: string, data?: { readonly [key: string]: Json }): void;
  /**
   * Waits for the next thing of this kind since the latest mark (one that came already counts, each counts once).
   * When the limit passes, `silence` is recorded and the drive ends; judge still runs.
   */
  until<V extends object>(kind: Kind<V>, limit: Limit): Promise<Seen<V>>;
  /** As `until`, but a passed limit is only recorded and yields undefined. */
  perhaps<V extends object>(kind: Kind<V>, limit: Limit): Promise<Seen<V> | undefined>;
  /** The window in which this kind must not come; ends early when it does. Recorded, judged later. */
  quiet<V extends object>(kind: Kind<V>, limit: Limit): Promise<void>;
  /** Lets a timer of the standard pass. */
  pause(limit: Limit, why: string): Promise<void>;
  /** Ends the drive without fault: what the case needs is not there (the reason is recorded, the judge runs). */
  stop(reason: string): never;
}

/**
 * Thrown by the verbs to end the drive where nothing is at fault on the bench; the judge runs. A tester's own verb throws it when the device owes it
 * an answer that does not come, after it has recorded what it waited for.
 */
export class DriveEnd extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'DriveEnd';
  }
}

/** How long the absence of something must have been watched, and after what. */
export interface Watch {
  /** What should have provoked (or must not provoke) it, as seen delivered: an acknowledged request, not a sent one. */
  readonly stimulus: Kind<object>;
  readonly within?: Limit;
  /** Lost chances needed for a FAIL where the link acknowledges nothing. Default 1. */
  readonly tries?: number;
  /** What came in its place, for a report to mark; unless told, the last stimulus is marked. */
  readonly instead?: { readonly n: number } | undefined;
}

/** What judge() is given: the log, the declaration, the policies, and the few ways to say something about them. */
export interface Judge<P> {
  readonly log: Log;
  readonly ixit: Ixit;
  readonly policy: P;
  readonly variant: string | undefined;
  declared(item: string): boolean;
  /** Protocol milliseconds of a timer. */
  ms(limit: Limit | string): number;
  /**
   * Something received contradicts or agrees: chai throws = FAIL(statement, expected, observed); another throw = ERROR. The report marks the event that
   * `shows` it; unless told, the one that was read from the log last.
   */
  check(statement: string, claim: () => void, shows?: { readonly n: number }): void;
  /**
   * Something had to come after the stimulus. FAIL only with the stimulus delivered `tries` times, the window watched to its end and the
   * device alive before and after; else INCONC. Returns what came.
   */
  came<V extends object>(statement: string, kind: Kind<V>, watch: Watch, log?: Log): Seen<V> | undefined;
  /** Something must not come after the stimulus. PASS only if the stimulus is shown delivered and the device alive, else INCONC. */
  never<V extends object>(statement: string, kind: Kind<V>, watch: Watch, log?: Log): void;
  /**
   * A time between two events, in protocol milliseconds, lies within the bounds give or take the tolerance. INCONC where the tolerance (real time) is
   * under three times the largest event-loop delay of the case.
   */
  onTime(statement: string, what: string, o: TimeClaim): void;
  /** The evidence does not allow a verdict on this statement. */
  inconclusive(statement: string, reason: string): void;
  /** An observation for the report that moves no verdict. */
  note(text: string): void;
}

/** Bounds in milliseconds of protocol time. */
export interface TimeClaim {
  readonly from: { readonly n: number; readonly ms: number };
  readonly to: { readonly n: number; readonly ms: number };
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly tolerance: number;
}

export interface Suite<T, P> {
  readonly group: string;
  readonly cases: readonly CaseDef<T, P>[];
  readonly declared: readonly DeclaredCase[];
}

const ID = /^[A-Z0-9]+\/[A-Z0-9-]+\/[0-9A-Z]+$/;

function checkMeta(meta: Pick<CaseMeta, 'id' | 'statements' | 'purpose'>, group: string): void {
  if (!ID.test(meta.id) || meta.id.split('/')[1] !== group)
    throw new TesterError('case-id', `case id ${meta.id}: expected SPEC/${group}/NN`);
  if (meta.statements.length === 0) throw new TesterError('case', `${meta.id} names no statement`);
  if (meta.purpose.trim() === '') throw new TesterError('case', `${meta.id} has no purpose`);
}

/** The cases of one group of one standard; pure data, no side effect. */
export function suite<T, P>(
  group: string,
  cases: readonly CaseDef<T, P>[],
  declared: readonly DeclaredCase[] = [],
): Suite<T, P> {
  for (const meta of [...cases, ...declared]) checkMeta(meta, group);
  return { group, cases, declared };
}
