/** Markup that is safe to put into a page as it is. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What a template may be given: text is escaped, markup and lists of it are taken as they are, null and false are nothing. */
export type Part = Html | string | number | null | false | readonly Part[];

/** Text for element content and for attributes in double quotes. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function markup(part: Part): string {
  if (part === null || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  return part.map(markup).join('');
}

/** Builds markup; everything put in that is not markup already is escaped, so that nothing a device says can become part of a page. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((s, i) => s + markup(parts[i] ?? null)).join(''));
}

/** A cell of a table: its content, and a class where it needs one. */
export interface Cell {
  readonly content: Part;
  readonly className?: string;
  /** Nothing to see: left out where rows are stacked. */
  readonly empty?: boolean;
}

/** A column: its heading, and its name for readers on a phone, where rows are stacked. */
export interface Column {
  readonly title: string;
  readonly className?: string;
}

/** One row; `head` says which cell names it. */
export interface Row {
  readonly id?: string;
  readonly className?: string;
  readonly cells: readonly Cell[];
  /** Shown under the row over its whole width. */
  readonly below?: Part;
}

const attr = (name: string, value: string | undefined): Html =>
  value === undefined ? html`` : new Html(` ${name}="${escapeHtml(value)}"`);

/**
 * A table that a screen reader can walk and that a phone can stack: the roles are written out, because stacked rows (display: block) lose those they have by
 * themselves. The first cell of a row is its heading.
 */
export function tableHtml(caption: string, columns: readonly Column[], rows: readonly Row[], className = ''): Html {
  const head = columns.map(
    (c) => html`<th scope="col" role="columnheader"${attr('class', c.className)}>${c.title}</th>`,
  );
  const body = rows.map((row) => {
    const cells = row.cells.map((cell, i) => {
      const names = [cell.className, cell.empty === true ? 'empty' : undefined].filter((name) => name !== undefined);
      const more = [
        attr('class', names.length === 0 ? undefined : names.join(' ')),
        attr('data-label', columns[i]?.title),
      ];
      return i === 0
        ? html`<th scope="row" role="rowheader"${more}><div>${cell.content}</div></th>`
        : html`<td role="cell"${more}><div>${cell.content}</div></td>`;
    });
    const below =
      row.below === undefined
        ? null
        : html`<tr role="row" class="below"><td role="cell" colspan="${columns.length}">${row.below}</td></tr>`;
    return html`<tr role="row"${attr('id', row.id)}${attr('class', row.className)}>${cells}</tr>${below}
`;
  });
  return html`<table role="table" class="${`stack ${className}`.trim()}">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${head}</tr></thead>
<tbody role="rowgroup">
${body}</tbody>
</table>`;
}
