import { createHash } from 'node:crypto';
import type { Category, EnvironmentInfo } from 'allure-js-commons/sdk';
import { type Attachment, type Label, Stage, Status, type StepResult, type TestResult } from 'allure-js-commons';
import type { AttemptRecord, CaseRecord, RunHead, VariantRecord } from '../core/record.ts';
import type { Verdict } from '../core/verdict.ts';
import { type Card, cardText } from './card.ts';
import { itemParts, padded } from './order.ts';
import { type Shown, SHOWN_TEXT, shownAs, waiversOf } from './status.ts';
import { printLine } from './timeline.ts';

/** A file that goes with a result; its name in the results folder is `source`. */
export interface AttachmentFile extends Attachment {
  readonly body: string | Uint8Array;
}

/** Allure's word for a verdict; `undefined` is what Allure reads as "unknown". */
export const ALLURE_STATUS: Readonly<Record<Verdict, Status | undefined>> = {
  PASS: Status.PASSED,
  FAIL: Status.FAILED,
  INCONC: undefined,
  ERROR: Status.BROKEN,
  NOT_RUN: Status.SKIPPED,
  NOT_APPLICABLE: Status.SKIPPED,
};

/** What a reader may want to see as one list. */
const GROUPS = ['FAIL', 'ERROR', 'INCONC', 'NOT_RUN', 'WAIVED', 'NOT_APPLICABLE'] as const;

/** `Example Lamp 1.4.2`: one Allure environment per device and version. */
export function deviceName(run: RunHead): string {
  const { vendor, name, version } = run.product;
  return [vendor, name, version].filter((part) => part !== undefined).join(' ');
}

