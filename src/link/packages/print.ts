import type { Ev } from '../../core/events.ts';
import type { Log } from '../../core/log.ts';
import { packageAsked, packageProgress, packageTrouble } from './events.ts';

/** An event of a package server in one line; undefined for any other event. */
export function printPackage(event: Ev, log: Log): string | undefined {
  const asked = packageAsked.read(event, log);
  if (asked !== undefined) {
    const shown =
      asked.authorised === undefined ? '' : asked.authorised ? ', credentials fit' : ', credentials do not fit';
    return `← ${asked.scheme} ${asked.method} ${asked.path} (${asked.served}${asked.range === undefined ? '' : `, ${asked.range}`}${shown})`;
  }
  const trouble = packageTrouble.read(event, log);
  if (trouble !== undefined) return `  package server: ${trouble.what}`;
  const sent = packageProgress.read(event, log);
  if (sent === undefined) return undefined;
  if (sent.step === 'piece') return `→ ${sent.served} ${sent.offset + sent.octets} of ${sent.of} octets`;
  return sent.step === 'end'
    ? `→ ${sent.served} answered, status ${sent.status}`
    : `  ${sent.served}: connection ended`;
}
