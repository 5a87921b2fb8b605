import { InputError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import { needsOutOfStep } from '../ics/needs.ts';
import { loadProformas } from '../ics/proforma.ts';
import { type Coverage, coverageOf, loadStatements, type StatementRow } from '../ics/statements.ts';
import { loadStandards } from '../standards.ts';
import { say, sayJson } from './text.ts';

/** `plumbline ics coverage [SPEC]`: exit code 1 where a statement is neither judged nor excused, a case names one that does not exist, or a proforma's lists of cases are stale. */
export async function coverage(spec: string | undefined, json: boolean): Promise<void> {
  const standards = await loadStandards();
  const statements = loadStatements();
  const known = [...new Set([...standards.map((s) => s.spec), ...statements.map((s) => s.spec)])];
  if (spec !== undefined && !known.includes(spec))
    throw new InputError('spec', `no statements and no cases of ${spec}${didYouMean(spec, known)}`);
  const proformas = loadProformas();
  const results = (spec === undefined ? known : [spec]).map((name) => {
    // A bench may serve several proformas: the cases of DFUM judge the statements of MBTM too.
    const judges = (c: { readonly id: string; readonly statements: readonly string[] }): boolean =>
      c.id.startsWith(`${name}/`) || c.statements.some((id) => id.startsWith(`${name}-`));
    const cases = standards.flatMap((s) => s.cases).filter(judges);
    const declared = standards.flatMap((s) => s.declared).filter(judges);
    const proforma = proformas.specs.get(name);
    const outOfStep = proforma === undefined ? [] : needsOutOfStep(proforma, [...cases, ...declared]);
    const everywhere = standards.flatMap((s) => [s.stillAnswers, ...s.invariants]);
    const found = coverageOf(name, statements, cases, declared, everywhere);
    return { ...found, outOfStep, complete: found.complete && outOfStep.length === 0 };
  });
  if (json) sayJson(results);
  else
    for (const result of results) {
      say(printCoverage(result, statements));
      for (const sentence of result.outOfStep) say(`  proforma: ${sentence}`);
    }
  process.exitCode = results.every((r) => r.complete) ? 0 : 1;
}

/** The figures of one standard, then every shortfall with the place and the text of the statement. */
export function printCoverage(c: Coverage, statements: readonly StatementRow[]): string {
  const size = (record: object): number => Object.keys(record).length;
  const about = (id: string): string => {
    const s = statements.find((row) => row.id === id);
    return s === undefined ? id : `${id} (${s.place}): ${s.text}`;
  };
  const head = `${c.spec}: ${c.total} statements, ${size(c.judged)} judged, ${size(c.excused)} excused, ${c.open.length} open`;
  return [
    head,
    ...c.open.map((id) => {
      const later = c.lacking[id];
      return `  open: ${about(id)}${later === undefined ? '' : ` (named by ${later.join(', ')}, not carried out yet)`}`;
    }),
    ...c.contradicted.map((id) => `  excused, yet judged by ${c.judged[id]?.join(', ')}: ${about(id)}`),
    ...c.unknown.map(
      (u) =>
        `  ${u.case} names ${u.statement}, which does not exist${u.nearest === null ? '' : `; the nearest is ${u.nearest}`}`,
    ),
  ].join('\n');
}
