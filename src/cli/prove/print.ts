import type { Proof } from './matrix.ts';

const list = (names: readonly string[]): string => (names.length === 0 ? '-' : names.join(', '));

/** The readable matrix: cases with the faults that turn them, faults with the cases that catch them, then what falls short. */
export function printProof(proof: Proof): string {
  const wide = (rows: readonly string[]): number => Math.max(0, ...rows.map((r) => r.length));
  const caseWidth = wide(proof.cases.map((c) => c.id));
  const faultWidth = wide(proof.faults.map((f) => f.name));
  const verdicts = Object.entries(proof.faultFree.verdicts).map(([v, n]) => `${n} ${v}`);
  return [
    `${proof.standard}: ${proof.cases.length} cases and ${proof.informative.length} informative, ${proof.faults.length} faults`,
    `fault-free: ${verdicts.join(', ')}`,
    '',
    'case, and the faults that turn it to FAIL',
    ...proof.cases.map((c) => `  ${c.id.padEnd(caseWidth)}  ${list(c.caughtBy)}`),
    '',
    'fault, and the cases that catch it',
    ...proof.faults.map(
      (f) => `  ${f.name.padEnd(faultWidth)}  ${f.excused === null ? list(f.caught) : `not observable: ${f.excused}`}`,
    ),
    '',
    ...(proof.shortfalls.length === 0
      ? ['nothing falls short']
      : [`${proof.shortfalls.length} shortfalls`, ...proof.shortfalls.map((s) => `  ${s}`)]),
    ...(proof.repeated === 0
      ? []
      : [`${proof.repeated} case executions told nothing beside others and were run once more, alone`]),
    `${proof.seconds.toFixed(1)} s`,
  ].join('\n');
}
