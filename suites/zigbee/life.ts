import { expect } from 'chai';
import { mustBe } from '../../src/core/claim.ts';
import { hexNumber } from '../../src/core/layout/names.ts';
import { where } from '../../src/core/log.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { imageBlockResponse, imageNotify } from '../../src/zigbee/codec/ota.ts';
import {
  announces,
  attributes,
  blockRequests,
  delivered,
  endRequests,
  queries,
  sent,
  specificQueries,
  values,
} from '../../src/zigbee/kinds.ts';
import { command, type Rule } from '../../src/zigbee/server.ts';
import { HALF } from './blocks.ts';
import { ended, endedWith, refused, restarted, runs, statusIs, staysQuiet, switched } from './claims.ts';
import { ITEM } from './items.ts';
import {
  type Case,
  cli,
  CURRENT_VERSION,
  DOWNLOAD,
  download,
  LATER,
  look,
  marked,
  perhapsEnd,
  provoke,
  QUERY,
  QUIET,
  refusedDownload,
  rejected,
  start,
  STATUS,
  type T,
  upgrade,
} from './moves.ts';

const { SUCCESS, INVALID_IMAGE, ABORT, REQUIRE_MORE_IMAGE } = zclStatus;
const AFTER = 'after';
const NOW = { currentTime: 0, upgradeTime: 0 };
const STAND = 'stand still';

/** The download stands still in the middle, for longer than a power cut takes. */
const still: Rule = {
  on: 'block',
  from: HALF,
  times: 1,
  crossing: true,
  note: STAND,
  answer: () => [
    command(imageBlockResponse, {
      status: zclStatus.WAIT_FOR_DATA,
      currentTime: 0,
      requestTime: 300,
      minimumBlockPeriod: 0,
    }),
  ],
};

const half = (t: T) => {
  const { imageSize } = t.image('imageNewer');
  return where(blockRequests, 'request in the middle', (r) => r.fileOffset >= Math.floor(HALF * imageSize));
};

