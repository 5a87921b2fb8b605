import { mustBe } from '../core/claim.ts';
import type { Judge } from '../core/case.ts';
import { nameOf } from '../core/layout/names.ts';
import type { Kind, Seen } from '../core/log.ts';
import type { Invariant } from '../core/standard.ts';
import { valueOf } from './codec/frame.ts';
import { defaultResponse } from './codec/global.ts';
import { upgradeStatus, zclStatus } from './codec/numbers.ts';
import { queryNextImageResponse, querySpecificFileResponse, upgradeEndResponse } from './codec/ota.ts';
import { announces, frames, type SeenFrame, values } from './kinds.ts';
import type { ZigbeePolicies } from './policies.ts';
import { statusAfter, type Trigger, triggers } from './statusMachine.ts';

const { NORMAL } = upgradeStatus;
const STATUS = 0x0006;
const EVERY_TRIGGER = Object.keys(triggers) as Trigger[];

/** What a frame of the tester can have set going, delivered or not; of one that cannot be read, anything. */
function triggersOf({ dir, decoded }: SeenFrame): readonly Trigger[] {
  if (dir !== 'out') return [];
  if (decoded.kind === 'malformed') return EVERY_TRIGGER;
  const offered = valueOf(queryNextImageResponse, decoded) ?? valueOf(querySpecificFileResponse, decoded);
  // A client may have kept the whole file from before, and need no block of it.
  if (offered?.status === zclStatus.SUCCESS) return ['file offered', 'last octet stored'];
  if (valueOf(upgradeEndResponse, decoded) !== undefined)
    return ['upgrade held', 'upgrade time given', 'upgrade left to the application'];
  return valueOf(defaultResponse, decoded) === undefined ? [] : ['upgrade cancelled'];
}

/** The device has restarted, was reset, or was without power. */
const restarts: Kind<object> = {
  name: 'restart',
  read: (event, log) => (event.type === 'power' || event.type === 'reset' ? {} : announces.read(event, log)),
};

/** What may have moved the status by this event. The whole attempt counts, for the network may have held a frame back. */
function triggersBy(j: Judge<ZigbeePolicies>, now: Seen<object>): Trigger[] {
  const before = j.log.before(now);
  if (before.first(restarts) !== undefined) return EVERY_TRIGGER;
  return ['activated out of band', ...before.all(frames).flatMap(triggersOf)];
}

/** A frame of the device that contradicts the layouts: its octets in words. */
const malformed: Kind<{ readonly what: string }> = {
  name: 'malformed frame',
  read(event, log) {
    const frame = frames.read(event, log);
    if (frame?.dir !== 'in' || frame.decoded.kind !== 'malformed') return undefined;
    return { what: `${frame.decoded.type?.name ?? 'frame'}: ${frame.decoded.error.message}` };
  },
};

/**
 * ImageUpgradeStatus moves only as the table allows, by what the tester has sent until then and by what may happen within a client at any time; looks may miss
 * states. Normal can always follow: a client may restart by itself, and its announce be lost.
 */
function judgeStatus(j: Judge<ZigbeePolicies>): void {
  const seen = j.log.all(values(STATUS));
  if (seen.length === 0) return;
  let before: number | undefined;
  for (const now of seen) {
    const from = before;
    j.check(
      'ZBOTA-CLI.status',
      () =>
        mustBe(
          Object.values<number>(upgradeStatus).includes(now.value) &&
            (from === undefined || now.value === NORMAL || statusAfter(from, triggersBy(j, now)).has(now.value)),
          'ImageUpgradeStatus',
          nameOf(upgradeStatus, now.value),
          from === undefined ? 'a value of the table' : `a state that can follow ${nameOf(upgradeStatus, from)}`,
        ),
      now,
    );
    before = now.value;
  }
}

function judgeLayout(j: Judge<ZigbeePolicies>): void {
  const odd = j.log.first(malformed);
  if (odd === undefined && j.log.all(frames).length === 0) return;
  j.check('ZBOTA-GEN.layout', () => mustBe(odd === undefined, 'frame of the device', odd?.what, 'well-formed'), odd);
}

/** Rules that hold over every trace. */
export const INVARIANTS: readonly Invariant<ZigbeePolicies>[] = [
  { statement: 'ZBOTA-CLI.status', judge: judgeStatus },
  { statement: 'ZBOTA-GEN.layout', judge: judgeLayout },
];
