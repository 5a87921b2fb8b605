import { PlumblineError } from '../core/errors.ts';
import type { IxitValue } from '../core/ixit.ts';
import type { RunRecord } from '../core/record.ts';
import type { Printer } from '../report/timeline.ts';
import { loadRig } from '../rig/file.ts';
import { Redactor } from '../rig/secret.ts';
import { learnSecrets, redactedPrinter } from '../run/print.ts';
import { loadStandards } from '../standards.ts';

/** The values of the rig that may refer to secrets; nothing where its file is not there any more. */
function rigValues(file: string): Readonly<Record<string, IxitValue>>[] {
  try {
    return Object.values(loadRig(file).data.iut);
  } catch (e) {
    if (e instanceof PlumblineError) return [];
    throw e;
  }
}

/** Decodes the events of a stored run as its standards do, without the secrets that its declaration and its rig refer to. */
export async function printerOf(run: RunRecord): Promise<Printer> {
  const redactor = new Redactor();
  for (const { name, value } of run.ics.ixit) learnSecrets(redactor, { [name]: value });
  for (const values of rigValues(run.rig.file)) learnSecrets(redactor, values);
  const specs = [...new Set(run.cases.map((c) => c.spec))];
  return redactedPrinter(await loadStandards(specs), redactor);
}
