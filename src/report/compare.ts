import type { AttemptRecord, CaseRecord, RunRecord } from '../core/record.ts';
import type { Verdict } from '../core/verdict.ts';
import { deviceName } from './allure.ts';
import { natural } from './order.ts';
import { reasonLine } from './reason.ts';
import { type Shown, shownAs, SHOWN_TEXT } from './status.ts';

/** A case counts as slower from this factor on, if it also took so much longer. */
const SLOWER_TIMES = 1.5;
const SLOWER_BY_MS = 1000;

/** One case that differs between two runs. */
export interface Change {
  readonly id: string;
  readonly purpose: string;
  /** null: the case was not in that run. */
  readonly from: Shown | null;
  readonly to: Shown | null;
  readonly fromMs: number;
  readonly toMs: number;
  /** Why it is listed: the reason of the new verdict, or what makes it unstable. */
  readonly text: string;
}

/** What became of the cases of one run in a later one. Every case that differs is in exactly one of the first six lists. */
export interface Comparison {
  readonly from: string;
  readonly to: string;
  /** Product, declaration, rig or versions that differ, in words. */
  readonly differences: readonly string[];
  readonly newFail: readonly Change[];
  readonly mended: readonly Change[];
  /** Was proven, is not any more: INCONC, ERROR or not run. */
  readonly lost: readonly Change[];
  readonly proven: readonly Change[];
  readonly came: readonly Change[];
  readonly gone: readonly Change[];
  /** Different ends under equal conditions: between attempts of one run, or between the two runs with the same product, declaration and rig. */
  readonly unstable: readonly Change[];
  readonly slower: readonly Change[];
}

function attemptsOf(c: CaseRecord): readonly AttemptRecord[][] {
  return [[...c.attempts], ...c.variants.map((v) => [...v.attempts])];
}

/** True where tries at the same thing in one run ended differently. */
function wavered(c: CaseRecord): boolean {
  return attemptsOf(c).some((tries) => new Set(tries.map((a) => a.verdict)).size > 1);
}

const applies = (c: CaseRecord | undefined): c is CaseRecord => c !== undefined && c.verdict !== 'NOT_APPLICABLE';
const settledVerdict = (v: Verdict): boolean => v === 'PASS' || v === 'FAIL';

function differencesOf(a: RunRecord, b: RunRecord): string[] {
  const versions = [...new Set([...Object.keys(a.versions), ...Object.keys(b.versions)])];
  const pairs: [string, string, string][] = [
    ['product', deviceName(a), deviceName(b)],
    ['declaration', a.ics.digest.slice(0, 19), b.ics.digest.slice(0, 19)],
    ['rig', a.rig.name, b.rig.name],
    ...versions.map((name): [string, string, string] => [name, a.versions[name] ?? 'none', b.versions[name] ?? 'none']),
  ];
  return pairs.filter(([, x, y]) => x !== y).map(([name, x, y]) => `${name}: ${x} → ${y}`);
}

/** Compares two runs case by case. */
export function compareRuns(a: RunRecord, b: RunRecord): Comparison {
  const before = new Map(a.cases.map((c) => [c.id, c]));
  const after = new Map(b.cases.map((c) => [c.id, c]));
  const equal = a.ics.digest === b.ics.digest && a.rig.digest === b.rig.digest && deviceName(a) === deviceName(b);
  const ids = [...new Set([...before.keys(), ...after.keys()])].sort(natural);
  const change = (id: string, text?: string): Change => {
    const from = before.get(id);
    const to = after.get(id);
    return {
      id,
      purpose: (to ?? from)?.purpose ?? '',
      from: from === undefined ? null : shownAs(from, a),
      to: to === undefined ? null : shownAs(to, b),
      fromMs: from?.durationMs ?? 0,
      toMs: to?.durationMs ?? 0,
      text: text ?? (to === undefined || to.reason === null ? '' : reasonLine(to.reason)),
    };
  };
  const where = (test: (from: CaseRecord, to: CaseRecord) => boolean): Change[] =>
    ids.flatMap((id) => {
      const from = before.get(id);
      const to = after.get(id);
      return applies(from) && applies(to) && test(from, to) ? [change(id)] : [];
    });
  const slower = (from: CaseRecord, to: CaseRecord): boolean =>
    from.verdict === 'PASS' &&
    to.verdict === 'PASS' &&
    to.durationMs > from.durationMs * SLOWER_TIMES &&
    to.durationMs - from.durationMs > SLOWER_BY_MS;
  const unstable = ids.flatMap((id) => {
    const from = before.get(id);
    const to = after.get(id);
    if (to !== undefined && wavered(to)) return [change(id, 'its attempts ended differently')];
    if (from !== undefined && wavered(from)) return [change(id, 'its attempts ended differently in the first run')];
    const swung = from !== undefined && to !== undefined && from.verdict !== to.verdict;
    return equal && swung && settledVerdict(from.verdict) && settledVerdict(to.verdict)
      ? [change(id, 'ended differently with the same product, declaration and rig')]
      : [];
  });
  return {
    from: a.run,
    to: b.run,
    differences: differencesOf(a, b),
    newFail: where((from, to) => to.verdict === 'FAIL' && from.verdict !== 'FAIL'),
    mended: where((from, to) => from.verdict === 'FAIL' && to.verdict === 'PASS'),
    lost: where((from, to) => settledVerdict(from.verdict) && !settledVerdict(to.verdict)),
    proven: where((from, to) => !settledVerdict(from.verdict) && to.verdict === 'PASS'),
    came: ids.filter((id) => !applies(before.get(id)) && applies(after.get(id))).map((id) => change(id)),
    gone: ids.filter((id) => applies(before.get(id)) && !applies(after.get(id))).map((id) => change(id)),
    unstable,
    slower: where(slower),
  };
}

const TITLES: readonly (readonly [keyof Omit<Comparison, 'from' | 'to' | 'differences'>, string])[] = [
  ['newFail', 'new FAIL'],
  ['mended', 'mended'],
  ['lost', 'no longer proven'],
  ['proven', 'now proven'],
  ['unstable', 'unstable'],
  ['slower', 'slower'],
  ['came', 'came'],
  ['gone', 'gone'],
];

function changeLine(kind: string, c: Change): string {
  const shown = (s: Shown | null): string => (s === null ? 'not in the run' : SHOWN_TEXT[s]);
  const took = `${(c.fromMs / 1000).toFixed(1)} s → ${(c.toMs / 1000).toFixed(1)} s`;
  const what = kind === 'slower' ? took : `${shown(c.from)} → ${shown(c.to)}`;
  return `  ${c.id.padEnd(18)}  ${what}${c.text === '' || kind === 'slower' ? '' : `: ${c.text}`}`;
}

/** The comparison as text: what differs, then each list that is not empty. */
export function comparisonText(comparison: Comparison): string {
  const lists = TITLES.flatMap(([kind, title]) => {
    const changes = comparison[kind];
    return changes.length === 0 ? [] : ['', `${title} (${changes.length})`, ...changes.map((c) => changeLine(kind, c))];
  });
  return [
    `${comparison.from} → ${comparison.to}`,
    ...comparison.differences.map((d) => `  ${d}`),
    ...(lists.length === 0 ? ['', 'no case differs'] : lists),
  ].join('\n');
}
