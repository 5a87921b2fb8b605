import type { IxitValue } from '../core/ixit.ts';
import { benchLine, type Printer, plainLine } from '../report/timeline.ts';
import { isSecretReference, readSecret, Redactor } from '../rig/secret.ts';
import type { Registered } from '../core/registered.ts';

/** IXIT references also name images; a secret is short. */
const LONGEST_SECRET = 4_096;

/** Learns the secrets behind references; one that is not there (any more) is passed over: whoever needs it will say so. */
export function learnSecrets(redactor: Redactor, values: Readonly<Record<string, IxitValue>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'string' || !isSecretReference(value)) continue;
    try {
      const secret = readSecret(value);
      if (secret.length <= LONGEST_SECRET) redactor.add(secret, name);
    } catch {
      // Told where the value is needed.
    }
  }
}

/** Decodes events for timelines as their standard does, without the secrets that the redactor knows. */
export function redactedPrinter(standards: readonly Registered[], redactor: Redactor): Printer {
  const bySpec = new Map(standards.map((s) => [s.spec, s]));
  return (spec, event, log, must = false) => {
    const standard = bySpec.get(spec);
    const decoded = standard?.print(event, log) ?? benchLine(event);
    const line = decoded ?? (standard === undefined || must ? plainLine(event) : undefined);
    return line === undefined ? undefined : redactor.text(line);
  };
}
