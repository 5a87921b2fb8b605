import { expect } from 'chai';
import { hexNumber, nameOf } from '../../src/core/layout/names.ts';
import {
  distributionPhase,
  distributionStatus,
  transferMode,
  updatePhase,
  updatePolicy,
} from '../../src/mesh/codec/enums.ts';
import {
  distributionApply,
  distributionStart,
  distributionStatusMessage,
  receiversGet,
  receiversList,
} from '../../src/mesh/codec/messages/distribution.ts';
import { answer, message } from '../../src/mesh/kinds.ts';
import { blobChunkTransfer } from '../../src/mesh/codec/messages/blob.ts';
import { BENCH_GROUP } from '../../src/mesh/bench/network.ts';
import { type J, type MeshCase, phasesOf, reply, shows } from './claims.ts';
import {
  addReceivers,
  DISTRIBUTING,
  distributionValue,
  DISTRIBUTOR,
  markImages,
  NOBODY,
  TARGETS,
  untilPhase,
  reaches,
  start,
  uploaded,
} from './distributing.ts';
import { ITEM } from './items.ts';
import { SHORT_BASE, type T } from './moves.ts';

const NAMES = { status: distributionStatus, phase: distributionPhase };
const { SUCCESS } = distributionStatus;
const { TRANSFER_ACTIVE, TRANSFER_SUCCESS, COMPLETED, FAILED } = distributionPhase;
const ALL = { first: 0, limit: 10 };

/** A distribution to two played targets that is verified, applied and looked at. */
async function distribute(t: T, mode: number, group = 0): Promise<void> {
  const to = t.element('distribution');
  const targets = await start(t, TARGETS, [], { mode, group }, group === 0 ? {} : { group });
  if ((await untilPhase(t, 'distributing', [TRANSFER_SUCCESS])) !== TRANSFER_SUCCESS)
    t.stop('the distribution did not come to Transfer Success');
  markImages(t, targets);
  await t.ask('apply', to, distributionApply, {});
  await untilPhase(t, 'applying', [COMPLETED]);
  await t.ask('receivers after', to, receiversGet, ALL);
}

/** The targets got the octets that were uploaded. */
function sameImages(j: J, statement: string): void {
  const mark = j.log.events.find((e) => e.type === 'mark' && e.data?.['name'] === 'images');
  if (mark === undefined) return j.inconclusive(statement, 'what the targets got was not looked at');
  const { sent, received } = mark.data ?? {};
  const all = Array.isArray(received) ? received : [];
  j.check(statement, () => expect(all, 'images of the targets').to.deep.equal(all.map(() => sent)), mark);
}

/** What the receivers list shows of each address. */
function receiverPhases(j: J, statement: string, wanted: Readonly<Record<number, number | 'failed'>>): void {
  const seen = reply(j, statement, receiversList, 'receivers after');
  if (seen === undefined) return;
  const success: readonly number[] = [updatePhase.APPLY_SUCCESS];
  for (const [address, phase] of Object.entries(wanted)) {
    const entry = seen.value.entries.find((e) => e.address === Number(address));
    const shown = entry === undefined ? 'no entry' : nameOf(updatePhase, entry.phase);
    j.check(
      statement,
      () => {
        if (phase === 'failed')
          expect(
            entry !== undefined && success.includes(entry.phase) ? shown : 'failed',
            `receiver ${address}`,
          ).to.equal('failed');
        else expect(shown, `receiver ${address}`).to.equal(nameOf(updatePhase, phase));
      },
      seen,
    );
  }
}

/** Status tells the group, and whatever of the image went to it counts for every target. */
function judgeGroup(j: J): void {
  const S = 'DFUM-D.distribute';
  const started = j.log.first(answer(distributionStatusMessage, 'start'));
  const told = started?.value?.distribution;
  if (told === undefined) return;
  j.check(
    S,
    () => expect(hexNumber(told.group, 4), 'group of Distribution Status').to.equal(hexNumber(BENCH_GROUP, 4)),
    started,
  );
  const chunks = j.log.all(message(blobChunkTransfer));
  j.note(`${chunks.filter(({ dst }) => dst === BENCH_GROUP).length} of ${chunks.length} chunks went to the group`);
}

