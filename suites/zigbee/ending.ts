import { expect } from 'chai';
import { mustBe } from '../../src/core/claim.ts';
import { nameOf } from '../../src/core/layout/names.ts';
import { where } from '../../src/core/log.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { UNTIL_TOLD, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { querySpecificFileRequest, upgradeEndRequest, upgradeEndResponse } from '../../src/zigbee/codec/ota.ts';
import { imagesOf, type Offered } from '../../src/zigbee/images.ts';
import { endResponses, frames, replies, sent, specificReplies } from '../../src/zigbee/kinds.ts';
import { answer, answeredWith, block, end, fileWords, offers, query, rightBlock } from './asks.ts';
import { refused } from './claims.ts';
import { ITEM } from './items.ts';
import { type Case, type J, marked, QUIET, srv } from './moves.ts';

const { SUCCESS, ABORT, INVALID_IMAGE, REQUIRE_MORE_IMAGE, UNSUP_COMMAND } = zclStatus;
const fileOf = (j: J): Offered => imagesOf(j.ixit).image('serverImage');
const BLOCK = 'block';
const END = 'end';
const OTHER_VERSION = 0x7e57;
/** An Upgrade End Response that tells when to upgrade, asked for or not. */
const releases = where(endResponses, 'release', (r) => r.upgradeTime !== UNTIL_TOLD);

/** The end request is answered by an Upgrade End Response. */
function released(j: J, s: string, note: string) {
  const seen = j.came(s, replies(upgradeEndResponse, note), {
    stimulus: sent(note),
    within: { timer: 'answer' },
    tries: TRIES,
  });
  if (seen === undefined) return undefined;
  const { manufacturerCode, imageType, fileVersion } = fileOf(j);
  const fits = [seen.manufacturerCode, 0xffff].includes(manufacturerCode) || seen.manufacturerCode === 0xffff;
  const type = seen.imageType === imageType || seen.imageType === 0xffff;
  const version = seen.fileVersion === fileVersion || seen.fileVersion === 0xffffffff;
  j.check(
    s,
    () => mustBe(fits && type && version, 'file of the Upgrade End Response', seen, 'the file that was fetched'),
    seen,
  );
  return seen;
}

/** An end request that reports anything but success gets a Default Response SUCCESS and no upgrade. */
function unfinished(number: string, status: number, name: string): Case {
  return srv(number, `An end request with ${name} gets a Default Response SUCCESS and no upgrade`, ITEM.GETS_END, {
    drive: async (t) => void (await end(t, END, status)),
    judge(j, s) {
      answeredWith(j, s, END, SUCCESS);
      const seen = answer(j, s, END);
      if (seen !== undefined)
        j.check(s, () => expect(seen.isDefault, 'the answer is a Default Response').to.equal(true), seen);
      j.never(s, endResponses, { stimulus: sent(END) });
    },
  });
}

