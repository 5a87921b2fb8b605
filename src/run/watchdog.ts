import { TesterError } from '../core/errors.ts';
import type { Timing, TimingTable } from '../core/timing.ts';
import type { Ixit } from '../core/ixit.ts';

/** How often every timer of the standard may pass in one attempt, outside of the verbs of a drive. */
const TIMES = 5;
/** Between two looks at the deadline, real milliseconds; it moves while a drive waits. */
const LOOK_MS = 200;
/** Rows of an hour and more are points in time that a case names ("far ahead"), not waits that it passes; who waits so long does it by a verb. */
const LONGEST_ROW_MS = 3_600_000;

/** The longest that an attempt may take before it counts as hung: from the timing table and the IXIT, real milliseconds; the base is not scaled. */
export function longestAttemptMs(table: TimingTable, ixit: Ixit, timing: Timing, baseMs: number): number {
  const durations = Object.keys(ixit.values).filter(
    (name) => /(S|Ms)$/.test(name) && typeof ixit.values[name] === 'number',
  );
  const rows = Object.keys(table).filter((name) => timing.protocol(name) < LONGEST_ROW_MS);
  const timers = [...rows, ...durations].map((timer) => timing.real(timer));
  return baseMs + TIMES * timers.reduce((sum, ms) => sum + ms, 0);
}

/** A deadline that can be moved. */
export interface Watchdog {
  /** The verbs of a drive have deadlines of their own: their waits are added. */
  granted(ms: number): void;
  /** Resolves with the error when the time is over; never while it is not. */
  readonly expired: Promise<TesterError>;
  stop(): void;
}

/** No attempt may hang: an await that never ends is a defect of the tester, and must not stop a night's run. */
export function watchdog(limitMs: number, what: string): Watchdog {
  const start = performance.now();
  let deadline = start + limitMs;
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<TesterError>((resolve) => {
    timer = setInterval(() => {
      if (performance.now() < deadline) return;
      clearInterval(timer);
      const s = Math.round((performance.now() - start) / 1000);
      resolve(
        new TesterError('case-deadline', `${what} did not end after ${s} s, longer than all its timers together`),
      );
    }, LOOK_MS);
  });
  return {
    expired,
    granted(ms) {
      deadline += ms;
    },
    stop: () => clearInterval(timer),
  };
}
