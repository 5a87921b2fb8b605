import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { say, sayJson } from './text.ts';

interface Words {
  readonly raw?: true;
  readonly site: boolean;
  readonly json?: true;
}

/** `plumbline report DIR`: every report of a run made anew from its record. What makes reports is loaded only then: other commands start faster. */
export function register(program: Command): void {
  program
    .command('report')
    .description('make the reports of a run anew from its record')
    .argument('<dir>', 'folder of the run, such as reports/<run>')
    .option('--raw', 'attach raw events and captures to the browsable report')
    .option('--no-site', 'no browsable report')
    .option('--json', 'the summary as JSON')
    .action(async (dir: string, words: Words) => {
      const { readRun } = await import('../report/read.ts');
      const { summaryOf, summaryText } = await import('../report/summary.ts');
      const { reportLines } = await import('./reports.ts');
      const { writeReports } = await import('../report/write.ts');
      const { sourcesOf } = await import('./printer.ts');
      const { runDir, run } = readRun(dir);
      const sources = await sourcesOf(run, runDir);
      if (sources.withheld !== undefined && existsSync(join(runDir, 'private')))
        process.stderr.write(`decoded lines are left out: ${sources.withheld}\n`);
      const reports = await writeReports(runDir, { ...sources, raw: words.raw === true, site: words.site });
      if (words.json) {
        sayJson({ ...summaryOf(run), reports });
        return;
      }
      say(summaryText(run));
      for (const line of reportLines(reports)) say(line);
    });
}
