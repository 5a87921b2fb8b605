import type { Watch } from '../../src/core/case.ts';
import type { Kind } from '../../src/core/log.ts';
import type { ModelLinks } from '../../src/lwm2m/codec/link-format.ts';
import { registerCopies, registrations } from '../../src/lwm2m/registered.ts';
import { awaited, type J } from './claims.ts';
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

/**
 * A copy of a Register came after this: the answer to the first was lost, the device took itself for unregistered until that copy was answered, and a new
 * registration ends its observations.
 */
export function registersAfter(j: J, since: { readonly n: number } | undefined): boolean {
  return since !== undefined && j.log.after(since).first(registerCopies) !== undefined;
}

/** As {@link awaited}, for what a device tells by itself; inconclusive where it registers after `since`. */
export function awaitedOnceRegistered<V extends object>(
  j: J,
  statement: string,
  kind: Kind<V>,
  watch: Watch & { readonly since: Kind<object> },
): void {
  const since = j.log.first(watch.since);
  const untold = since === undefined || j.log.after(since).first(kind) === undefined;
  if (untold && registersAfter(j, since))
    return j.inconclusive(statement, `no ${kind.name}, but the device was still registering when it was asked to tell`);
  awaited(j, statement, kind, watch);
}
