import type { CaseRecord, IcsRecord, RunRecord, SettingRecord } from '../core/record.ts';
import { caseAnchor } from './anchor.ts';
import { deviceName } from './allure.ts';
import type { Card } from './card.ts';
import { cardHtml } from './card-html.ts';
import { gateOf, gateSentence, type Problem } from './gate.ts';
import { type Html, html, type Part } from './html.ts';
import { factsHtml, listHtml, pageHtml, type Section } from './page-frame.ts';
import { reasonLine } from './reason.ts';
import { sheetAnchor, sheetsHtml } from './sheet-html.ts';
import { countShown, covers, SHOWN, SHOWN_TEXT, shownAs, waiverState } from './status.ts';
import { duration, inOrder, stampsOf } from './summary.ts';
import { badge, caseLink, isOpen, listed, VERDICT_CLASS } from './verdict-html.ts';

const code = (text: string): Html => html`<span class="mono">${text}</span>`;
/** A digest, marked as what it is. */
const digestHtml = (digest: string): Html =>
  html`<span class="muted mono">${digest.startsWith('sha256:') ? digest : `sha256:${digest}`}</span>`;
const nowrap = (text: string): Html => html`<span class="nowrap">${text}</span>`;

function countsHtml(run: RunRecord): Html {
  const counts = countShown(run.cases, run);
  const items = SHOWN.map((shown) => {
    const zero = counts[shown] === 0 ? ' zero' : '';
    return html`<li class="c-${VERDICT_CLASS[shown]}${zero}"><b>${counts[shown]}</b><span>${SHOWN_TEXT[shown]}</span></li>`;
  });
  return html`<ul class="counts" aria-label="Cases by verdict">${items}</ul>`;
}

function topHtml(run: RunRecord): Html {
  const standards = run.ics.sheets.map((s) => s.title);
  return html`<p class="eyebrow">Conformance report</p>
<h1>${deviceName(run)}</h1>
<p class="lead">${standards.join(' · ')}</p>
${countsHtml(run)}
<p><b>${gateSentence(gateOf(run))}</b></p>`;
}

const utc = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`;

function productFacts(product: RunRecord['product']): [string, Part][] {
  const { vendor, name, version, ...others } = product;
  const more = Object.entries(others).map(([key, value]): [string, Part] => [
    key.charAt(0).toUpperCase() + key.slice(1),
    value,
  ]);
  return [['Product', [vendor, name, version].filter((part) => part !== undefined).join(' ')], ...more];
}

function icsFacts(ics: IcsRecord): [string, Part][] {
  const consistent = ics.consistent
    ? 'yes'
    : html`<b>no</b>, ${ics.findings.length} finding${ics.findings.length === 1 ? '' : 's'}`;
  return [
    ['Declaration', [code(ics.file), ' ', digestHtml(ics.digest)]],
    ['Consistent', consistent],
    ...ics.sheets.map((s): [string, Part] => [`Proforma ${s.spec}`, [s.proforma, ' ', digestHtml(s.digest)]]),
  ];
}

function runFacts(run: RunRecord): Html {
  const { factors, broken, name, file, digest } = run.rig;
  const ended =
    run.endedAt === null
      ? 'not settled'
      : `${utc(run.endedAt)} (${duration(Date.parse(run.endedAt) - Date.parse(run.startedAt))})`;
  const scaled =
    factors.protocol === 1 && factors.link === 1 ? 'real' : `protocol × ${factors.protocol}, link × ${factors.link}`;
  return factsHtml('The run', [
    ...productFacts(run.product),
    ...icsFacts(run.ics),
    ['Rig', [name, ' ', code(file), ' ', digestHtml(digest)]],
    ['Time', scaled],
    ...(broken === null ? [] : [['Rig broken since', broken] as [string, Part]]),
    ['Run', code(run.run)],
    ['Started', utc(run.startedAt)],
    ['Ended', ended],
    ['Versions', Object.entries(run.versions).map(([what, version]) => html`<div>${what} ${version}</div>`)],
  ]);
}

function attention(run: RunRecord): Html {
  const { problems } = gateOf(run);
  const others = problems.filter(
    (p: Problem) => !run.cases.some((c) => c.id === p.what) || p.kind.startsWith('waiver'),
  );
  const rows = inOrder(run.cases.filter(isOpen), run).map((c) => [
    badge(shownAs(c, run)),
    caseLink(c),
    c.purpose,
    [statementOf(c), reasonLine(c.reason)],
  ]);
  return html`${listHtml('Cases that did not pass', ['Verdict', 'Case', 'Purpose', 'Reason'], rows, 'Every case that was run passed.', 'list attention')}
