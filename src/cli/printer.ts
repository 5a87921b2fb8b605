import { join } from 'node:path';
import type { RunRecord } from '../core/record.ts';
import type { Sources } from '../report/card.ts';
import { Redactor } from '../rig/secret.ts';
import { redactedPrinter } from '../run/print.ts';
import { learnAgain } from '../run/secrets.ts';
import { loadStandards } from '../standards.ts';

/** Decodes the events of a stored run as its standards do, without its secrets; where one of them is not known any more, no line is shown. */
export async function sourcesOf(run: RunRecord, runDir: string): Promise<Sources> {
  const redactor = new Redactor();
  const withheld = learnAgain(redactor, join(runDir, 'private'));
  const specs = [...new Set(run.cases.map((c) => c.spec))];
  const print = redactedPrinter(await loadStandards(specs), redactor);
  return { runDir, print, ...(withheld === undefined ? {} : { withheld }) };
}
