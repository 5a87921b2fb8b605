import { join } from 'node:path';
import type { Printer } from './timeline.ts';
import { readRun } from './read.ts';
import { writeResults } from './results.ts';
import { writeSite } from './site.ts';

/** How the reports of a run are to be made. */
export interface ReportOptions {
  /** Decodes events for timelines and cards; without it they show what events hold. */
  readonly print?: Printer;
  /** Attach raw events and captures to the Allure report. Default no: they stay in the run's private folder. */
  readonly raw?: boolean;
  /** Make the browsable Allure report too, about 1 s. Default yes. */
  readonly site?: boolean;
}

/** Where the reports are. */
export interface Reports {
  readonly allureResults: string;
  readonly allureReport: string | null;
}

/** Makes every report of a run anew from its record, and from its private evidence where that is still there. */
export async function writeReports(runDir: string, options: ReportOptions = {}): Promise<Reports> {
  const { run } = readRun(runDir);
  const { print, raw } = options;
  const sources = { runDir, ...(print === undefined ? {} : { print }), ...(raw === undefined ? {} : { raw }) };
  const allureResults = join(runDir, 'allure-results');
  writeResults(allureResults, run, sources);
  const allureReport = options.site === false ? null : await writeSite(runDir, allureResults, run);
  return { allureResults, allureReport };
}