${
  others.length === 0
    ? null
    : html`<h3>Beside the cases</h3>
<ul>${others.map((p) => html`<li>${code(p.what)}: ${p.text}</li>`)}</ul>`
}`;
}

function statementOf(c: CaseRecord): Part {
  const id = c.reason !== null && 'statement' in c.reason ? c.reason.statement : undefined;
  return id === undefined ? null : html`<b>${id}</b> `;
}

function settings(caption: string, title: string, of: readonly SettingRecord[], none: string): Html {
  const rows = of.map((s) => [
    html`<span class="nowrap">${s.spec} ${s.name}</span>`,
    html`<b>${String(s.value)}</b>${s.isDefault ? html` <span class="muted small">default</span>` : null}`,
    s.text,
  ]);
  return listHtml(caption, [title, 'Value', 'Meaning'], rows, none);
}

const WAIVER_STATE = { valid: 'valid', expired: 'EXPIRED', 'too-long': 'runs too long' } as const;

function waivers(run: RunRecord): Html {
  const rows = run.ics.waivers.map((w) => {
    const used = run.cases.some((c) => covers(w, c)) ? 'used' : 'not used';
    return [
      html`<span class="nowrap">${w.case}</span>`,
      w.statement,
      w.owner,
      `${w.expires}, ${WAIVER_STATE[waiverState(w, run.startedAt)]}, ${used}`,
      w.reason,
    ];
  });
  return listHtml('Waivers', ['Case', 'Statement', 'Owner', 'Until', 'Reason'], rows, 'No FAIL is waived.');
}

function notRun(run: RunRecord): Html {
  const rows = inOrder(
    run.cases.filter((c) => c.verdict === 'NOT_RUN'),
    run,
  ).map((c) => [
    html`<span id="${caseAnchor(c.id)}">${c.id}</span>`,
    c.purpose,
    nowrap(c.item),
    c.reason?.message ?? '',
  ]);
  return listHtml('Not run', ['Case', 'Purpose', 'Item', 'Reason'], rows, 'Every planned case was run.');
}

function notApplicable(run: RunRecord): Html {
  const rows = inOrder(
    run.cases.filter((c) => c.verdict === 'NOT_APPLICABLE'),
    run,
  ).map((c) => [c.id, c.purpose, nowrap(c.item), c.reason?.message ?? '']);
  return listHtml('Not applicable', ['Case', 'Purpose', 'Item', 'Reason'], rows, 'Every case applies.');
}

function notes(run: RunRecord): Html {
  const rows = run.cases.flatMap((c) =>
    c.notes.map((note) => [caseLink(c), note, c.kind === 'informative' ? 'informative' : '']),
  );
  return listHtml('Notes', ['Case', 'Observation', 'Kind'], rows, 'No observations were noted.');
}

function allCases(run: RunRecord): Html {
  const rows = inOrder(
    run.cases.filter((c) => c.attempts.length + c.variants.length > 0),
    run,
  )
    .sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }))
    .map((c) => {
      const policies = Object.entries(c.policies).map(([name, value]) => `${name} = ${value}`);
      const related =
        c.related.length === 0 ? null : html`<div class="muted small">related: ${listed(c.related)}</div>`;
      const read = policies.length === 0 ? null : html`<div class="muted small">policy ${listed(policies)}</div>`;
      return [
        caseLink(c),
        [c.purpose, read, related],
        nowrap(c.item),
        badge(shownAs(c, run)),
        nowrap(c.durationMs < 1000 ? `${Math.round(c.durationMs)} ms` : `${(c.durationMs / 1000).toFixed(1)} s`),
      ];
    });
  return listHtml('Cases that were run', ['Case', 'Purpose', 'Item', 'Verdict', 'Took'], rows, 'No case was run.');
}

/** One section per standard stands in one piece, because each brings its own heading. */
function sheetSections(ics: IcsRecord, run: RunRecord | null): Section[] {
  const [first, ...rest] = ics.sheets;
  if (first === undefined) return [];
  const whole: Section = { id: sheetAnchor(first), title: first.spec, body: sheetsHtml(ics, run), headed: true };
  return [whole, ...rest.map((s): Section => ({ id: sheetAnchor(s), title: s.spec, body: html``, headed: true }))];
}

/** The conformance page of a run. `cards`: those of the cases that did not pass, by case id; `digest`: of run.json. */
export function conformancePage(run: RunRecord, cards: ReadonlyMap<string, Card>, digest: string): string {
  const failing = inOrder(
    run.cases.filter((c) => c.verdict !== 'NOT_RUN' && cards.has(c.id)),
    run,
  );
  const sections: Section[] = [
    { id: 'attention', title: 'What needs attention', body: attention(run) },
    { id: 'run', title: 'The run', body: runFacts(run) },
    ...sheetSections(run.ics, run),
    { id: 'cards', title: 'Verdict cards', body: html`${failing.map((c) => cardOrNothing(c, cards))}` },
    {
      id: 'policies',
      title: 'Policies',
      body: settings('Policies used', 'Policy', run.ics.policies, 'The standards declared need no policy.'),
    },
    { id: 'ixit', title: 'IXIT', body: settings('Values used', 'IXIT', run.ics.ixit, 'No values were declared.') },
    { id: 'waivers', title: 'Waivers', body: waivers(run) },
    { id: 'notes', title: 'Notes', body: notes(run) },
    { id: 'not-run', title: 'Not run', body: notRun(run) },
    { id: 'not-applicable', title: 'Not applicable', body: notApplicable(run) },
    { id: 'cases', title: 'Cases run', body: allCases(run) },
  ];
  return pageHtml({
    title: `${deviceName(run)}: conformance`,
    stamps: stampsOf(run),
    top: topHtml(run),
    sections: sections.filter((s) => s.id !== 'cards' || failing.length > 0),
    foot: html`<p>Made by Plumbline ${run.versions['plumbline'] ?? ''} from run.json, ${digestHtml(digest)}. Test-case ids of others are shown as related and never claimed.</p>`,
  });
}

function cardOrNothing(c: CaseRecord, cards: ReadonlyMap<string, Card>): Html {
  const card = cards.get(c.id);
  return card === undefined ? html`` : cardHtml(card, c.id);
}

/** The page of a declaration alone: the self-assessment with its findings. */
export function icsPage(product: RunRecord['product'], ics: IcsRecord): string {
  const { vendor, name, version } = product;
  const device = [vendor, name, version].filter((part) => part !== undefined).join(' ');
  const rows = ics.findings.map((f) => [
    html`<span class="nowrap">${f.item}</span>`,
    f.message,
    f.condition === '' ? f.rule : f.condition,
    f.fix,
  ]);
  const count = ics.findings.length;
  return pageHtml({
    title: `${device}: declaration`,
    stamps: ics.consistent ? [] : [{ text: `inconsistent: ${count} finding${count === 1 ? '' : 's'}`, serious: true }],
    top: html`<p class="eyebrow">Self-assessment (ICS)</p>
<h1>${device}</h1>
<p class="lead">${ics.sheets.map((s) => s.title).join(' · ')}</p>
${ics.consistent ? html`<p><b>The declaration is consistent.</b> Nothing has been tested yet.</p>` : null}`,
    sections: [
      {
        id: 'findings',
        title: 'Findings',
        body: listHtml(
          'Findings',
          ['Item', 'What is wrong', 'Rule', 'Smallest change'],
          rows,
          'None: every rule of the proformas holds.',
        ),
      },
      {
        id: 'declaration',
        title: 'The declaration',
        body: factsHtml('The declaration', [...productFacts(product), ...icsFacts(ics)]),
      },
      ...sheetSections(ics, null),
      {
        id: 'policies',
        title: 'Policies',
        body: settings('Policies', 'Policy', ics.policies, 'The standards declared need no policy.'),
      },
      { id: 'ixit', title: 'IXIT', body: settings('Values', 'IXIT', ics.ixit, 'No values were declared.') },
    ],
    foot: html`<p>Made by Plumbline from ${code(ics.file)}, ${digestHtml(ics.digest)}.</p>`,
  });
}
