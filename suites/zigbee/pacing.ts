import { expect } from 'chai';
import { mustBe } from '../../src/core/claim.ts';
import { where } from '../../src/core/log.ts';
import { blockPeriodUnitMs } from '../../src/zigbee/codec/attributes.ts';
import { zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { imageBlockResponse } from '../../src/zigbee/codec/ota.ts';
import { blockRequests, delivered, sent, values } from '../../src/zigbee/kinds.ts';
import { command, type Offer, type Reply, type Rule } from '../../src/zigbee/server.ts';
import { HALF } from './blocks.ts';
import { endedWith } from './claims.ts';
import { ITEM } from './items.ts';
import { type Case, cli, DOWNLOAD, type J, LATER, perhapsEnd, QUIET, start, type T } from './moves.ts';

/** Note of an answer that puts the client off. */
export const PUT_OFF = 'put off';
const PERIOD = 0x0009;
const REVISION = 0xfffd;

/** WAIT_FOR_DATA with these two times in seconds, and a block period. */
export function waitFor(currentTime: number, requestTime: number, minimumBlockPeriod = 0): Reply {
  const status = zclStatus.WAIT_FOR_DATA;
  return command(imageBlockResponse, { status, currentTime, requestTime, minimumBlockPeriod });
}

/** A download whose middle request gets this answer, once unless told. */
export function offerWith(t: T, note: string, answer: readonly Reply[], rule: Partial<Rule> = {}): Offer {
  const own: Rule = { on: 'block', from: HALF, times: 1, crossing: true, note, answer: () => answer, ...rule };
  return { file: t.image('imageNewer'), end: LATER, rules: [own] };
}

/** Of a download that is put off within it. */
export const PUT_OFF_TOO = { timer: 'maxDownloadS', times: 2, of: 'no-progress' } as const;

const PERIOD_MS = 40_000;
const TAKEN_BACK = 'period taken back';

/** The block period in the unit of the client, by the policy or by the revision that it reads. */
function periodUnitMs(j: J): number {
  if (j.policy.blockPeriodUnit === 'ms') return 1;
  if (j.policy.blockPeriodUnit === 's') return 1000;
  return blockPeriodUnitMs(j.log.first(values(REVISION))?.value ?? 0);
}

/** A block period of forty seconds, in the unit of the client's cluster revision. */
async function periodFor(t: T): Promise<number> {
  await t.readAttributes('revision', [REVISION]);
  const revision = await t.perhaps(values(REVISION), QUIET);
  return PERIOD_MS / blockPeriodUnitMs(revision?.value ?? 0);
}

/** Purposes 067 and 068: block periods. */
export const pacingCases: readonly Case[] = [
  cli('067', 'A block period is kept, and MinimumBlockPeriod shows it', ITEM.RATE, {
    policies: ['blockPeriodUnit'],
    async drive(t) {
      const period = await periodFor(t);
      await start(t, offerWith(t, PUT_OFF, [waitFor(0, 0, period)], { from: 0 }));
      await t.until(blockRequests, DOWNLOAD);
      await t.perhaps(delivered(PUT_OFF), QUIET);
      // Behind the answer by so much that the read does not overtake it.
      await t.quiet(blockRequests, { timer: 'pollInterval' });
      await t.readAttributes('period', [PERIOD]);
      for (let i = 0; i < 3; i++) await t.perhaps(blockRequests, DOWNLOAD);
      // A client may keep the period for its next download, and with it make every later case slow.
      t.offer(offerWith(t, TAKEN_BACK, [waitFor(0, 0, 0)], { from: 0 }));
      await t.perhaps(delivered(TAKEN_BACK), DOWNLOAD);
    },
    judge(j, s) {
      const put = j.log.first(sent(PUT_OFF));
      const back = j.log.first(sent(TAKEN_BACK));
      const kept = back === undefined ? j.log : j.log.before(back);
      const requests = put === undefined ? [] : kept.after(put).all(blockRequests);
      if (put === undefined || requests.length < 2) {
        j.inconclusive(s, 'too few requests after the block period was told');
        return;
      }
      const told = put.decoded.kind === 'command' ? Number(put.decoded.value['minimumBlockPeriod']) : 0;
      const period = told * periodUnitMs(j);
      for (const [i, from] of requests.entries()) {
        const to = requests[i + 1];
        if (to !== undefined && to.fileOffset !== from.fileOffset)
          j.onTime(s, 'the next request', {
            from,
            to,
            notBefore: period,
            tolerance: j.ms({ timer: 'blockPeriod', times: 0.5 }),
          });
      }
      const asked = j.log.after(put).first(sent('period'));
      const seen = asked === undefined ? undefined : j.log.after(asked).first(values(PERIOD));
      if (seen !== undefined) j.check(s, () => expect(seen.value, 'MinimumBlockPeriod').to.equal(told), seen);
      else j.inconclusive(s, 'MinimumBlockPeriod was not read');
    },
  }),
  cli('068', 'A block period that is taken back is not kept any more', ITEM.RATE, {
    policies: ['blockPeriodUnit'],
    async drive(t) {
      const period = await periodFor(t);
      const file = t.image('imageNewer');
      const rules: Rule[] = [
        // Behind the first block, so that the client has shown its own pace.
        { on: 'block', from: 2 / file.imageSize, times: 1, note: PUT_OFF, answer: () => [waitFor(0, 0, period)] },
        { on: 'block', from: HALF, times: 1, note: TAKEN_BACK, answer: () => [waitFor(0, 0, 0)] },
      ];
      await start(t, { file, end: LATER, rules });
      await perhapsEnd(t, file, PUT_OFF_TOO);
      await t.readAttributes('period', [PERIOD]);
    },
    judge(j, s) {
      const back = j.log.first(sent(TAKEN_BACK));
      if (back === undefined) {
        j.inconclusive(s, 'the period was not taken back');
        return;
      }
      endedWith(j, s, zclStatus.SUCCESS);
      const put = j.log.first(sent(PUT_OFF))?.decoded;
      const period = put?.kind === 'command' ? Number(put.value['minimumBlockPeriod']) * periodUnitMs(j) : 0;
      const second = j.log.first(where(blockRequests, 'request behind the first block', (r) => r.fileOffset > 0));
      const first = second === undefined ? undefined : j.log.before(second).last(blockRequests);
      const ownPace = first === undefined || second === undefined ? 0 : j.log.elapsed(first, second);
      if (ownPace >= period / 2) {
        j.inconclusive(s, `the client took ${Math.round(ownPace / 1000)} s for a block before it was told a period`);
        return;
      }
      const later = j.log.after(back).all(blockRequests);
      const steps = later.slice(1).filter((r, i) => r.fileOffset !== later[i]?.fileOffset);
      const gaps = steps.map((r) => j.log.elapsed(j.log.before(r).last(blockRequests) ?? r, r));
      const least = Math.round(Math.min(...gaps));
      // Each gap may be that of a lost request, but not all of them.
      if (gaps.length > 1)
        j.check(
          s,
          () => mustBe(least < period / 2, 'shortest time between two blocks', `${least} ms`, `under ${period / 2} ms`),
          steps[0],
        );
      const shown = j.log.after(back).first(values(PERIOD));
      if (shown === undefined) j.inconclusive(s, 'MinimumBlockPeriod was not read');
      else j.check(s, () => expect(shown.value, 'MinimumBlockPeriod').to.equal(0), shown);
    },
  }),
];
