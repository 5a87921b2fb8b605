import { expect } from 'chai';
import { mustBe } from '../../src/core/claim.ts';
import { where } from '../../src/core/log.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { blockPeriodUnitMs } from '../../src/zigbee/codec/attributes.ts';
import { UNTIL_TOLD, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { imageBlockRequest, imageBlockResponse, queryNextImageResponse } from '../../src/zigbee/codec/ota.ts';
import { blockRequests, dataRequests, delivered, endRequests, sent, values } from '../../src/zigbee/kinds.ts';
import { command, refuse, type Offer, type Reply, type Rule } from '../../src/zigbee/server.ts';
import { HALF } from './blocks.ts';
import { asksNoMore, endedWith, firstAfter, heldBack, statusIs, statusSince, stillDownloading } from './claims.ts';
import { ITEM } from './items.ts';
import { type Case, cli, DOWNLOAD, type J, look, marked, perhapsEnd, QUIET, start, type T } from './moves.ts';

const PUT_OFF = 'put off';
const PERIOD = 0x0009;
const REVISION = 0xfffd;
/** Seconds of the server's clock in cases with absolute times. */
const CLOCK = 1000;
/** An upgrade so far away that it happens in none of these cases. */
const LATER = { currentTime: 0, upgradeTime: 300 };

function waitFor(currentTime: number, requestTime: number, minimumBlockPeriod = 0): Reply {
  const status = zclStatus.WAIT_FOR_DATA;
  return command(imageBlockResponse, { status, currentTime, requestTime, minimumBlockPeriod });
}

/** A download whose middle request gets this answer, once unless told. */
function offerWith(t: T, note: string, answer: readonly Reply[], rule: Partial<Rule> = {}): Offer {
  const own: Rule = { on: 'block', from: HALF, times: 1, crossing: true, note, answer: () => answer, ...rule };
  return { file: t.image('imageNewer'), end: LATER, rules: [own] };
}

/** Of a download that is put off within it. */
const PUT_OFF_TOO = { timer: 'maxDownloadS', times: 2, of: 'no-progress' } as const;

/** The download goes on after this answer of the tester, not before the wait is over and not much after it. */
function waits(j: J, s: string, waitMs: number): void {
  const put = j.log.last(sent(PUT_OFF));
  if (put === undefined) {
    j.inconclusive(s, 'the wait was not delivered');
    return;
  }
  const next = j.came(s, blockRequests, { stimulus: sent(PUT_OFF), within: DOWNLOAD }, j.log);
  if (next === undefined) return;
  // A request that was lost is repeated after the client's own time-out.
  const notAfter = waitMs + j.ms({ timer: 'blockTimeoutS', times: 3 });
  const after = firstAfter(j, put) ?? next;
  j.onTime(s, 'the next request', { from: put, to: after, notBefore: waitMs, notAfter, tolerance: j.ms('tolerance') });
  endedWith(j, s, zclStatus.SUCCESS);
}

async function putOff(t: T, answer: Reply): Promise<void> {
  await start(t, offerWith(t, PUT_OFF, [answer]));
  await perhapsEnd(t, t.image('imageNewer'), PUT_OFF_TOO);
}

const SECONDS = 60;
const PERIOD_MS = 40_000;

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

/** Waits for the request that the rule of `offerWith` answers. */
function inTheMiddle(t: T) {
  const middle = Math.floor(HALF * t.image('imageNewer').imageSize);
  return t.until(
    where(blockRequests, 'request in the middle', (r) => r.fileOffset >= middle),
    DOWNLOAD,
  );
}

/** What a client asks for. */
type Piece = { readonly fileOffset: number; readonly maximumDataSize: number };

/** What a case sends into a download that stands still for a while. */
async function interrupted(t: T, act: (middle: Piece) => Promise<void>): Promise<void> {
  await start(t, offerWith(t, PUT_OFF, [waitFor(0, SECONDS)]));
  await t.until(blockRequests, DOWNLOAD);
  await act(await inTheMiddle(t));
  await look(t, 'during');
  await perhapsEnd(t, t.image('imageNewer'), PUT_OFF_TOO);
}

/** The download went on where it was, and ended well. */
function undisturbed(j: J, s: string, note: string): void {
  const act = j.log.first(sent(note));
  if (act === undefined) {
    j.inconclusive(s, `${note} was not delivered`);
    return;
  }
  stillDownloading(j, s, 'during');
  const before = Math.max(
    0,
    ...j.log
      .before(act)
      .all(dataRequests)
      .map((r) => r.fileOffset),
  );
  const held = heldBack(j, act, before);
  const late = new Set(
    j.log
      .after(act)
      .all(dataRequests)
      .filter((r) => !held(r))
      .map((r) => r.sequence),
  );
  const again = where(dataRequests, 'request from the start', (r) => r.fileOffset < before && late.has(r.sequence));
  j.never(s, again, { stimulus: sent(note) });
  endedWith(j, s, zclStatus.SUCCESS);
}

const ENDED = 'download ended';

/** Purposes 063 to 070 and 075 to 078: being put off, ended and disturbed. */
export const waitingCases: readonly Case[] = [
  cli('063', 'WAIT_FOR_DATA with an offset of 60 s is obeyed', ITEM.WAIT, {
    ixit: ['blockTimeoutS'],
    drive: (t) => putOff(t, waitFor(0, SECONDS)),
    judge: (j, s) => waits(j, s, j.ms('putOff')),
  }),
  cli('064', 'WAIT_FOR_DATA with absolute times 60 s apart is obeyed', ITEM.WAIT, {
    ixit: ['blockTimeoutS'],
    drive: (t) => putOff(t, waitFor(CLOCK, CLOCK + SECONDS)),
    judge: (j, s) => waits(j, s, j.ms('putOff')),
  }),
  cli('065', 'WAIT_FOR_DATA until told otherwise stops the requests', ITEM.WAIT, {
    async drive(t) {
      await start(t, offerWith(t, PUT_OFF, [waitFor(0, UNTIL_TOLD)], { from: 0 }));
      await t.until(blockRequests, DOWNLOAD);
      await t.quiet(blockRequests, { timer: 'hold' });
      await look(t, 'during');
    },
    judge(j, s) {
      asksNoMore(j, s, blockRequests, PUT_OFF, { timer: 'hold' });
      statusIs(j, s, 'during', 1);
    },
  }),
  cli('066', 'A request time before the current time does not end the download', ITEM.WAIT, {
    policies: ['timeBeforeCurrent'],
    async drive(t) {
      await start(t, offerWith(t, PUT_OFF, [waitFor(CLOCK, CLOCK - SECONDS)]));
      await t.perhaps(endRequests, { timer: 'hold', times: 1.5 });
    },
    judge(j, s) {
      const put = j.log.last(sent(PUT_OFF));
      const came = j.came(s, blockRequests, { stimulus: sent(PUT_OFF), within: { timer: 'hold', times: 1.4 } });
      if (put === undefined || came === undefined) return;
      // What crossed the first answer was put off as well.
      const next = firstAfter(j, put) ?? came;
      const took = j.log.elapsed(put, next);
      const atOnce = took < j.ms('putOff');
      j.note(`asked again after ${Math.round(took / 1000)} s`);
      if (j.policy.timeBeforeCurrent !== 'either')
        j.check(
          s,
          () =>
            mustBe(
              atOnce === (j.policy.timeBeforeCurrent === 'atOnce'),
              'next request',
              took,
              j.policy.timeBeforeCurrent,
            ),
          next,
        );
      endedWith(j, s, zclStatus.SUCCESS);
    },
  }),
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
    },
    judge(j, s) {
      const put = j.log.first(sent(PUT_OFF));
      const requests = put === undefined ? [] : j.log.after(put).all(blockRequests);
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
        { on: 'block', from: HALF, times: 1, note: 'period taken back', answer: () => [waitFor(0, 0, 0)] },
      ];
      await start(t, { file, end: LATER, rules });
      await perhapsEnd(t, t.image('imageNewer'), PUT_OFF_TOO);
      await t.readAttributes('period', [PERIOD]);
    },
    judge(j, s) {
      const back = j.log.first(sent('period taken back'));
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
  cli('069', 'After ABORT the client asks for no more and is Normal', ITEM.BLOCK_RESPONSE, {
    policies: ['endAfterAbort'],
    async drive(t) {
      const offer = offerWith(t, ENDED, [command(imageBlockResponse, { status: zclStatus.ABORT })], { times: 3 });
      await start(t, { ...offer, once: true });
      await inTheMiddle(t);
      await t.perhaps(endRequests, QUIET);
      await t.quiet(dataRequests, QUIET);
      await look(t, 'after');
    },
    judge(j, s) {
      asksNoMore(j, s, dataRequests, ENDED, QUIET);
      statusSince(j, s, ENDED, 'after', 0);
      const end = j.log.first(endRequests);
      if (end !== undefined && j.policy.endAfterAbort === 'none') j.never(s, endRequests, { stimulus: sent(ENDED) });
      if (end !== undefined) j.check(s, () => expect(end.status, 'status of the end').to.equal(zclStatus.ABORT), end);
    },
  }),
  cli('070', 'After three answers that the image is gone the client goes back to Normal', ITEM.BLOCK, {
    async drive(t) {
      const gone = refuse(imageBlockRequest.id, zclStatus.NO_IMAGE_AVAILABLE);
      const file = t.image('imageNewer');
      await start(t, { file, once: true, rules: [{ on: 'block', from: HALF, note: ENDED, answer: () => [gone] }] });
      for (let i = 0; i < 12; i++) if ((await t.perhaps(blockRequests, QUIET)) === undefined) break;
      await look(t, 'after');
    },
    judge(j, s) {
      const told = j.log.all(sent(ENDED));
      const third = told[2];
      if (told.length === 0) j.inconclusive(s, 'the answers were not delivered');
      else if (third !== undefined)
        // One more request may have crossed the third answer, or that answer was lost.
        j.check(s, () => expect(told.length, 'answers until the client stopped asking').to.be.at.most(4), told.at(-1));
      const asked = j.log.first(sent('after'));
      if (third === undefined || asked === undefined || asked.n < third.n)
        j.inconclusive(s, 'ImageUpgradeStatus was not asked for behind three delivered answers');
      else statusIs(j, s, 'after', 0);
    },
  }),
  cli('075', 'A notify during a download does not disturb it', ITEM.NOTIFY, {
    drive: (t) => interrupted(t, () => t.notify('notify meanwhile', { payloadType: 0, queryJitter: 100 })),
    judge: (j, s) => undisturbed(j, s, 'notify meanwhile'),
  }),
  cli('076', 'A query response during a download is ignored', ITEM.QUERY_RESPONSE, {
    drive: (t) =>
      interrupted(t, () => {
        const { manufacturerCode, imageType, fileVersion, imageSize } = t.image('imageNewer');
        const value = {
          status: zclStatus.SUCCESS,
          manufacturerCode,
          imageType,
          fileVersion: fileVersion + 1,
          imageSize,
        };
        return t.send('response meanwhile', queryNextImageResponse, value);
      }),
    judge: (j, s) => undisturbed(j, s, 'response meanwhile'),
  }),
  cli('077', 'A block from a node that is not the server is ignored', ITEM.BLOCK_RESPONSE, {
    needs: ['console'],
    ixit: ['lineStranger'],
    policies: ['negativeAnswer'],
    drive: (t) =>
      interrupted(t, async ({ fileOffset, maximumDataSize }) => {
        const { manufacturerCode, imageType, fileVersion, imageSize } = t.image('imageNewer');
        // Just the block that the client waits for; more than once, as nobody tells whether it was lost.
        const data = Buffer.alloc(Math.min(maximumDataSize, imageSize - fileOffset), 0xee);
        const value = { status: zclStatus.SUCCESS, manufacturerCode, imageType, fileVersion, fileOffset, data };
        for (let i = 0; i < TRIES; i++)
          await t.say('lineStranger', t.frameOf(imageBlockResponse, value).toString('hex'));
      }),
    judge(j, s) {
      stillDownloading(j, s, 'during');
      endedWith(j, s, zclStatus.SUCCESS);
    },
  }),
  cli('078', 'While the application is busy nothing further is asked for, and the file is complete', ITEM.BUSY, {
    needs: ['console'],
    ixit: ['lineBusy'],
    policies: ['busyOffset'],
    async drive(t) {
      const file = t.image('imageNewer');
      await start(t, {
        file,
        end: LATER,
        blockOctets: 8,
        // Long enough to tell the application meanwhile that it is busy.
        rules: [{ on: 'block', times: 1, crossing: true, note: PUT_OFF, answer: () => [waitFor(0, 10)] }],
      });
      await t.until(blockRequests, DOWNLOAD);
      t.mark('busy');
      await t.say('lineBusy', 30);
      t.mark('busy said');
      await t.pause({ timer: 'busy' }, 'the application is busy');
      t.mark('busy over');
      await perhapsEnd(t, file);
    },
    judge(j, s) {
      const told = j.log.first(marked('busy said'));
      if (j.log.first(sent(PUT_OFF)) === undefined)
        j.inconclusive(s, 'the download did not stand still to become busy');
      // What was under way when the application became busy is not asked for because of it.
      const crossed =
        told === undefined ? [] : j.log.all(blockRequests).filter((r) => j.log.elapsed(told, r) <= j.ms('crossing'));
      const further = where(
        blockRequests,
        'further Image Block Request',
        (r) => !crossed.some((c) => c.sequence === r.sequence),
      );
      const from = { n: (told?.n ?? 0) - 1 };
      j.never(s, further, { stimulus: marked('busy said') }, j.log.after(from).before('busy over'));
      const before = j.log.before('busy said').last(blockRequests);
      const next = j.log.after('busy over').first(blockRequests);
      if (before !== undefined && next !== undefined && j.policy.busyOffset !== 'either')
        j.check(
          s,
          () =>
            mustBe(
              (next.fileOffset === before.fileOffset) === (j.policy.busyOffset === 'same'),
              'next offset',
              next.fileOffset,
              j.policy.busyOffset,
            ),
          next,
        );
      endedWith(j, s, zclStatus.SUCCESS);
    },
  }),
];
