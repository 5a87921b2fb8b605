import type { Command } from 'commander';
import { say, sayJson } from './text.ts';

/** `plumbline compare RUN RUN`: what became of the cases of an earlier run; exit code 1 for a new FAIL. */
export function register(program: Command): void {
  program
    .command('compare')
    .description('compare two runs: new FAIL, mended, unstable, slower')
    .argument('<earlier>', 'folder of the earlier run')
    .argument('<later>', 'folder of the later run')
    .option('--json', 'the comparison as JSON')
    .action(async (earlier: string, later: string, words: { json?: true }) => {
      const { comparisonText, compareRuns } = await import('../report/compare.ts');
      const { readRun } = await import('../report/read.ts');
      const comparison = compareRuns(readRun(earlier).run, readRun(later).run);
      if (words.json) sayJson(comparison);
      else say(comparisonText(comparison));
      process.exitCode = comparison.newFail.length > 0 ? 1 : 0;
    });
}
