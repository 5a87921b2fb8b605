import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError, messageOf, PlumblineError } from '../core/errors.ts';
import type { RunRecord } from '../core/record.ts';
import { type Card, cardOf, type Sources } from './card.ts';
import { junitXml } from './junit.ts';
import { conformancePage } from './page.ts';
import { summaryOf } from './summary.ts';
import type { Printer } from './timeline.ts';
import { readRun, type Stored } from './read.ts';
import { writeResults } from './results.ts';
import { writeSite } from './site.ts';

/** How the reports of a run are to be made. */
export interface ReportOptions {
  /** Decodes events for timelines and cards; without it they show what events hold. */
  readonly print?: Printer;
  /** Why no decoded line may be shown. */
  readonly withheld?: string;
  /** Attach raw events and captures to the Allure report. Default no: they stay in the run's private folder. */
  readonly raw?: boolean;
  /** Make the browsable Allure report too, about 1 s. Default yes. */
  readonly site?: boolean;
}

/** Where the reports are. */
export interface Reports {
  readonly conformance: string;
  readonly junit: string;
  readonly summary: string;
  readonly allureResults: string;
  readonly allureReport: string | null;
}

/** The cards of the cases that did not pass, by case id. */
function cardsOf(run: RunRecord, sources: Sources): Map<string, Card> {
  return new Map(
    run.cases.flatMap((c): [string, Card][] => {
      const card = cardOf(c, run, sources);
      return card === null ? [] : [[c.id, card]];
    }),
  );
}

/**
 * Makes every report of a run anew from its record, and from its private evidence where that is still there. Throws an InputError where there is no usable
 * record, a BenchError where a report cannot be made; those made before it stay.
 */
export async function writeReports(dir: string, options: ReportOptions = {}): Promise<Reports> {
  const stored = readRun(dir);
  try {
    return await writeAll(stored, options);
  } catch (e) {
    if (e instanceof PlumblineError) throw e;
    const place = { file: stored.runDir };
    throw new BenchError('reports', `the reports cannot be written: ${messageOf(e)}`, { place, cause: e });
  }
}

async function writeAll({ runDir, run, digest }: Stored, options: ReportOptions): Promise<Reports> {
  const { site, ...attach } = options;
  const sources = { ...attach, runDir };
  const cards = cardsOf(run, sources);
  const reports = {
    conformance: join(runDir, 'conformance.html'),
    junit: join(runDir, 'junit.xml'),
    summary: join(runDir, 'summary.json'),
    allureResults: join(runDir, 'allure-results'),
  };
  writeFileSync(reports.conformance, conformancePage(run, cards, digest));
  writeFileSync(reports.junit, junitXml(run, cards));
  writeFileSync(reports.summary, `${JSON.stringify(summaryOf(run), null, 2)}\n`);
  writeResults(reports.allureResults, run, sources);
  const allureReport = site === false ? null : await writeSite(runDir, reports.allureResults, run);
  return { ...reports, allureReport };
}
