import { relative } from 'node:path';
import type { Reports } from '../report/write.ts';

/** Where the reports of a run are, those for people first; from the working folder where they lie below it. */
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
