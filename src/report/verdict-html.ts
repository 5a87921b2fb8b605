import type { CaseRecord, RunRecord } from '../core/record.ts';
import { caseAnchor } from './anchor.ts';
import { type Html, html, type Part } from './html.ts';
import { natural } from './order.ts';
import type { VerdictColour } from './palette.ts';
import { SHOWN, type Shown, SHOWN_TEXT, shownAs } from './status.ts';

/** Class and colour of a verdict on the page. */
export const VERDICT_CLASS: Readonly<Record<Shown, VerdictColour>> = {
  FAIL: 'fail',
  ERROR: 'error',
  INCONC: 'inconc',
  NOT_RUN: 'notrun',
  WAIVED: 'waived',
  PASS: 'pass',
  NOT_APPLICABLE: 'na',
};

/** A verdict in its colour, with its words. */
export function badge(shown: Shown): Html {
  return html`<span class="badge ${VERDICT_CLASS[shown]}">${SHOWN_TEXT[shown]}</span>`;
}

/** True where the page says more of the case further down: its card, or its row in the list of those not run. */
export function isOpen(c: CaseRecord): boolean {
  return c.verdict !== 'PASS' && c.verdict !== 'NOT_APPLICABLE';
}

/** The id of a case, without the standard where the reader knows it, and a link to where the page says more. */
export function caseLink(c: CaseRecord, spec = ''): Html {
  const id = c.id.startsWith(`${spec}/`) ? c.id.slice(spec.length + 1) : c.id;
  return isOpen(c)
    ? html`<a class="nowrap" href="#${caseAnchor(c.id)}">${id}</a>`
    : html`<span class="nowrap">${id}</span>`;
}

/** Parts with commas between them. */
export function listed(parts: readonly Part[]): Part {
  return parts.map((part, i) => (i === 0 ? part : [', ', part]));
}

/** Cases grouped by what they are shown as, worst first, each with its badge. */
export function grouped(cases: readonly CaseRecord[], run: RunRecord, spec: string): Part {
  const groups = SHOWN.flatMap((shown) => {
    const of = cases.filter((c) => shownAs(c, run) === shown).sort((a, b) => natural(a.id, b.id));
    return of.length === 0
      ? []
      : [html`<li>${badge(shown)}<span class="ids small">${listed(of.map((c) => caseLink(c, spec)))}</span></li>`];
  });
  return groups.length === 0 ? null : html`<ul class="groups">${groups}</ul>`;
}
