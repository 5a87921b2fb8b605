import type { CaseRecord, FindingRecord, IcsRecord, RunRecord, Sheet, SheetItem, SheetTable } from '../core/record.ts';
import { clauseText } from '../ics/clause.ts';
import { itemAnchor } from './anchor.ts';
import { type Column, type Html, html, type Part, type Row, tableHtml } from './html.ts';
import { natural } from './order.ts';
import { SHOWN, SHOWN_TEXT, shownAs } from './status.ts';
import { caseLink, grouped, isOpen, listed } from './verdict-html.ts';

const ITEM: Column = { title: 'Item', className: 'item' };
const CAPABILITY: Column = { title: 'Capability' };
const REFERENCE: Column = { title: 'Clause', className: 'clause' };
const STATUS: Column = { title: 'Status', className: 'status' };
const ANSWER: Column = { title: 'Support', className: 'answer' };
const VERDICTS: Column = { title: 'Verdicts', className: 'verdicts' };

/** `M`, or `C.1` with what it comes to for this product; the condition stands under the table. */
function statusCell(i: SheetItem): Part {
  const plain = i.status === 'M' || i.status.startsWith('O');
  const told = plain ? (i.demand === 'not applicable' ? i.demand : null) : i.demand;
  return told === null ? i.status : [i.status, html` <span class="muted small">${told}</span>`];
}

function answerCell(i: SheetItem): Part {
  if (i.answer !== null) return i.answer ? html`<b>Yes</b>` : 'No';
  return html`<span class="muted">${i.demand === 'not applicable' ? 'N/A' : 'none'}</span>`;
}

/** What the numbered statuses of a table mean, as proformas print it below their tables. */
function legend(t: SheetTable): Html | null {
  const lines = new Map<string, string>();
  for (const { status, condition } of t.items) {
    if (condition !== null) lines.set(status, condition);
    else if (status.startsWith('O.')) lines.set(status, 'at least one item of this group is supported');
  }
  if (lines.size === 0) return null;
  const parts = [...lines].sort(([a], [b]) => natural(a, b)).map(([status, text]) => html`<b>${status}</b> ${text}.`);
  return html`<p class="legend muted small">${parts.map((part, i) => (i === 0 ? part : [' ', part]))}</p>`;
}

/** The cases that stand at this item, and in short those that only read it. */
function verdictsCell(i: SheetItem, run: RunRecord, spec: string): Part {
  const own = run.cases.filter((c) => c.item === i.item);
  const readers = run.cases.filter((c) => c.item !== i.item && c.items.includes(i.item));
  const others = readers.filter((c) => c.verdict !== 'NOT_APPLICABLE');
  const counts = SHOWN.map((shown) => ({ shown, of: others.filter((c) => shownAs(c, run) === shown) })).filter(
    ({ of }) => of.length > 0,
  );
  const further = counts.map(({ shown, of }) => {
    const named = of.filter(isOpen).map((c) => caseLink(c, spec));
    return named.length === 0 ? `${of.length} ${SHOWN_TEXT[shown]}` : html`${SHOWN_TEXT[shown]} ${listed(named)}`;
  });
  const none = own.length === 0 && readers.length === 0 && i.answer === true;
  return [
    none ? html`<span class="muted small">no case</span>` : grouped(own, run, spec),
    further.length === 0 ? null : html`<div class="muted small">also read by: ${listed(further)}</div>`,
  ];
}

function findingHtml(f: FindingRecord): Html {
  const fix = f.fix === '' ? null : html` <b>Smallest change:</b> ${f.fix}.`;
  const rule = [f.condition === '' ? f.rule : f.condition, clauseText(f.clause)]
    .filter((part) => part !== '')
    .join('; ');
  return html`<p class="finding">${f.message}. <span class="muted">(${rule})</span>${fix}</p>`;
}

function rowOf(i: SheetItem, sheet: Sheet, ics: IcsRecord, run: RunRecord | null): Row {
  const findings = ics.findings.filter((f) => f.item === i.item);
  const verdicts = run === null ? null : verdictsCell(i, run, sheet.spec);
  const empty =
    i.answer !== true && run !== null && run.cases.every((c) => c.item !== i.item && !c.items.includes(i.item));
  return {
    id: itemAnchor(i.item),
    ...(i.answer === true ? {} : { className: 'no' }),
    cells: [
      { content: i.item, className: 'item' },
      { content: i.name },
      { content: i.reference, className: 'clause' },
      { content: statusCell(i), className: 'status' },
      { content: answerCell(i), className: 'answer' },
      ...(run === null ? [] : [{ content: verdicts, className: 'verdicts', empty }]),
    ],
    ...(findings.length === 0 ? {} : { below: findings.map(findingHtml) }),
  };
}

/** `Table 11 · Update Server: transfer modes` with its rows; one line where it does not apply or is not used. */
function tableOf(t: SheetTable, sheet: Sheet, ics: IcsRecord, run: RunRecord | null): Html {
  const name = `Table ${t.id} · ${t.title}`;
  const used = t.items.some((i) => i.answer === true || ics.findings.some((f) => f.item === i.item));
  if (t.items.length === 0) return html`<p class="off muted">Table ${t.id}: ${t.title}.</p>`;
  if (!t.applicable && !used)
    return html`<p class="off muted">${name} does not apply: its prerequisite ${t.prerequisite ?? ''} is not supported.</p>`;
  const columns = [ITEM, CAPABILITY, REFERENCE, STATUS, ANSWER, ...(run === null ? [] : [VERDICTS])];
  const needs = t.prerequisite === null ? null : html`<p class="muted small">Prerequisite: ${t.prerequisite}.</p>`;
  const rows = t.items.map((i) => rowOf(i, sheet, ics, run));
  return html`<h3 id="${tableAnchor(sheet, t)}">${name}</h3>
${needs}${tableHtml(`${sheet.spec} ${name}`, columns, rows, 'sheet')}
${legend(t)}`;
}

function tableAnchor(sheet: Sheet, t: SheetTable): string {
  return `table-${sheet.spec}-${t.id}`;
}

/** Fragment of a standard's section. */
export function sheetAnchor(sheet: Sheet): string {
  return `sheet-${sheet.spec}`;
}

/** Cases whose primary item stands in no table here, so that no verdict is without a place. */
function homeless(sheets: readonly Sheet[], run: RunRecord): CaseRecord[] {
  const known = new Set(
    sheets.flatMap((s) => s.tables.flatMap((t) => (t.applicable ? t.items.map((i) => i.item) : []))),
  );
  return run.cases.filter((c) => !known.has(c.item) && c.verdict !== 'NOT_APPLICABLE');
}

/** The filled-in proformas, with the verdicts that bear on each item where there was a run. */
export function sheetsHtml(ics: IcsRecord, run: RunRecord | null): Html {
  const rest = run === null ? [] : homeless(ics.sheets, run);
  const sections = ics.sheets.map(
    (sheet) => html`<section>
<h2 id="${sheetAnchor(sheet)}">${sheet.spec} · ${sheet.title}</h2>
<p class="muted small">${sheet.proforma}</p>
${sheet.tables.map((t) => tableOf(t, sheet, ics, run))}</section>
`,
  );
  if (run === null || rest.length === 0) return html`${sections}`;
  return html`${sections}<section><h2>Verdicts at items outside these tables</h2>
${tableHtml(
  'Verdicts at other items',
  [{ title: 'Item' }, VERDICTS],
  rest.map((c) => ({ cells: [{ content: c.item }, { content: grouped([c], run, '') }] })),
)}
</section>`;
}