function judgeDistribution(j: J, statement: string): void {
  const started = shows(j, statement, distributionStatusMessage, 'start', NAMES, {
    status: SUCCESS,
    phase: TRANSFER_ACTIVE,
  });
  if (started === undefined || !reaches(j, statement, 'distributing', TRANSFER_SUCCESS)) return;
  sameImages(j, statement);
  shows(j, statement, distributionStatusMessage, 'apply', { status: distributionStatus }, { status: SUCCESS });
  if (!reaches(j, statement, 'applying', COMPLETED)) return;
  j.note(`phases seen: ${phasesOf(j.log.all(answer(distributionStatusMessage))).join(', ')}`);
  receiverPhases(j, statement, Object.fromEntries(TARGETS.map((address) => [address, updatePhase.APPLY_SUCCESS])));
}

/** Distributions from beginning to end. */
export const distributionCases: readonly MeshCase[] = [
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/12',
    purpose:
      'a distribution in push mode, to each receiver or to a group, brings the image to every one and applies it when told',
    when: `${ITEM.DISTRIBUTION_SERVER} and MBTM 20/2`,
    variants: { unicast: { when: 'MBTM 20/2' }, group: { when: 'MBTM 20/2' } },
    statements: ['DFUM-D.distribute', 'DFUM-D.order'],
    ixit: DISTRIBUTING,
    demo: true,
    related: ['DFUM/SR/FD/BV-25-C'],
    drive: (t, variant) => distribute(t, transferMode.PUSH, variant === 'group' ? BENCH_GROUP : 0),
    judge(j) {
      judgeDistribution(j, 'DFUM-D.distribute');
      if (j.variant === 'group') judgeGroup(j);
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/13',
    purpose: 'with the policy Verify And Apply a distribution goes on to the end by itself',
    statements: ['DFUM-D.auto-apply'],
    ixit: DISTRIBUTING,
    async drive(t) {
      const targets = await start(t, TARGETS, [], { policy: updatePolicy.VERIFY_AND_APPLY });
      await untilPhase(t, 'distributing', [COMPLETED]);
      markImages(t, targets);
      await t.ask('receivers after', t.element('distribution'), receiversGet, ALL);
    },
    judge(j) {
      const S = 'DFUM-D.auto-apply';
      const started = shows(j, S, distributionStatusMessage, 'start', NAMES, { status: SUCCESS });
      if (started === undefined || !reaches(j, S, 'distributing', COMPLETED)) return;
      receiverPhases(j, S, Object.fromEntries(TARGETS.map((address) => [address, updatePhase.APPLY_SUCCESS])));
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/14',
    purpose: 'a distribution completes if one receiver made it and fails if none did',
    statements: ['DFUM-D.lost'],
    ixit: DISTRIBUTING,
    async drive(t) {
      const to = t.element('distribution');
      const [played] = TARGETS;
      const [silent] = NOBODY;
      await start(t, [played], [silent], { policy: updatePolicy.VERIFY_AND_APPLY, timeoutBase: SHORT_BASE });
      await untilPhase(t, 'one lost', [COMPLETED]);
      await t.ask('receivers after', to, receiversGet, ALL);
      await t.internals.idle();
      const { image } = await uploaded(t, 'A');
      await addReceivers(t, NOBODY);
      await t.ask('start to nobody', to, distributionStart, distributionValue(t, image, { timeoutBase: SHORT_BASE }));
      await untilPhase(t, 'all lost', [FAILED, COMPLETED, TRANSFER_SUCCESS]);
    },
    judge(j) {
      const S = 'DFUM-D.lost';
      if (shows(j, S, distributionStatusMessage, 'start', NAMES, { status: SUCCESS }) === undefined) return;
      if (reaches(j, S, 'one lost', COMPLETED))
        receiverPhases(j, S, { [TARGETS[0]]: updatePhase.APPLY_SUCCESS, [NOBODY[0]]: 'failed' });
      reaches(j, S, 'all lost', FAILED);
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/21',
    purpose: 'a distribution in pull mode brings the image to every receiver and applies it when told',
    when: `${ITEM.DISTRIBUTION_SERVER} and MBTM 20/1`,
    statements: ['DFUM-D.distribute-pull', 'DFUM-D.order'],
    ixit: DISTRIBUTING,
    drive: (t) => distribute(t, transferMode.PULL),
    judge: (j) => judgeDistribution(j, 'DFUM-D.distribute-pull'),
  },
];
