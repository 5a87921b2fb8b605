import type { Registered } from '../core/registered.ts';
import { benchLine, type Printer, plainLine } from '../report/timeline.ts';
import type { Redactor } from '../rig/secret.ts';

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
