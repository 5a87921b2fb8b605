import { expect } from 'chai';
import { mustBe } from '../../src/core/claim.ts';
import { where } from '../../src/core/log.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { UNTIL_TOLD, upgradeStatus, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { imageBlockRequest, imageBlockResponse, queryNextImageResponse } from '../../src/zigbee/codec/ota.ts';
import { announces, blockRequests, dataRequests, endRequests, sent } from '../../src/zigbee/kinds.ts';
import { command, refuse, type Reply } from '../../src/zigbee/server.ts';
import { HALF } from './blocks.ts';
import { asksNoMore, endedWith, firstAfter, heldBack, statusIs, statusSince, stillDownloading } from './claims.ts';
import { ITEM } from './items.ts';
import { type Case, cli, DOWNLOAD, type J, LATER, look, marked, perhapsEnd, QUIET, start, type T } from './moves.ts';
import { offerWith, pacingCases, PUT_OFF, PUT_OFF_TOO, waitFor } from './pacing.ts';

/** Seconds of the server's clock in cases with absolute times. */
const CLOCK = 1000;

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
      await look(t, 'after');
    },
    judge(j, s) {
      const put = j.log.last(sent(PUT_OFF));
      if (j.policy.timeBeforeCurrent !== 'atOnce' && put !== undefined && firstAfter(j, put) === undefined) {
        j.note('asked for no more: the client waits on, or has given up');
        j.never(s, announces, { stimulus: sent(PUT_OFF) });
        statusIs(j, s, 'after', upgradeStatus.NORMAL, upgradeStatus.DOWNLOAD_IN_PROGRESS);
        return;
      }
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
  ...pacingCases,
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
