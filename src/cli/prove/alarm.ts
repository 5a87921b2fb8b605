import { cardOf, cardText } from '../../report/card.ts';
import { readRun } from '../../report/read.ts';
import { sourcesOf } from '../printer.ts';
import { type Errand, execute } from './execute.ts';
import type { Outcome } from './matrix.ts';
import { alternately } from './order.ts';
import { pooled } from './pooled.ts';
import { type Selection, selectionOf } from './selections.ts';
import type { Subject, Work } from './subject.ts';

/** How the datagrams of a conforming device fare. */
export interface Impaired {
  readonly lossPercent: number;
  readonly duplicatePercent: number;
  readonly reorder: boolean;
}

export interface AlarmOptions extends Impaired, Work {
  /** At least so many case executions of each standard. */
  readonly executions: number;
  readonly seed: number;
}

/** A right device that was failed, with its verdict card. */
export interface FalseFail extends Outcome {
  readonly profile: string;
  readonly seed: number;
  readonly card: string;
}

/** The false-alarm figure: what cases came to on conforming devices behind a bad link. Only a FAIL is an alarm. */
export interface Alarm extends Impaired {
  readonly standard: string;
  readonly executions: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly alarms: readonly FalseFail[];
  /** All standards together. */
  readonly seconds: number;
}

/** Some cases of a profile in one run. */
type Slice = Pick<Errand, 'profile' | 'cases'>;

/** Long enough that the start of the device counts little, short enough that runs end together. */
const SLICE = 15;

function impairArgs(o: Impaired, seed: number): string[] {
  const link = ['--loss', String(o.lossPercent), '--duplicate', String(o.duplicatePercent), '--seed', String(seed)];
  return o.reorder ? [...link, '--reorder'] : link;
}

/** All cases of all profiles in slices; one after the other they belong to different profiles and to different parts of the suites. */
export function slicesOf(selection: Selection): Slice[] {
  const rows = [...selection].map(([profile, ids], i) => {
    const all = [...ids];
    const count = Math.ceil(all.length / SLICE);
    return Array.from({ length: count }, (_, k) => ({
      profile,
      // Every n-th case, so that a slice holds something of each group.
      cases: all.filter((_id, n) => n % count === (k + i) % count),
    }));
  });
  return alternately(rows);
}

/** A standard while its figure is taken. */
interface Count {
  readonly subject: Subject;
  readonly slices: readonly Slice[];
  readonly verdicts: Record<string, number>;
  readonly alarms: FalseFail[];
  executions: number;
}

/** Runs the profiles without fault behind a bad link, each time with another seed, until enough cases of each standard were executed. */
export async function falseAlarms(subjects: readonly Subject[], o: AlarmOptions): Promise<Alarm[]> {
  const began = performance.now();
  const counts: Count[] = [];
  for (const subject of subjects)
    counts.push({
      subject,
      slices: slicesOf(await selectionOf(subject)),
      verdicts: {},
      alarms: [],
      executions: 0,
    });
  await pooled(errandsOf(counts, o.executions), o.width, ([count, number]) => oneSlice(count, number, o));
  const seconds = (performance.now() - began) / 1000;
  const { lossPercent, duplicatePercent, reorder } = o;
  return counts.map(({ subject, executions, verdicts, alarms }) => ({
    standard: subject.name,
    lossPercent,
    duplicatePercent,
    reorder,
    executions,
    verdicts,
    alarms,
    seconds,
  }));
}

/** Slices of all standards in turn, by number, until those of each hold enough executions. */
function errandsOf(counts: readonly Count[], executions: number): [Count, number][] {
  const rows = counts.map((count) => {
    const row: [Count, number][] = [];
    for (let planned = 0; planned < executions; planned += sliceOf(count, row.length - 1).cases.length)
      row.push([count, row.length]);
    return row;
  });
  return alternately(rows);
}

function sliceOf({ slices }: Count, number: number): Slice {
  return slices[number % slices.length] as Slice;
}

async function oneSlice(count: Count, number: number, o: AlarmOptions): Promise<void> {
  const { subject, verdicts, alarms } = count;
  const slice = sliceOf(count, number);
  const seed = o.seed + number;
  const name = `alarm.${o.lossPercent}.${seed}`;
  const outcomes = await execute({ ...slice, name, long: true, simArgs: impairArgs(o, seed) }, subject.folder);
  count.executions += outcomes.length;
  for (const outcome of outcomes) {
    verdicts[outcome.verdict] = (verdicts[outcome.verdict] ?? 0) + 1;
    if (outcome.verdict !== 'FAIL') continue;
    const alarm = { ...outcome, profile: slice.profile.name, seed, card: await cardIn(outcome) };
    alarms.push(alarm);
    o.progress(printFalseFail(alarm));
  }
  o.progress(`${subject.name}: ${count.executions} of ${o.executions} executions, ${alarms.length} FAIL`);
}

/** The verdict card as text, because the run itself is usually thrown away. */
async function cardIn({ id, runDir }: Outcome): Promise<string> {
  if (runDir === undefined) return '';
  const { run } = readRun(runDir);
  const found = run.cases.find((c) => c.id === id);
  const card = found === undefined ? null : cardOf(found, run, await sourcesOf(run, runDir));
  return card === null ? '' : cardText(card);
}

/** The figure as one line, and for each alarm a line and its verdict card. */
export function printAlarm(alarm: Alarm): string {
  const verdicts = Object.entries(alarm.verdicts).map(([v, n]) => `${n} ${v}`);
  const link = `${alarm.lossPercent} % loss each way, ${alarm.duplicatePercent} % duplicates${alarm.reorder ? ', reordering' : ''}`;
  return [
    `${alarm.standard}, ${link}: ${alarm.alarms.length} false FAIL in ${alarm.executions} case executions (${verdicts.join(', ')}) in ${alarm.seconds.toFixed(0)} s`,
    ...alarm.alarms.map(printFalseFail),
  ].join('\n');
}

function printFalseFail({ id, statement, profile, seed, message, card }: FalseFail): string {
  return `  ${id} by ${statement ?? '?'} (profile ${profile}, seed ${seed}): ${message ?? ''}\n${card}`;
}
