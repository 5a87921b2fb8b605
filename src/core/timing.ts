import { TesterError } from './errors.ts';
import type { Ixit } from './ixit.ts';

/** One timer of a standard. Class `protocol`: the standard's own; `link`: retransmission and acknowledgement. */
export interface TimingRow {
  /** Milliseconds of protocol time. */
  readonly ms: number;
  readonly class: 'protocol' | 'link';
  /** Where the standard says so. */
  readonly clause: string;
}

export type TimingTable = Readonly<Record<string, TimingRow>>;

/** Real time per protocol time, by class; both 1 on a rig with a real device. */
export interface TimeFactors {
  readonly protocol: number;
  readonly link: number;
}

/** How long to wait: a row of the timing table or an IXIT whose name ends in `S` or `Ms`; never a number in a suite. */
export interface Limit {
  readonly timer: string;
  readonly times?: number;
  /** `no-progress`: every octet received starts the wait anew. */
  readonly of?: 'wait' | 'no-progress';
}

/** The shortest scaled timer that the operating system and the event loop can still be trusted with. */
export const SHORTEST_SCALED_MS = 50;

export interface Timing {
  readonly factors: TimeFactors;
  /** Real milliseconds to wait. */
  real(limit: Limit | string): number;
  /** Milliseconds of protocol time. */
  protocol(limit: Limit | string): number;
}

/** Reads `maxDownloadS` and `scheduleToleranceMs` as durations of protocol time. */
function ixitMs(ixit: Ixit, name: string): number | undefined {
  const value = ixit.values[name];
  if (typeof value !== 'number') return undefined;
  if (name.endsWith('Ms')) return value;
  return name.endsWith('S') ? value * 1000 : undefined;
}

export function timingOf(table: TimingTable, ixit: Ixit, factors: TimeFactors): Timing {
  const find = (timer: string): { ms: number; factor: number } => {
    const row = table[timer];
    if (row !== undefined) return { ms: row.ms, factor: factors[row.class] };
    const ms = ixitMs(ixit, timer);
    if (ms === undefined)
      throw new TesterError('timer', `no timer ${timer}: neither a row of the timing table nor an IXIT in seconds`);
    return { ms, factor: factors.protocol };
  };
  const norm = (limit: Limit | string): Limit => (typeof limit === 'string' ? { timer: limit } : limit);
  return {
    factors,
    real: (limit) => {
      const { timer, times = 1 } = norm(limit);
      const { ms, factor } = find(timer);
      return ms * times * factor;
    },
    protocol: (limit) => {
      const { timer, times = 1 } = norm(limit);
      return find(timer).ms * times;
    },
  };
}

/** The rows that these factors scale below {@link SHORTEST_SCALED_MS}; a rig that has any is refused. */
export function scaledTooShort(table: TimingTable, factors: TimeFactors): string[] {
  return Object.entries(table)
    .filter(([, row]) => factors[row.class] !== 1 && row.ms * factors[row.class] < SHORTEST_SCALED_MS)
    .map(([name, row]) => `${name}: ${row.ms} ms × ${factors[row.class]} = ${row.ms * factors[row.class]} ms`);
}
