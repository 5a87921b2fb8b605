import { expect } from 'chai';
import type { CborMap } from '../../src/ocf/codec/cbor.ts';
import { sameInstant } from '../../src/ocf/instant.ts';
import type { SeenRepresentation } from '../../src/ocf/kinds.ts';
import type { OcfPolicies } from '../../src/ocf/policies.ts';
import { printValue } from '../../src/ocf/value.ts';
import { answerTo, type J, readBack, refuses, type T, unchanged } from './claims.ts';

/** What a device may do with a bad UPDATE. `information`: whatever it does is only recorded. */
export type Reading = 'refuse' | 'refuseOrIgnore' | 'information';

/** One bad UPDATE and how its effect would show. */
export interface Bad {
  readonly name: string;
  /** Contradicted by a device that takes it. */
  readonly statement: string;
  body(t: T): CborMap;
  /** The properties that must not come to hold what the body says; default those of the body. */
  readonly properties?: readonly string[];
  /** Default `refuse`. */
  reading?(policy: OcfPolicies): Reading;
}

/** Sends each with a RETRIEVE before and after. */
export async function sendBad(t: T, all: readonly Bad[]): Promise<void> {
  for (const bad of all) {
    await t.retrieve(`before ${bad.name}`);
    await t.update(bad.body(t), { label: bad.name });
    await t.retrieve(`after ${bad.name}`);
  }
}

const same = (a: unknown, b: unknown): boolean => a === b || sameInstant(a, b);

/** What a device that says 2.xx took over from the body, as `updatetime: 2030-…`. */
function takenOver(bad: Bad, before: SeenRepresentation, after: SeenRepresentation, sent: CborMap): string[] {
  const names = bad.properties ?? Object.keys(sent);
  return names.flatMap((name) => {
    const [old, now] = [before.properties[name], after.properties[name]];
    return same(old, now) ? [] : [`${name} became ${printValue(now)}`];
  });
}

/**
 * A refusal must be of class 4 and change nothing. Where ignoring is allowed too, an accepted UPDATE must not have carried the bad part over; where it is
 * not, accepting contradicts the statement, whatever was stored.
 */
export function judgeBad(j: J, all: readonly Bad[]): void {
  for (const bad of all) {
    const reading = bad.reading?.(j.policy) ?? 'refuse';
    const reply = answerTo(j, bad.statement, 'UPDATE', bad.name);
    if (reply === undefined) continue;
    const accepted = reply.code.startsWith('2.');
    if (reading === 'information') {
      const now = readBack(j, 'OCFSWU-T7.retrieve', `after ${bad.name}`);
      j.note(
        `${bad.name}: ${reply.code}${accepted && now !== undefined ? `, then purl ${printValue(now.purl)}, action ${printValue(now.action)}, time ${printValue(now.time)}` : ''}`,
      );
      continue;
    }
    if (!accepted || reading === 'refuse') {
      if (refuses(j, bad.statement, reply, bad.name))
        unchanged(j, bad.statement, `before ${bad.name}`, `after ${bad.name}`);
      continue;
    }
    const [before, after] = [`before ${bad.name}`, `after ${bad.name}`].map((label) =>
      readBack(j, bad.statement, label),
    );
    if (before === undefined || after === undefined) continue;
    j.check(
      bad.statement,
      () => expect(takenOver(bad, before, after, reply.sent ?? {}), `taken over from ${bad.name}`).to.deep.equal([]),
      after,
    );
  }
}
