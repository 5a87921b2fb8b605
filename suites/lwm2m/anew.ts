import type { ModelLinks } from '../../src/lwm2m/codec/link-format.ts';
import { registrations } from '../../src/lwm2m/registered.ts';
import type { J } from './claims.ts';
import type { T } from './moves.ts';

/** Has the device register anew, so that the registration stands in the log of the case. */
export async function registerAgain(t: T): Promise<void> {
  t.mark('register');
  await t.anew('trigger');
}

/** The links of the registration that the case saw; inconclusive without. */
export function registration(j: J, statement: string): ModelLinks | undefined {
  const seen = j.log.first(registrations);
  if (seen?.links === undefined) j.inconclusive(statement, seen?.problem ?? 'no registration was seen in the case');
  return seen?.links;
}