/** Purposes 101 to 111: several files, deltas, power cuts, and what a client does not know. */
export const lifeCases: readonly Case[] = [
  cli('101', 'An upgrade of several files asks for the next one, and ends when all are there', ITEM.MULTI, {
    ixit: ['imageFirst', 'imageSecond'],
    async drive(t) {
      await download(t, { file: t.image('imageFirst'), others: [t.image('imageSecond')], end: LATER });
      await look(t, 'between');
      // The client may repeat its first end meanwhile.
      const last = where(endRequests, 'last end', (e) => e.status !== REQUIRE_MORE_IMAGE);
      await perhapsEnd(t, t.image('imageSecond'), DOWNLOAD, last);
    },
    judge(j, s) {
      const first = ended(j, s);
      if (first === undefined) return;
      j.check(s, () => expect(first.status, 'status of the first end').to.equal(REQUIRE_MORE_IMAGE), first);
      const next = j.log.after(first).first(queries);
      if (first.status === REQUIRE_MORE_IMAGE) {
        j.check(
          s,
          () =>
            mustBe(
              next !== undefined && next.imageType !== first.imageType,
              'query for the next file',
              next?.imageType,
              'another image type',
            ),
          next,
        );
        const last = j.log.all(endRequests).find((e) => e.status !== REQUIRE_MORE_IMAGE) ?? j.log.last(endRequests);
        j.check(s, () => expect(last?.status, 'status of the last end').to.equal(SUCCESS), last);
      }
    },
  }),
  cli('102', 'A delta image against what runs is applied', ITEM.DELTA, {
    ixit: ['imageDelta'],
    async drive(t) {
      await upgrade(t, { file: t.image('imageDelta'), end: NOW });
      await look(t, AFTER);
    },
    judge(j, s) {
      endedWith(j, s, SUCCESS);
      const end = j.log.first(endRequests);
      if (end?.fileVersion !== undefined) switched(j, s, 'end response', AFTER, end.fileVersion);
    },
  }),
  cli('103', 'A delta image against something else is refused', ITEM.DELTA, {
    ixit: ['imageDeltaForeign'],
    async drive(t) {
      await refusedDownload(t, { file: t.image('imageDeltaForeign'), end: NOW });
      await t.quiet(announces, QUIET);
      await look(t, AFTER);
    },
    judge(j, s) {
      endedWith(j, s, INVALID_IMAGE, ABORT);
      runs(j, s, AFTER, j.ixit.number('runningVersion'));
    },
  }),
  cli('104', 'A download goes on or begins anew after a power cut, and no part of a file is run', ITEM.BLOCK, {
    needs: ['power'],
    policies: ['resume'],
    async drive(t) {
      await start(t, { file: t.image('imageNewer'), end: LATER, rules: [still] });
      await t.until(half(t), DOWNLOAD);
      // Else the wait that is still under way reaches the client after its restart, and puts it off for good.
      await t.until(delivered(STAND), QUERY);
      await t.off();
      t.mark('cut');
      await t.on();
      await t.perhaps(announces, { timer: 'rebootS', times: 1.2 });
      const resumed = await t.perhaps(blockRequests, { timer: 'maxDownloadS' });
      await t.readAttributes('restarted', [CURRENT_VERSION]);
      // It may take the download up again only when it asks for an image the next time.
      if (resumed === undefined) {
        await provoke(t);
        if ((await t.perhaps(blockRequests, QUERY)) === undefined) return;
      }
      await perhapsEnd(t, t.image('imageNewer'));
    },
    judge(j, s) {
      if (j.log.first(sent(STAND)) === undefined) j.inconclusive(s, 'the download did not get to its middle');
      // The last one may be a repeat that the network held back.
      const before = j.log
        .before('cut')
        .all(blockRequests)
        .toSorted((a, b) => a.fileOffset - b.fileOffset)
        .at(-1);
      const next = j.log.after('cut').first(blockRequests);
      if (before === undefined) return;
      if (j.declared(ITEM.CURRENT_VERSION)) runs(j, s, 'restarted', j.ixit.number('runningVersion'));
      if (next === undefined) {
        if (j.policy.resume === 'fromOffset')
          j.came(s, blockRequests, { stimulus: sent('query response'), within: QUERY }, j.log.after('cut'));
        else j.note('the download was not taken up again');
        return;
      }
      const allowed = { fromOffset: [before.fileOffset], fromZero: [0], either: [0, before.fileOffset] }[
        j.policy.resume
      ];
      // What was not yet in the flash is fetched again; nothing is left out.
      const fits =
        j.policy.resume === 'fromZero'
          ? next.fileOffset === 0
          : next.fileOffset <= before.fileOffset && (next.fileOffset > 0 || allowed.includes(0));
      j.check(s, () => mustBe(fits, 'first offset after the power cut', next.fileOffset, allowed.join(' or ')), next);
      const end = j.log.last(endRequests);
      if (end !== undefined) j.check(s, () => expect(end.status, 'status of the end').to.equal(SUCCESS), end);
    },
  }),
  cli('105', 'After a power cut in the countdown the client answers and runs a whole version', ITEM.END_RESPONSE, {
    when: 'ZBOTA 3/4 and not ZBOTA 5/14',
    needs: ['power'],
    async drive(t) {
      await download(t, { file: t.image('imageNewer'), end: { currentTime: 0, upgradeTime: 120 } });
      await look(t, 'counting');
      await t.off();
      t.mark('cut');
      await t.on();
      await t.perhaps(announces, { timer: 'rebootS', times: 1.2 });
      t.mark('back');
      // The announce may have been lost.
      await t.readAttributes('back', [STATUS]);
      await t.perhaps(announces, { timer: 'upgradeDelay', times: 2.5 });
      await look(t, AFTER);
    },
    judge(j, s) {
      const announced = j.log.after('cut').before('back').first(announces) !== undefined;
      // One that comes behind this answer is of the upgrade.
      if (!announced && j.log.first(attributes(STATUS, 'back')) !== undefined)
        j.note('no Device Announce came, but the client answers');
      else j.came(s, announces, { stimulus: marked('cut'), within: { timer: 'rebootS' } });
      const whole = [j.ixit.number('runningVersion'), j.log.first(endRequests)?.fileVersion ?? -1];
      const seen = j.log.last(values(CURRENT_VERSION));
      if (seen === undefined) j.inconclusive(s, 'the version was not read');
      else
        j.check(
          s,
          () =>
            expect(
              whole.map((v) => hexNumber(v, 8)),
              'version that runs',
            ).to.include(hexNumber(seen.value, 8)),
          seen,
        );
      statusIs(j, s, AFTER, 0, 1, 2, 3, 4);
    },
  }),
  cli('106', 'After an upgrade the client can be brought back to the first version', ITEM.DOWN, {
    ixit: ['imageSame'],
    async drive(t) {
      await upgrade(t, { file: t.image('imageNewer'), end: NOW });
      await look(t, 'new');
      await upgrade(t, { file: t.image('imageSame'), end: NOW });
      await look(t, AFTER);
    },
    judge(j, s) {
      const version = j.log.first(endRequests)?.fileVersion ?? -1;
      const first = restarted(j, s, 'end response', 'new', version);
      if (first === undefined) return;
      const again = { stimulus: sent('query response'), within: DOWNLOAD, tries: TRIES };
      j.came(s, blockRequests, again, j.log.after(first));
      if (j.log.after(first).first(blockRequests) === undefined) return;
      runs(j, s, AFTER, j.ixit.number('runningVersion'));
    },
  }),
  cli('107', 'The client asks for a device specific file of a type that is one', ITEM.SPECIFIC, {
    needs: ['console'],
    ixit: ['lineSpecific'],
    async drive(t) {
      t.offerNothing();
      t.mark('asking');
      await t.say('lineSpecific', 'ffc1', '00000001');
      await t.perhaps(specificQueries, QUERY);
    },
    judge(j, s) {
      const asked = j.came(s, specificQueries, { stimulus: marked('asking'), within: QUERY });
      if (asked === undefined) return;
      j.check(
        s,
        () =>
          mustBe(
            asked.imageType >= 0xffc0 && asked.imageType <= 0xfffe,
            'image type',
            hexNumber(asked.imageType, 4),
            '0xffc0 to 0xfffe',
          ),
        asked,
      );
      const own = j.ixit.number('manufacturerCode');
      j.check(s, () => expect(hexNumber(asked.manufacturerCode, 4), 'manufacturer').to.equal(hexNumber(own, 4)), asked);
    },
  }),
  cli('110', 'The rate at which a file is fetched', ITEM.BLOCK, {
    kind: 'informative',
    drive: (t) => download(t, { file: t.image('imageNewer'), end: LATER }),
    judge(j) {
      const requests = j.log.all(blockRequests);
      const [first, last] = [requests[0], requests.at(-1)];
      if (first === undefined || last === undefined || last.n === first.n) {
        j.note('no download to measure');
        return;
      }
      const rate = (last.fileOffset - first.fileOffset) / ((last.ms - first.ms) / 1000);
      j.note(`${Math.round(rate)} octets a second of real time in blocks of ${first.maximumDataSize}`);
    },
  }),
  cli('111', 'Commands that nobody knows change nothing', ITEM.CLIENT, {
    policies: ['negativeAnswer'],
    async drive(t) {
      await rejected(t, 'unknown command', 0x3f, Buffer.of(1, 2, 3));
      await t.raw('command of a manufacturer', imageNotify.id, Buffer.of(0, 100), { manufacturerCode: 0x1037 });
      await t.raw('command of the wrong side', 0x01, Buffer.from('003412010010000000', 'hex'), {
        wrongDirection: true,
      });
      await t.quiet(queries, QUIET);
      await look(t, AFTER);
    },
    judge(j, s) {
      staysQuiet(j, s, 'unknown command');
      refused(j, s, 'unknown command', zclStatus.UNSUP_COMMAND, zclStatus.INVALID_FIELD);
      statusIs(j, s, AFTER, 0);
      runs(j, s, AFTER, j.ixit.number('runningVersion'));
    },
  }),
];