/** Purposes 060 to 082: the end of a download, device specific files, and what a server does not know. */
export const endingCases: readonly Case[] = [
  srv('060', 'A successful end is answered with the file and when to run it', ITEM.GETS_END, {
    demo: true,
    drive: async (t) => void (await end(t, END, SUCCESS)),
    judge(j, s) {
      const seen = released(j, s, END);
      if (seen !== undefined)
        j.check(
          s,
          () => expect(seen.upgradeTime, 'upgrade time').to.be.at.least(seen.currentTime === 0 ? 0 : seen.currentTime),
          seen,
        );
    },
  }),
  unfinished('061', INVALID_IMAGE, 'INVALID_IMAGE'),
  unfinished('062', ABORT, 'ABORT'),
  unfinished('063', REQUIRE_MORE_IMAGE, 'REQUIRE_MORE_IMAGE'),
  srv('064', 'The end of a file that is not there is not answered with an upgrade', ITEM.GETS_END, {
    policies: ['foreignEnd'],
    drive: async (t) => void (await end(t, END, SUCCESS, { fileVersion: OTHER_VERSION })),
    judge(j, s) {
      if (j.policy.foreignEnd === 'none') j.never(s, endResponses, { stimulus: sent(END) });
      else j.note(j.log.first(endResponses) === undefined ? 'no upgrade' : 'answered with an upgrade all the same');
    },
  }),
  srv('065', 'An end request that comes twice is answered twice alike', ITEM.GETS_END, {
    async drive(t) {
      await end(t, 'once', SUCCESS);
      await end(t, 'twice', SUCCESS);
    },
    judge(j, s) {
      const [first, second] = [released(j, s, 'once'), released(j, s, 'twice')];
      if (first === undefined || second === undefined) return;
      const delay = (r: { currentTime: number; upgradeTime: number }): number => r.upgradeTime - r.currentTime;
      j.check(s, () => expect(delay(second), 'delay of the second answer').to.be.at.most(delay(first)), second);
    },
  }),
  srv('066', 'A held upgrade is released later', ITEM.HOLDS, {
    needs: ['console'],
    ixit: ['lineHold', 'lineNoHold', 'lineRelease'],
    async drive(t) {
      await t.sayUntilEnd('lineHold', 'lineNoHold');
      await end(t, END, SUCCESS);
      t.mark('released');
      for (let i = 0; i < TRIES; i++) {
        await t.say('lineRelease');
        if ((await t.perhaps(releases, QUIET)) !== undefined) return;
        // Lost on its way: the server holds nobody any more, so that the client asks again.
        await end(t, END, SUCCESS);
      }
    },
    judge(j, s) {
      const seen = released(j, s, END);
      if (seen === undefined) return;
      j.check(s, () => expect(seen.upgradeTime, 'upgrade time of a held upgrade').to.equal(UNTIL_TOLD), seen);
      j.came(
        s,
        releases,
        { stimulus: marked('released'), within: { timer: 'quietWindow', times: TRIES } },
        j.log.after({ n: (j.log.first(marked('released'))?.n ?? 0) - 1 }),
      );
    },
  }),
  srv('067', 'A configured delay stands in the upgrade time', ITEM.DELAYS, {
    ixit: ['upgradeDelayS'],
    drive: async (t) => void (await end(t, END, SUCCESS)),
    judge(j, s) {
      const seen = released(j, s, END);
      if (seen === undefined) return;
      const delay = j.ixit.number('upgradeDelayS');
      // Where the first request was answered and its answer lost, the countdown has begun with that.
      const asked = j.log
        .before(seen)
        .all(frames)
        .filter((f) => f.note === END);
      const [first] = asked;
      const since = first === undefined || asked.length < 2 ? 0 : j.log.elapsed(first, seen) / 1000 + 1;
      j.check(
        s,
        () => expect(seen.upgradeTime - seen.currentTime, 'seconds to the upgrade').to.be.within(delay - since, delay),
        seen,
      );
    },
  }),
  srv('068', 'An end request of one octet, as older clients send it, is accepted', ITEM.GETS_END, {
    policies: ['shortUpgradeEnd'],
    drive: async (t) => void (await t.askRaw(END, upgradeEndRequest.id, Buffer.of(ABORT))),
    judge(j, s) {
      if (j.policy.shortUpgradeEnd === 'accept') answeredWith(j, s, END, SUCCESS);
      else answeredWith(j, s, END, zclStatus.MALFORMED_COMMAND);
    },
  }),
  srv('070', 'A device specific file is offered to its device alone', ITEM.GETS_SPECIFIC, {
    ixit: ['serverImageSpecific', 'specificEui64'],
    async drive(t) {
      const { manufacturerCode, imageType, fileVersion } = t.image('serverImageSpecific');
      const own = {
        eui64: t.ixit.text('specificEui64'),
        manufacturerCode,
        imageType,
        fileVersion,
        zigbeeStackVersion: 2,
      };
      await t.ask('own', querySpecificFileRequest, own);
      await t.ask('foreign', querySpecificFileRequest, { ...own, eui64: '00124b00deadbeef' });
    },
    judge(j, s) {
      const status = (note: string, expected: (status: number) => boolean, words: string): void => {
        const seen = j.came(s, specificReplies(note), {
          stimulus: sent(note),
          within: { timer: 'answer' },
          tries: TRIES,
        });
        if (seen !== undefined)
          j.check(
            s,
            () => mustBe(expected(seen.status), `answer to the ${note} device`, nameOf(zclStatus, seen.status), words),
            seen,
          );
      };
      status('own', (v) => v === SUCCESS, 'SUCCESS');
      const offer = j.log.first(specificReplies('own'));
      if (offer?.status === SUCCESS) {
        const file = imagesOf(j.ixit).image('serverImageSpecific');
        j.check(
          s,
          () => mustBe(fileWords(offer) === fileWords(file), 'offered file', fileWords(offer), fileWords(file)),
          offer,
        );
      }
      status('foreign', (v) => v !== SUCCESS, 'not SUCCESS');
    },
  }),
  srv('080', 'A client that has aborted can start again', ITEM.GETS_END, {
    async drive(t) {
      await query(t, 'first');
      await end(t, 'abort', ABORT);
      await query(t, 'again');
      await block(t, BLOCK, 0, 40);
    },
    judge(j, s) {
      offers(j, s, 'again', fileOf(j));
      rightBlock(j, s, BLOCK, fileOf(j), 0, 40);
    },
  }),
  srv('081', 'After a restart the server goes on to serve', ITEM.GETS_BLOCK, {
    needs: ['power'],
    async drive(t) {
      await query(t, 'query');
      await block(t, 'before', 0, 40);
      await t.off();
      await t.on();
      await t.readAttributes('back', [0xfffd]);
      await block(t, 'after', 40, 40);
    },
    judge: (j, s) => void rightBlock(j, s, 'after', fileOf(j), 40, 40),
  }),
  srv('082', 'A command that nobody knows changes nothing', ITEM.SERVER, {
    policies: ['negativeAnswer'],
    async drive(t) {
      await t.askRaw('unknown command', 0x3f, Buffer.of(1, 2, 3));
      await query(t, 'query');
    },
    judge(j, s) {
      refused(j, s, 'unknown command', UNSUP_COMMAND, zclStatus.INVALID_FIELD);
      offers(j, s, 'query', fileOf(j));
    },
  }),
];
