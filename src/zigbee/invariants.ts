import { mustBe } from '../core/claim.ts';
import type { Judge } from '../core/case.ts';
import { nameOf } from '../core/layout/names.ts';
import type { Kind } from '../core/log.ts';
import type { Invariant } from '../core/standard.ts';
import { upgradeStatus } from './codec/numbers.ts';
import { frames, values } from './kinds.ts';
import type { ZigbeePolicies } from './policies.ts';
import { statusAfter, type Trigger, triggers } from './statusMachine.ts';

const STATUS = 0x0006;
const EVERY_TRIGGER = Object.keys(triggers) as Trigger[];

/** A frame of the device that contradicts the layouts: its octets in words. */
const malformed: Kind<{ readonly what: string }> = {
  name: 'malformed frame',
  read(event, log) {
    const frame = frames.read(event, log);
    if (frame?.dir !== 'in' || frame.decoded.kind !== 'malformed') return undefined;
    return { what: `${frame.decoded.type?.name ?? 'frame'}: ${frame.decoded.error.message}` };
  },
};

/** ImageUpgradeStatus moves only as the table allows, whatever happened in between; looks may miss states. */
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
            (from === undefined || statusAfter(from, EVERY_TRIGGER).has(now.value)),
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
