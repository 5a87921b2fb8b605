import { InputError } from '../../core/errors.ts';
import { cardOf, cardText } from '../../report/card.ts';
import { readRun } from '../../report/read.ts';
import { sourcesOf } from '../printer.ts';
import { type Errand, execute, pooled } from './execute.ts';
import type { Outcome } from './matrix.ts';
import type { Profile } from './profiles.ts';
import { selections } from './selections.ts';

/** How the datagrams of a conforming device fare. */
export interface Impaired {
  readonly lossPercent: number;
  readonly duplicatePercent: number;
  readonly reorder: boolean;
}

export interface AlarmOptions extends Impaired {
  readonly profiles: readonly Profile[];
  /** At least so many case executions. */
  readonly executions: number;
  readonly seed: number;
  /** All that a profile selects unless told. */
  readonly cases?: readonly string[];
  readonly width: number;
  readonly folder: string;
  progress(text: string): void;
}

/** A right device that was failed, with its verdict card. */
export interface FalseFail extends Outcome {
  readonly profile: string;
  readonly seed: number;
  readonly card: string;
}

/** The false-alarm figure: what cases came to on conforming devices behind a bad link. Only a FAIL is an alarm. */
export interface Alarm extends Impaired {
  readonly executions: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly alarms: readonly FalseFail[];
  readonly seconds: number;
}

function impairArgs(o: Impaired, seed: number): string[] {
  const link = ['--loss', String(o.lossPercent), '--duplicate', String(o.duplicatePercent), '--seed', String(seed)];
  return o.reorder ? [...link, '--reorder'] : link;
}

/** The profiles, each with those of the wanted cases that it selects; one that selects none of them is left out. */
async function errandsOf({ profiles, cases }: AlarmOptions): Promise<Pick<Errand, 'profile' | 'cases'>[]> {
  if (cases === undefined) return profiles.map((profile) => ({ profile }));
  const selected = await selections(profiles);
  const errands = profiles.map((profile) => ({ profile, cases: cases.filter((id) => selected.get(profile)?.has(id)) }));
  const useful = errands.filter((e) => e.cases.length > 0);
  if (useful.length === 0)
    throw new InputError(
      'prove',
      `none of the profiles selects ${cases.join(', ')}; see \`plumbline why CASE --ics FILE\``,
    );
  return useful;
}

/** Runs the profiles without fault behind a bad link, each time with another seed, until enough cases were executed. */
export async function falseAlarms(o: AlarmOptions): Promise<Alarm> {
  const began = performance.now();
  const verdicts: Record<string, number> = {};
  const alarms: FalseFail[] = [];
  const errands = await errandsOf(o);
  let executions = 0;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (executions < o.executions) {
      const errand = errands[next % errands.length] as Pick<Errand, 'profile' | 'cases'>;
      const seed = o.seed + next++;
      const name = `alarm.${o.lossPercent}.${seed}`;
      const simArgs = impairArgs(o, seed);
      const outcomes = await execute({ ...errand, name, simArgs }, o.folder);
      executions += outcomes.length;
      for (const outcome of outcomes) {
        verdicts[outcome.verdict] = (verdicts[outcome.verdict] ?? 0) + 1;
        if (outcome.verdict === 'FAIL')
          alarms.push({ ...outcome, profile: errand.profile.name, seed, card: await cardIn(outcome) });
      }
      o.progress(`${executions} of ${o.executions} executions, ${alarms.length} FAIL`);
    }
  };
  await pooled(Array.from({ length: o.width }), o.width, worker);
  const { lossPercent, duplicatePercent, reorder } = o;
  return {
    lossPercent,
    duplicatePercent,
    reorder,
    executions,
    verdicts,
    alarms,
    seconds: (performance.now() - began) / 1000,
  };
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
    `${link}: ${alarm.alarms.length} false FAIL in ${alarm.executions} case executions (${verdicts.join(', ')}) in ${alarm.seconds.toFixed(0)} s`,
    ...alarm.alarms.map(
      (a) => `  ${a.id} by ${a.statement ?? '?'} (profile ${a.profile}, seed ${a.seed}): ${a.message ?? ''}\n${a.card}`,
    ),
  ].join('\n');
}
