import type { CaseRecord, RunRecord } from '../core/record.ts';
import type { PlannedCase } from './messages.ts';

/** Told of everything worth showing while a run goes on. Nothing here decides anything. */
export interface Progress {
  started(run: {
    readonly name: string;
    readonly dir: string;
    readonly rig: string;
    readonly cases: readonly PlannedCase[];
  }): void;
  /** The rig is in use by somebody else. */
  waiting(holder: string): void;
  attempt(id: string, variant: string | null, attempt: number): void;
  transfer(what: string, done: number, total: number | null): void;
  done(record: CaseRecord, left: number): void;
  /** Something about the bench or the tester that belongs to no case. */
  trouble(message: string): void;
  finished(record: RunRecord, dir: string): void;
}

/** For programs that only want the record. */
export const NO_PROGRESS: Progress = {
  started: () => undefined,
  waiting: () => undefined,
  attempt: () => undefined,
  transfer: () => undefined,
  done: () => undefined,
  trouble: () => undefined,
  finished: () => undefined,
};
