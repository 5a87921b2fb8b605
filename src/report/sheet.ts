import { createHash } from 'node:crypto';
import type { IcsRecord, SettingRecord, Sheet, SheetItem, SheetTable } from '../core/record.ts';
import type { Statement } from '../core/statement.ts';
import { evaluate, NO, parseCondition, YES } from '../ics/condition.ts';
import { answersOf } from '../ics/consistency.ts';
import { compileEngine } from '../ics/engine.ts';
import type { Ics } from '../ics/ics.ts';
import { type Item, type Proforma, proformaOf, type Table } from '../ics/proforma.ts';

/** What a status comes to once the answers are known. */
function demandOf(status: string): SheetItem['demand'] {
  if (status === 'M') return 'mandatory';
  if (status === 'X') return 'excluded';
  return status === 'N/A' ? 'not applicable' : 'optional';
}

/** Id, date and issue in one line. */
function nameOf({ document, date, release }: Proforma): string {
  return [document, date, release].filter((part) => part !== undefined).join(', ');
}

/** A digest over what the proforma asks, so that two runs on different issues of it can be told apart. */
function digestOf(proforma: Proforma): string {
  const rows = proforma.tables.map((t) => [t.number, t.title, t.prerequisite, t.items.map(rowOf)]);
  return createHash('sha256')
    .update(JSON.stringify([nameOf(proforma), rows]))
    .digest('hex');
}

function rowOf(i: Item): readonly (string | undefined)[] {
  return [i.name, i.capability, i.status, i.rule.text, i.prerequisite?.text, i.depends?.text, i.clause];
}

/** The proformas of a declaration, filled in: what each row asks of this product and what was answered. */
export function sheetsOf(ics: Ics): Sheet[] {
  const { proformas, declaration } = ics;
  const engine = compileEngine(proformas);
  const settled = engine.settle(answersOf(engine, declaration, proformas));
  const itemOf = (item: Item): SheetItem => {
    const reached = item.prerequisite === undefined ? YES : evaluate(item.prerequisite.expr, (n) => ics.truth(n)).truth;
    return {
      item: item.name,
      name: item.capability,
      status: item.status,
      condition: item.status.startsWith('C.') ? item.rule.text : null,
      demand: reached === NO ? 'not applicable' : demandOf(engine.status(engine.indexOf(item.name), settled)),
      answer: declaration.answers.get(item.name)?.value ?? null,
      reference: item.clause,
    };
  };
  const tableOf = (spec: string, t: Table): SheetTable => {
    const reached =
      t.prerequisite === undefined
        ? YES
        : evaluate(parseCondition(t.prerequisite, proformas.names(spec)), (n) => ics.truth(n)).truth;
    return {
      id: String(t.number),
      title: t.title,
      prerequisite: t.prerequisite ?? null,
      applicable: reached !== NO,
      items: t.items.map(itemOf),
    };
  };
  return declaration.specs.map((spec) => {
    const proforma = proformaOf(proformas, spec);
    return {
      spec,
      title: proforma.title,
      proforma: nameOf(proforma),
      digest: digestOf(proforma),
      tables: proforma.tables.map((t) => tableOf(spec, t)),
    };
  });
}

/** The IXIT values as declared (a reference stays a reference), the defaults that were used among them. */
function ixitOf(ics: Ics, spec: string): SettingRecord[] {
  const { declaration, proformas } = ics;
  return [...ics.ixitUsed(spec)].map(([name, used]) => {
    const given = declaration.ixit.get(spec)?.get(name)?.value;
    const value = typeof given === 'string' ? given : used.value;
    const text = proformaOf(proformas, spec).ixit.get(name)?.def.text ?? '';
    return { spec, name, value, isDefault: used.line === undefined, text };
  });
}

function policiesOf(ics: Ics, spec: string): SettingRecord[] {
  return [...ics.policiesUsed(spec)].map(([name, { value, line }]) => {
    const text = proformaOf(ics.proformas, spec).policies.get(name)?.def.question ?? '';
    return { spec, name, value, isDefault: line === undefined, text };
  });
}

/** What a run record keeps of a declaration. `anyway`: it is used although it is inconsistent. */
export function icsRecord(ics: Ics, anyway: boolean): IcsRecord {
  const { declaration, consistency, digest } = ics;
  return {
    file: declaration.file,
    digest,
    consistent: consistency.consistent,
    anyway: anyway && !consistency.consistent,
    findings: consistency.findings,
    sheets: sheetsOf(ics),
    ixit: declaration.specs.flatMap((spec) => ixitOf(ics, spec)),
    policies: declaration.specs.flatMap((spec) => policiesOf(ics, spec)),
    waivers: declaration.waivers.map((w) => ({
      case: w.case,
      statement: w.statement,
      owner: w.owner,
      expires: w.expires,
      reason: w.reason,
    })),
  };
}

/** Text and place of every statement of the standards that the cases judge; their invariants may contradict any of them. */
export function statementsRecord(
  statements: readonly Statement[],
  cases: readonly { readonly statements: readonly string[] }[],
): Record<string, Statement> {
  const specOf = (id: string): string => id.split('-')[0] ?? '';
  const specs = new Set(cases.flatMap((c) => c.statements.map(specOf)));
  return Object.fromEntries(
    statements.filter((s) => specs.has(specOf(s.id))).map(({ id, place, text }) => [id, { id, place, text }]),
  );
}
