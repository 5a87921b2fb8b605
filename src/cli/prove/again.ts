import type { Verdict } from '../../core/verdict.ts';
import type { Outcome } from './matrix.ts';

/** Ends that tell nothing of the device. FAIL and PASS stand: each would be a defect of the judge where it is wrong. */
const UNCLEAR: ReadonlySet<Verdict> = new Set<Verdict>(['INCONC', 'ERROR', 'NOT_RUN']);

/**
 * The cases to run once more, alone. A proof keeps the computer busy with many runs at a time, and a case whose timing a busy bench
 * cannot judge ends INCONC; one that ends so on a quiet bench too falls short.
 */
export function unclear(outcomes: readonly Outcome[]): string[] {
  return outcomes.filter((o) => UNCLEAR.has(o.verdict)).map((o) => o.id);
}

/** The outcomes with those of the second round in place of the first. */
export function replaced<T extends Outcome>(first: readonly T[], second: readonly T[]): T[] {
  return first.map((o) => second.find((s) => s.id === o.id) ?? o);
}