/** A hash in the shape of a UUID, so that a result made again replaces the earlier one. */
function uuidOf(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(parts.join('\n')).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/** Name of a result and of its attachments on disk. */
export function resultUuid(c: { readonly id: string }, run: RunHead): string {
  return uuidOf(run.run, c.id);
}

/** Standard, table and item as the tree shows them; numbers padded because Allure sorts plain text. */
export function treeOf(item: string, run: RunHead): { epic: string; feature: string; story: string } {
  const { spec, table, row } = itemParts(item);
  const sheet = run.ics.sheets.find((s) => s.spec === spec);
  const of = sheet?.tables.find((t) => t.id === table);
  const name = of?.items.find((i) => i.item === item)?.name;
  const named = (id: string, title: string | undefined): string => (title === undefined ? id : `${id} · ${title}`);
  return {
    epic: named(spec, sheet?.title),
    feature: named(`Table ${padded(table)}`, of?.title),
    story: named(`${spec} ${padded(table === '' ? row : `${table}/${row}`)}`, name),
  };
}

function labelsOf(c: CaseRecord, run: RunHead, shown: Shown): Label[] {
  const { epic, feature, story } = treeOf(c.item, run);
  return [
    ['epic', epic],
    ['feature', feature],
    ['story', story],
    ['case', c.id],
    ['verdict', SHOWN_TEXT[shown]],
    ...c.items.map((item) => ['item', padded(item)]),
    ...Object.keys(c.statements).map((id) => ['statement', id]),
    ...c.related.map((id) => ['related', id]),
    ...(c.kind === 'informative' ? [['tag', 'informative']] : []),
    ['device', deviceName(run)],
    ['rig', run.rig.name],
  ].map(([name = '', value = '']) => ({ name, value }));
}

function step(name: string, verdict: Verdict | null, o: Partial<StepResult> = {}): StepResult {
  const status = verdict === null ? Status.SKIPPED : ALLURE_STATUS[verdict];
  return {
    name,
    ...(status === undefined ? {} : { status }),
    statusDetails: {},
    stage: Stage.FINISHED,
    steps: [],
    attachments: [],
    parameters: [],
    ...o,
  };
}

function attemptStep(a: AttemptRecord, i: number): StepResult {
  const because = a.reason === null ? '' : `: ${a.reason.message}`;
  return step(`attempt ${i + 1}: ${a.verdict}${because}`, a.verdict, {
    start: Math.round(a.startedAt),
    stop: Math.round(a.startedAt + a.durationMs),
  });
}

function variantStep(v: VariantRecord): StepResult {
  const because = v.reason === null ? '' : `: ${v.reason.message}`;
  return step(`${v.id}: ${v.verdict}${because}`, v.verdict, { steps: v.attempts.map(attemptStep) });
}

/** Every statement with what it came to, then the variants, then the attempts where there was more than one. */
function stepsOf(c: CaseRecord, run: RunHead): StepResult[] {
  const start = startOf(c, run);
  const statements = Object.entries(c.statements).map(([id, verdict]) => {
    const known = run.statements[id];
    const text = known === undefined ? id : `${id} (${known.place}): ${known.text}`;
    return step(verdict === null ? `${text} – not judged` : text, verdict, { start, stop: start });
  });
  return [...statements, ...c.variants.map(variantStep), ...(c.attempts.length > 1 ? c.attempts.map(attemptStep) : [])];
}

/** Notes and waivers; the purpose is in the name. */
function descriptionOf(c: CaseRecord, run: RunHead): string | undefined {
  const waived = waiversOf(c, run).map((w) => `Waived by ${w.owner} until ${w.expires}: ${w.reason}`);
  const lines = [...waived, ...c.notes.map((note) => `Note: ${note}`)];
  return lines.length === 0 ? undefined : lines.join('\n\n');
}

/** What the first screen shows: the violated statement, expected, observed, and the packet that the verdict rests on. */
function statusMessage(c: CaseRecord, shown: Shown, card: Card | null): string | undefined {
  if (c.reason === null) return undefined;
  const told = card === null ? c.reason.message : card.message;
  const headline = [SHOWN_TEXT[shown], card?.statement?.id, told].filter((part) => part !== undefined);
  const packet = card?.lines.find((line) => line.n === card.at);
  return [
    headline.join(': '),
    ...(card === null || card.expected === null ? [] : [`expected  ${card.expected}`]),
    ...(card === null || card.observed === null ? [] : [`observed  ${card.observed}`]),
    ...(packet === undefined ? [] : [`packet   ${printLine(packet)}`]),
  ].join('\n');
}

function startOf(c: CaseRecord, run: RunHead): number {
  const attempts = [...c.attempts, ...c.variants.flatMap((v) => v.attempts)];
  return Math.round(attempts[0]?.startedAt ?? Date.parse(run.startedAt));
}

/**
 * The one mapping from a case record to an Allure result; the child's reporter and the parent's writer both apply it. Depends on nothing but its
 * arguments, so that a result made again is the same to the octet. The card is also the result's trace.
 */
export function allureOf(
  c: CaseRecord,
  run: RunHead,
  attachments: readonly Attachment[],
  card: Card | null,
): TestResult {
  const shown = shownAs(c, run);
  const status = ALLURE_STATUS[c.verdict];
  const { epic, feature, story } = treeOf(c.item, run);
  const start = startOf(c, run);
  const message = statusMessage(c, shown, card);
  const description = descriptionOf(c, run);
  return {
    uuid: resultUuid(c, run),
    testCaseId: uuidOf(c.id),
    historyId: uuidOf(c.id, run.product['vendor'] ?? '', run.product['name'] ?? ''),
    fullName: c.id,
    name: `${c.id} ${c.purpose}`,
    titlePath: [epic, feature, story],
    ...(status === undefined ? {} : { status }),
    stage: Stage.FINISHED,
    statusDetails: {
      ...(message === undefined ? {} : { message }),
      ...(card === null ? {} : { trace: cardText(card) }),
      ...(card === null || card.expected === null ? {} : { expected: card.expected }),
      ...(card === null || card.observed === null ? {} : { actual: card.observed }),
    },
    ...(description === undefined ? {} : { description }),
    labels: labelsOf(c, run, shown),
    links: [],
    parameters: Object.entries(c.policies).map(([name, value]) => ({ name: `policy ${name}`, value, excluded: true })),
    steps: stepsOf(c, run),
    attachments: attachments.map(({ name, source, type }) => ({
      name,
      source,
      ...(type === undefined ? {} : { type }),
    })),
    start,
    stop: start + Math.round(c.durationMs),
  };
}

/** Groups of results that the report offers beside the tree, for tools that read Allure's result files: by the first word of the message. */
export const CATEGORIES: readonly Category[] = GROUPS.map((shown) => ({
  name: SHOWN_TEXT[shown],
  messageRegex: `^${SHOWN_TEXT[shown]}: [\\s\\S]*`,
}));

/** The same groups for Allure's own report, by the label that every result carries. */
export const CATEGORY_RULES = GROUPS.map((shown) => ({
  name: SHOWN_TEXT[shown],
  matchers: { labels: { verdict: `^${SHOWN_TEXT[shown]}$` } },
  groupByMessage: false,
  expand: shown === 'FAIL' || shown === 'ERROR',
}));

/** Facts of the run for the front page of the report. */
export function environmentOf(run: RunHead): EnvironmentInfo {
  return {
    device: deviceName(run),
    rig: run.rig.name,
    ics: `${run.ics.file} (${run.ics.digest})`,
    'ics consistent': run.ics.consistent ? 'yes' : 'NO',
    ...run.versions,
  };
}
