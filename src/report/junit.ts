import type { CaseRecord, RunRecord } from '../core/record.ts';
import { deviceName } from './allure.ts';
import { type Card, cardText } from './card.ts';
import { type Shown, shownAs, SHOWN_TEXT } from './status.ts';

/** Text for XML 1.0: markup escaped, characters that XML cannot hold replaced. */
export function xmlText(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** As {@link xmlText}, with line ends kept where a parser would fold them. */
const attribute = (text: string): string =>
  xmlText(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;').replaceAll('\r', '&#13;');

function attributes(all: Readonly<Record<string, string | number>>): string {
  return Object.entries(all)
    .map(([name, value]) => ` ${name}="${attribute(String(value))}"`)
    .join('');
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

/** The child element that tells readers of JUnit what a case came to. They know four outcomes: INCONC counts as error, because nothing was proven. */
function outcome(c: CaseRecord, shown: Shown, card: Card | null): string {
  const message = `${SHOWN_TEXT[shown]}: ${c.reason?.message ?? ''}`;
  const body = card === null ? '' : xmlText(cardText(card));
  switch (shown) {
    case 'PASS':
      return '';
    case 'FAIL':
      return `<failure${attributes({ message, type: card?.statement?.id ?? 'FAIL' })}>${body}</failure>`;
    case 'ERROR':
    case 'INCONC':
      return `<error${attributes({ message, type: shown })}>${body}</error>`;
    case 'WAIVED':
    case 'NOT_RUN':
    case 'NOT_APPLICABLE':
      return `<skipped${attributes({ message })}/>`;
  }
}

interface Counts {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
  readonly time: string;
}

function countsOf(cases: readonly CaseRecord[], run: RunRecord): Counts {
  const count = (...which: Shown[]): number => cases.filter((c) => which.includes(shownAs(c, run))).length;
  return {
    tests: cases.length,
    failures: count('FAIL'),
    errors: count('ERROR', 'INCONC'),
    skipped: count('WAIVED', 'NOT_RUN', 'NOT_APPLICABLE'),
    time: seconds(cases.reduce((sum, c) => sum + c.durationMs, 0)),
  };
}

function testcase(c: CaseRecord, run: RunRecord, card: Card | null): string {
  const head = { name: `${c.id} ${c.purpose}`, classname: `${c.spec}.${c.group}`, time: seconds(c.durationMs) };
  const inner = outcome(c, shownAs(c, run), card);
  return inner === '' ? `    <testcase${attributes(head)}/>` : `    <testcase${attributes(head)}>${inner}</testcase>`;
}

function byGroup(cases: readonly CaseRecord[]): Map<string, CaseRecord[]> {
  const groups = new Map<string, CaseRecord[]>();
  for (const c of cases) {
    const name = `${c.spec}.${c.group}`;
    groups.set(name, [...(groups.get(name) ?? []), c]);
  }
  return groups;
}

/**
 * The run as JUnit XML: one suite per group of cases. It keeps to what both schemas in use allow (Jenkins' and the one of Ant's reports, which others go
 * by): no attributes on the root, one outcome per case, and the notes in the suite's output.
 */
export function junitXml(run: RunRecord, cards: ReadonlyMap<string, Card>): string {
  const properties = Object.entries({
    device: deviceName(run),
    rig: run.rig.name,
    ics: run.ics.file,
    'ics.digest': run.ics.digest,
    'ics.consistent': run.ics.consistent,
    state: run.state,
    ...run.versions,
  }).map(([name, value]) => `      <property${attributes({ name, value: String(value) })}/>`);
  const suites = [...byGroup(run.cases)].map(([name, cases], id) => {
    const head = { name, package: name, id, timestamp: run.startedAt.slice(0, 19), hostname: run.rig.name };
    const notes = cases.flatMap((c) => c.notes.map((note) => `${c.id}: ${note}`)).join('\n');
    return [
      `  <testsuite${attributes({ ...head, ...countsOf(cases, run) })}>`,
      '    <properties>',
      ...properties,
      '    </properties>',
      ...cases.map((c) => testcase(c, run, cards.get(c.id) ?? null)),
      `    <system-out>${xmlText(notes)}</system-out>`,
      '    <system-err></system-err>',
      '  </testsuite>',
    ].join('\n');
  });
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...suites, '</testsuites>', ''].join('\n');
}
