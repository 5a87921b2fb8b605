import { relative } from 'node:path';
import { gateOf, gateSentence } from '../report/gate.ts';
import { summaryOf } from '../report/summary.ts';
import type { Reports } from '../report/write.ts';
import type { RunPlanResult } from '../run/run-plan.ts';

/** What the run came to, and where its reports are, those for people first; from the working folder where they lie below it. */
export function outcomeLines({ record, dir, reports }: RunPlanResult): string[] {
  const first = summaryOf(record).notPass[0];
  return [
    gateSentence(gateOf(record)),
    ...reportLines(reports),
    ...(first === undefined ? [] : [`  ${'verdict card'.padEnd(17)} plumbline show ${near(dir)} ${first.id}`]),
  ];
}

/** The paths alone. */
export function reportLines(reports: Reports | null): string[] {
  if (reports === null) return [];
  const files: readonly (readonly [title: string, file: string | null])[] = [
    ['conformance page', reports.conformance],
    ['browsable report', reports.allureReport],
    ['JUnit', reports.junit],
    ['summary', reports.summary],
  ];
  return files.flatMap(([title, file]) => (file === null ? [] : [`  ${title.padEnd(17)} ${near(file)}`]));
}

function near(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith('..') ? file : path;
}
