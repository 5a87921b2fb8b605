import { type Html, html, type Part, tableHtml } from './html.ts';
import { styleSheet } from './style.ts';
import type { Stamp } from './summary.ts';

/** One section of a page; its body may hold its own heading (`title` null) where it has several. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Html;
  /** The body brings its heading along. */
  readonly headed?: true;
}

/** What stands on a page. */
export interface Page {
  readonly title: string;
  /** What must be said before anything else; repeated at the head of every printed page. */
  readonly stamps: readonly Stamp[];
  readonly top: Html;
  readonly sections: readonly Section[];
  readonly foot: Part;
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function sectionHtml({ id, title, body, headed }: Section): Html {
  return headed === true
    ? html`${body}`
    : html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${body}
</section>
`;
}

/** A page as one file: no script, nothing fetched (a content security policy forbids it besides), readable without styles. */
export function pageHtml({ title, stamps, top, sections, foot }: Page): string {
  const nav = sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`);
  const body = html`<header>
${top}
${stamps.map(
  ({ text, serious }) => html`<p class="${serious ? 'stamp' : 'stamp mild'}" role="note">${sentence(text)}</p>
`,
)}<nav aria-label="Contents"><ul>${nav}</ul></nav>
</header>
<main id="content">
${sections.map(sectionHtml)}</main>
<footer>${foot}</footer>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
${html`<title>${title}</title>`.text}
<style>${styleSheet([title, ...stamps.map((s) => s.text)].join(' · '))}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the tables</a>
${body.text}
</body>
</html>
`;
}

/** Names with their values, as a table of two columns. */
export function factsHtml(caption: string, rows: readonly (readonly [string, Part])[]): Html {
  return html`<table class="facts">
<caption>${caption}</caption>
<tbody>
${rows.map(
  ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>
`,
)}</tbody></table>`;
}

/** A table whose rows are plain cells, the first naming the row; a sentence where there is nothing to list. */
export function listHtml(
  caption: string,
  titles: readonly string[],
  rows: readonly (readonly Part[])[],
  none: string,
  className = 'list',
): Html {
  if (rows.length === 0) return html`<p>${none}</p>`;
  return tableHtml(
    caption,
    titles.map((title) => ({ title })),
    rows.map((cells) => ({ cells: cells.map((content) => ({ content, empty: content === '' || content === null })) })),
    className,
  );
}
