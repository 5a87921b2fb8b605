import type { Command } from 'commander';
import { say, sayJson } from './text.ts';

/** `plumbline gate RUN`: yes or no from the run record alone. */
export function register(program: Command): void {
  program
    .command('gate')
    .description('decide from a run record whether the product may pass: exit code 0, 1 or 3')
    .argument('<run>', 'folder of the run, or its run.json')
    .option('--json', 'the decision as JSON')
    .action(async (dir: string, words: { json?: true }) => {
      const { gateOf, gateSentence } = await import('../report/gate.ts');
      const { readRun } = await import('../report/read.ts');
      const gate = gateOf(readRun(dir).run);
      if (words.json) sayJson(gate);
      else
        say(
          [
            `exit ${gate.exit}: ${gateSentence(gate)}`,
            ...gate.problems.map((p) => `  ${p.kind.padEnd(16)}  ${p.what.padEnd(18)}  ${p.text}`),
          ].join('\n'),
        );
      process.exitCode = gate.exit;
    });
}
