import type { CaseRecord, RunRecord } from '../core/record.ts';
import { deviceName } from './allure.ts';
import { type Gate, gateOf, gateSentence } from './gate.ts';
import { natural } from './order.ts';
import { reasonLine } from './reason.ts';
import { countShown, SHOWN, type Shown, SHOWN_TEXT, shownAs } from './status.ts';

/** A case that did not pass, in one line. */
export interface Line {
  readonly id: string;
  readonly shown: Shown;
  readonly item: string;
  readonly purpose: string;
  readonly statement: string | null;
  readonly message: string;
}

/** `summary.json`: a run for programs that want the outcome without the record. */
export interface Summary {
  readonly run: string;
  readonly state: RunRecord['state'];
  readonly device: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly rig: string;
  readonly ics: {
    readonly file: string;
    readonly digest: string;
    readonly consistent: boolean;
    readonly anyway: boolean;
  };
  readonly counts: Readonly<Record<Shown, number>>;
  readonly gate: Gate;
  /** What needs a reader first comes first; cases that passed or do not apply are left out. */
  readonly notPass: readonly Line[];
}

function lineOf(c: CaseRecord, run: RunRecord): Line {
  const { reason } = c;
  return {
    id: c.id,
    shown: shownAs(c, run),
    item: c.item,
    purpose: c.purpose,
    statement: reason !== null && 'statement' in reason ? (reason.statement ?? null) : null,
    message: reasonLine(reason),
  };
}

/** Cases as every list shows them: what needs a reader first, then by id. */
export function inOrder(cases: readonly CaseRecord[], run: RunRecord): CaseRecord[] {
  const rank = (c: CaseRecord): number => SHOWN.indexOf(shownAs(c, run));
  return [...cases].sort((a, b) => rank(a) - rank(b) || natural(a.id, b.id));
}

/** What `summary.json` and the terminal tell of a run, from its record alone. */
export function summaryOf(run: RunRecord): Summary {
  const { file, digest, consistent, anyway } = run.ics;
  const notPass = run.cases.filter((c) => c.verdict !== 'PASS' && c.verdict !== 'NOT_APPLICABLE');
  return {
    run: run.run,
    state: run.state,
    device: deviceName(run),
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    rig: run.rig.name,
    ics: { file, digest, consistent, anyway },
    counts: countShown(run.cases, run),
    gate: gateOf(run),
    notPass: inOrder(notPass, run).map((c) => lineOf(c, run)),
  };
}

/** Something that must be said before any figure. */
export interface Stamp {
  readonly text: string;
  /** A defect of the run; otherwise only what kind of run it was. */
  readonly serious: boolean;
}

/** Nothing, or that the run is not what it seems. */
export function stampsOf(run: RunRecord): Stamp[] {
  const { protocol } = run.rig.factors;
  return [
    ...(run.state === 'complete' ? [] : [{ text: 'incomplete: the run was not settled', serious: true }]),
    ...(run.ics.consistent ? [] : [{ text: 'run on an inconsistent ICS', serious: true }]),
    ...((run.errors ?? []).length === 0
      ? []
      : [{ text: 'a defect of the tester surfaced during the run', serious: true }]),
    ...(run.notAsked === undefined
      ? []
      : [{ text: `a selection: applicable cases that were not asked for: ${run.notAsked}`, serious: true }]),
    ...(protocol === 1
      ? []
      : [
          {
            text: `simulated device, protocol time ${Number((1 / protocol).toFixed(2))} times as fast`,
            serious: false,
          },
        ]),
  ];
}

/** Rows of a terminal of the usual height. */
const SCREEN_ROWS = 24;
const SCREEN_COLUMNS = 100;

function cut(line: string): string {
  return line.length <= SCREEN_COLUMNS ? line : `${line.slice(0, SCREEN_COLUMNS - 1)}…`;
}

/** `1 h 02 min`, `3 min 12 s` or `42 s`. */
export function duration(ms: number): string {
  const s = Math.round(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`;
}

function row(line: Line): string {
  const text = line.statement === null ? line.message : `${line.statement}: ${line.message}`;
  return cut(`${SHOWN_TEXT[line.shown].padEnd(12)}  ${line.id.padEnd(18)}  ${text.replaceAll(/\s+/g, ' ')}`);
}

/** The run on one screen, what did not pass first. Longer lists end in a count of what was left out. */
export function summaryText(run: RunRecord, rows = SCREEN_ROWS): string {
  const s = summaryOf(run);
  const took = run.endedAt === null ? '' : `, ${duration(Date.parse(run.endedAt) - Date.parse(run.startedAt))}`;
  const head = [
    cut(`${s.device} on ${s.rig}, ${run.startedAt.slice(0, 16).replace('T', ' ')} UTC${took}`),
    ...stampsOf(run).map(({ text, serious }) => (serious ? `*** ${text} ***` : text)),
  ];
  const counts = SHOWN.filter((v) => s.counts[v] > 0 || v === 'FAIL' || v === 'PASS').map(
    (v) => `${s.counts[v]} ${SHOWN_TEXT[v]}`,
  );
  const tail = ['', counts.join(' · '), `exit ${s.gate.exit}: ${gateSentence(s.gate)}`];
  const room = Math.max(3, rows - head.length - tail.length - 3);
  const listed = s.notPass.length <= room ? s.notPass : s.notPass.slice(0, room - 1);
  const more = s.notPass.length - listed.length;
  return [
    ...head,
    '',
    ...listed.map(row),
    ...(more === 0 ? [] : [`… and ${more} more: see conformance.html`]),
    ...tail,
    '',
  ].join('\n');
}
