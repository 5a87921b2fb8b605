import type { Command } from 'commander';
import { InputError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import { say, sayJson } from './text.ts';

/** `plumbline show RUN CASE`: the verdict card of one case. */
export function register(program: Command): void {
  program
    .command('show')
    .description('show the verdict card of a case')
    .argument('<run>', 'folder of the run')
    .argument('<case>', 'id of the case')
    .option('--json', 'the card as JSON')
    .action(async (dir: string, id: string, words: { json?: true }) => {
      const { cardOf, cardText } = await import('../report/card.ts');
      const { readRun } = await import('../report/read.ts');
      const { SHOWN_TEXT, shownAs } = await import('../report/status.ts');
      const { sourcesOf } = await import('./printer.ts');
      const { runDir, run } = readRun(dir);
      const found = run.cases.find((c) => c.id === id.split('@')[0]);
      if (found === undefined) {
        const ids = run.cases.map((c) => c.id);
        throw new InputError('case-id', `the run has no case ${id}${didYouMean(id, ids)}`, { place: { file: dir } });
      }
      const card = cardOf(found, run, await sourcesOf(run, runDir));
      if (words.json) sayJson(card ?? found);
      else if (card !== null) say(cardText(card, process.stdout.isTTY ? process.stdout.columns : undefined).trimEnd());
      else
        say(
          [
            `${SHOWN_TEXT[shownAs(found, run)]}  ${found.id}  ${found.purpose}`,
            ...Object.entries(found.statements).map(
              ([id, verdict]) => `  ${(verdict ?? 'not judged').padEnd(10)}  ${id}: ${run.statements[id]?.text ?? ''}`,
            ),
            ...found.notes.map((note) => `  note        ${note}`),
            ...(found.reason === null ? [] : [`  because     ${found.reason.message}`]),
          ].join('\n'),
        );
    });
}
