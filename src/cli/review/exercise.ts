import { join } from 'node:path';
import { cardOf, cardText } from '../../report/card.ts';
import { runPlan } from '../../run/run-plan.ts';
import { sourcesOf } from '../printer.ts';
import type { Seeded } from './seeded.ts';

/** What became of one seeded failure. */
export interface Reviewed {
  readonly seeded: Seeded;
  /** The verdict card as the terminal shows it. */
  readonly text: string;
  /** What an engineer would miss on it; empty for a good card. */
  readonly shortfalls: readonly string[];
}

/** Rows of a terminal of the usual height: what is seen without scrolling. */
const SCREEN_ROWS = 24;

/** Spaces and line breaks count alike: cards break long texts. */
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** Runs the case on the faulty device and reads its card. Several may run at a time, each with folders of its own. */
export async function review(seeded: Seeded, seed: number, folder: string): Promise<Reviewed> {
  const { record, dir } = await runPlan({
    ics: seeded.ics,
    rig: seeded.rig,
    cases: [seeded.case],
    out: join(folder, seeded.fault, 'reports'),
    state: join(folder, seeded.fault, 'state'),
    simArgs: ['--seed', String(seed), '--fault', seeded.fault],
    reports: false,
    allure: false,
  });
  const found = record.cases.find((c) => c.id === seeded.case);
  const card = found === undefined ? null : cardOf(found, record, await sourcesOf(record, dir));
  if (found === undefined || card === null)
    return { seeded, text: '', shortfalls: [`ended ${found?.verdict ?? 'nowhere'}, expected FAIL`] };
  const text = cardText(card);
  const statement = record.statements[seeded.statement];
  const screen = text.split('\n').slice(0, SCREEN_ROWS);
  const mark = screen.findIndex((line) => line.startsWith('>'));
  const marked = mark < 0 ? 'no line' : screen.slice(Math.max(0, mark - 1), mark + 1).join('\n');
  const repeat = `plumbline run --ics ${seeded.ics} --rig ${seeded.rig} --case ${seeded.case}`;
  const shortfalls = [
    found.verdict === 'FAIL' ? [] : [`ended ${found.verdict}, expected FAIL`],
    flat(screen.join('\n')).includes(flat(`${seeded.statement} (${statement?.place}) ${statement?.text}`))
      ? []
      : [`the first screen does not name ${seeded.statement} with its place and text`],
    seeded.packet.test(marked) ? [] : [`the first screen marks\n${marked}\nexpected ${seeded.packet}`],
    seeded.says.test(flat(screen.join('\n'))) ? [] : [`the first screen does not say ${seeded.says}`],
    text.includes(`\nrepeat     ${repeat}\n`) ? [] : [`the card does not say how to repeat the case: ${repeat}`],
  ].flat();
  return { seeded, text, shortfalls };
}
