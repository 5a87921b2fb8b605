import { caseAnchor } from './anchor.ts';
import type { Card } from './card.ts';
import { type Html, html, type Part } from './html.ts';
import type { Line } from './timeline.ts';
import { badge, VERDICT_CLASS } from './verdict-html.ts';

const COLUMNS = [
  { title: 'Seconds', className: 't' },
  { title: 'Channel', className: 'c' },
  { title: 'What happened', className: 'x' },
];

const ARROW = { in: '◀ ', out: '▶ ' } as const;
const WAY = { in: 'from the device: ', out: 'to the device: ' } as const;

function linesHtml(id: string, lines: readonly Line[], at: number | null): Html {
  const rows = lines.map((line) => {
    const way =
      line.dir === undefined
        ? null
        : html`<span aria-hidden="true">${ARROW[line.dir]}</span><span class="sr">${WAY[line.dir]}</span>`;
    const cells = [
      html`<td role="cell" class="t">${(line.ms / 1000).toFixed(3)}</td>`,
      html`<td role="cell" class="c">${line.channel}</td>`,
      html`<td role="cell" class="x">${way}${line.text}</td>`,
    ];
    return html`<tr role="row"${line.n === at ? html` class="at"` : null}>${cells}</tr>
`;
  });
  const head = COLUMNS.map((c) => html`<th scope="col" role="columnheader" class="${c.className}">${c.title}</th>`);
  return html`<p class="label">The moment, in seconds since the run began</p>
<table role="table" class="lines"><caption>Decoded lines around the moment of ${id}</caption>
<thead class="sr" role="rowgroup"><tr role="row">${head}</tr></thead>
<tbody role="rowgroup">
${rows}</tbody></table>`;
}

function entry(label: string, content: Part): Html {
  return html`<dt>${label}</dt><dd>${content}</dd>
`;
}

/** Text in which commands stand between backticks, as on the terminal. */
function withCode(text: string): Part {
  return text.split('`').map((part, i) => (i % 2 === 0 ? part : html`<code>${part}</code>`));
}

/** The verdict card as an article; the same facts in the same order as on the terminal. */
export function cardHtml(card: Card, caseId: string): Html {
  const { statement } = card;
  const causes = card.causes.map(({ cause, look }) => html`<div><b>${cause}</b>: ${withCode(look)}</div>`);
  return html`<article class="card e-${VERDICT_CLASS[card.shown]}" id="${caseAnchor(caseId)}">
<h3>${badge(card.shown)} <span class="mono">${card.id}</span> <span class="purpose">${card.purpose}</span></h3>
<dl>
${statement === null ? null : entry('Statement', html`<b>${statement.id}</b> <span class="muted">(${statement.place})</span> ${statement.text}`)}${entry('Item', card.item)}${card.expected === null ? null : entry('Expected', html`<span class="said">${card.expected}</span>`)}${card.observed === null ? null : entry('Observed', html`<span class="said">${card.observed}</span>`)}${card.message === card.expected ? null : entry('Because', html`<span class="said">${card.message}</span>`)}${card.waivers.map((w) => entry('Waived', `${w.statement} by ${w.owner} until ${w.expires}: ${w.reason}`))}${
  card.attempts.length === 0
    ? null
    : entry(
        'Attempts',
        card.attempts.map((line) => html`<div>${line}</div>`),
      )
}${card.notes.map((note) => entry('Note', note))}${causes.length === 0 ? null : entry('Likely', causes)}</dl>
${card.lines.length === 0 ? html`<p class="muted small">No decoded lines: ${card.missing ?? 'nothing was recorded'}.</p>` : linesHtml(card.id, card.lines, card.at)}
<p class="label">Repeat just this case</p>
<code class="repeat">${card.repeat}</code>
</article>
`;
}
