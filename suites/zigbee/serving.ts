import { expect } from 'chai';
import { mustBe } from '../../src/core/claim.ts';
import { nameOf } from '../../src/core/layout/names.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { UNTIL_TOLD, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import {
  imagePageRequest,
  querySpecificFileRequest,
  upgradeEndRequest,
  upgradeEndResponse,
} from '../../src/zigbee/codec/ota.ts';
import { imagesOf, type Offered } from '../../src/zigbee/images.ts';
import { answers, blockReplies, endResponses, replies, sent, specificReplies } from '../../src/zigbee/kinds.ts';
import { answer, answeredWith, block, end, given, offers, query, refusedSomehow, rightBlock, stored } from './asks.ts';
import { refused } from './claims.ts';
import { ITEM } from './items.ts';
import { type Case, type J, marked, QUIET, srv, type T } from './moves.ts';

const { SUCCESS, ABORT, INVALID_IMAGE, REQUIRE_MORE_IMAGE, NO_IMAGE_AVAILABLE, WAIT_FOR_DATA, UNSUP_COMMAND } =
  zclStatus;
const fileOf = (j: J): Offered => imagesOf(j.ixit).image('serverImage');
const BLOCK = 'block';
const END = 'end';
/** Sizes in which a whole file is read. */
const SIZES = [1, 40, 63, 223, 255];
const PERIOD_MS = 500;
const CLIENTS = { a: 1, b: 3 } as const;
const OTHER_VERSION = 0x7e57;

/** Reads the stored file to its end, as the server gives it. */
async function readFile(t: T, size: number, note = BLOCK): Promise<void> {
  const { imageSize } = stored(t);
  for (let at = 0; at < imageSize; ) {
    const label = `${note} ${size} at ${at}`;
    if (!(await block(t, label, at, size))) return;
    const seen = await t.perhaps(blockReplies(label), QUIET);
    if (seen?.status !== SUCCESS || seen.data === undefined || seen.data.length === 0) return;
    at += seen.data.length;
  }
}

/** Every block that was read fits, and together they are the file. */
function whole(j: J, s: string, size: number, note = BLOCK): void {
  const file = fileOf(j);
  for (let at = 0; at < file.imageSize; ) {
    const got = rightBlock(j, s, `${note} ${size} at ${at}`, file, at, size);
    if (got === 0) return;
    at += got;
  }
}

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

/** An answer that is missing image, in either of the two forms. */
function missing(j: J, s: string, note: string): void {
  const seen = answer(j, s, note);
  if (seen === undefined) return;
  const form =
    seen.isDefault && seen.status === NO_IMAGE_AVAILABLE
      ? 'defaultResponse'
      : !seen.isDefault && seen.status === ABORT
        ? 'abort'
        : 'other';
  const allowed = j.policy.missingImage === 'either' ? ['defaultResponse', 'abort'] : [j.policy.missingImage];
  const found =
    seen.status === undefined
      ? 'no status'
      : `${seen.isDefault ? 'Default Response' : 'Image Block Response'} ${nameOf(zclStatus, seen.status)}`;
  j.check(
    s,
    () =>
      mustBe(allowed.includes(form), `answer to ${note}`, found, 'NO_IMAGE_AVAILABLE by Default Response, or ABORT'),
    seen,
  );
}

/** Purposes 040 to 054: blocks and pages. */
export const servingCases: readonly Case[] = [
  srv('040', 'A block has the offset and no more octets than asked for, and those of the file', ITEM.GETS_BLOCK, {
    demo: true,
    drive: async (t) => void (await block(t, BLOCK, 40, 40)),
    judge: (j, s) => void rightBlock(j, s, BLOCK, fileOf(j), 40, 40),
  }),
  srv('041', 'The whole file can be read in blocks of any size', ITEM.GETS_BLOCK, {
    variants: Object.fromEntries(SIZES.map((size) => [`${size}`, { when: 'always' }])),
    drive: (t, variant) => readFile(t, Number(variant)),
    judge: (j, s) => whole(j, s, Number(j.variant)),
  }),
  srv('042', 'Blocks can be read in any order', ITEM.GETS_BLOCK, {
    async drive(t) {
      const { imageSize } = stored(t);
      for (const [i, part] of [0.7, 0.1, 0.9, 0.4].entries())
        await block(t, `block ${i}`, Math.floor(part * imageSize), 20);
    },
    judge(j, s) {
      const file = fileOf(j);
      for (const [i, part] of [0.7, 0.1, 0.9, 0.4].entries())
        rightBlock(j, s, `block ${i}`, file, Math.floor(part * file.imageSize), 20);
    },
  }),
  srv('043', 'The last block is as short as what is left', ITEM.GETS_BLOCK, {
    drive: async (t) => void (await block(t, BLOCK, stored(t).imageSize - 7, 40)),
    judge(j, s) {
      const file = fileOf(j);
      rightBlock(j, s, BLOCK, file, file.imageSize - 7, 40);
      const seen = given(j, BLOCK);
      if (seen !== undefined)
        j.check(s, () => expect(seen.data.length, 'octets in the last block').to.be.at.most(7), seen);
    },
  }),
  srv('044', 'At and behind the end of the file there are no data', ITEM.GETS_BLOCK, {
    policies: ['offsetBeyondEnd'],
    async drive(t) {
      await block(t, 'at the end', stored(t).imageSize, 40);
      await block(t, 'behind the end', stored(t).imageSize + 1000, 40);
    },
    judge(j, s) {
      for (const note of ['at the end', 'behind the end'])
        if (j.policy.offsetBeyondEnd === 'NO_IMAGE_AVAILABLE') answeredWith(j, s, note, NO_IMAGE_AVAILABLE);
        else refusedSomehow(j, s, note);
    },
  }),
  srv('045', 'A request for no octets gets none', ITEM.GETS_BLOCK, {
    policies: ['maxDataZero'],
    drive: async (t) => void (await block(t, BLOCK, 0, 0)),
    judge(j, s) {
      const seen = given(j, BLOCK);
      if (seen !== undefined) j.check(s, () => expect(seen.data.length, 'octets in the block').to.equal(0), seen);
      if (j.policy.maxDataZero === 'refuse') refusedSomehow(j, s, BLOCK);
      else answer(j, s, BLOCK);
    },
  }),
  srv('046', 'A request for a file that is not there is refused', ITEM.GETS_BLOCK, {
    policies: ['missingImage'],
    drive: async (t) => void (await block(t, BLOCK, 0, 40, { fileVersion: OTHER_VERSION })),
    judge: (j, s) => missing(j, s, BLOCK),
  }),
  srv('047', 'A file that is taken away during a download is refused three times', ITEM.GETS_BLOCK, {
    needs: ['console'],
    ixit: ['lineRemove', 'lineRestore'],
    policies: ['missingImage'],
    async drive(t) {
      await query(t, 'query');
      await block(t, 'before', 0, 40);
      await t.sayUntilEnd('lineRemove', 'lineRestore');
      for (const i of [1, 2, 3]) await block(t, `without ${i}`, 40, 40);
    },
    judge(j, s) {
      for (const i of [1, 2, 3]) missing(j, s, `without ${i}`);
    },
  }),
  srv('048', 'Requests with EUI-64 and block period are answered', ITEM.GETS_BLOCK, {
    async drive(t) {
      await block(t, 'with EUI-64', 0, 40, { fieldControl: 1, requestNodeIeeeAddress: t.ownEui64 });
      await block(t, 'with period', 0, 40, { fieldControl: 2, minimumBlockPeriod: 0 });
      await block(t, 'with both', 0, 40, {
        fieldControl: 3,
        requestNodeIeeeAddress: t.ownEui64,
        minimumBlockPeriod: 0,
      });
    },
    judge(j, s) {
      for (const note of ['with EUI-64', 'with period', 'with both']) rightBlock(j, s, note, fileOf(j), 0, 40);
    },
  }),
  srv('049', 'WAIT_FOR_DATA comes only where the server was told to', ITEM.GETS_BLOCK, {
    policies: ['shortWaitForData'],
    async drive(t) {
      await block(t, BLOCK, 0, 40);
      if (!t.declared(ITEM.SENDS_WAIT) || !t.ixit.has('lineWait')) return;
      await t.say('lineWait', 30);
      await block(t, 'put off', 0, 40);
    },
    judge(j, s) {
      rightBlock(j, s, BLOCK, fileOf(j), 0, 40);
      if (j.log.first(sent('put off')) === undefined) return;
      const seen = j.came(s, blockReplies('put off'), {
        stimulus: sent('put off'),
        within: { timer: 'answer' },
        tries: TRIES,
      });
      if (seen === undefined) return;
      const repeated = j.log.all(sent('put off')).length > 1;
      if (repeated && seen.status === SUCCESS)
        j.inconclusive(s, 'the first answer was lost, and only that was put off');
      else
        j.check(
          s,
          () => expect(nameOf(zclStatus, seen.status), 'status').to.equal(nameOf(zclStatus, WAIT_FOR_DATA)),
          seen,
        );
    },
  }),
  srv('050', 'A block period is imposed only on clients that announce theirs', ITEM.SENDS_RATE, {
    needs: ['console'],
    ixit: ['linePeriod', 'lineNoPeriod'],
    async drive(t) {
      await t.sayUntilEnd('linePeriod', 'lineNoPeriod', PERIOD_MS);
      await block(t, 'announces none', 0, 40);
      await block(t, 'announces 0', 0, 40, { fieldControl: 2, minimumBlockPeriod: 0 });
    },
    judge(j, s) {
      rightBlock(j, s, 'announces none', fileOf(j), 0, 40);
      const seen = j.came(s, blockReplies('announces 0'), {
        stimulus: sent('announces 0'),
        within: { timer: 'answer' },
        tries: TRIES,
      });
      if (seen === undefined) return;
      j.check(
        s,
        () => expect(nameOf(zclStatus, seen.status), 'status').to.equal(nameOf(zclStatus, WAIT_FOR_DATA)),
        seen,
      );
      if (seen.status === WAIT_FOR_DATA)
        j.check(s, () => expect(seen.minimumBlockPeriod, 'block period').to.equal(PERIOD_MS), seen);
    },
  }),
  srv('051', 'Two clients are served side by side', ITEM.GETS_BLOCK, {
    async drive(t) {
      for (const [i, at] of [0, 40, 80].entries())
        for (const [client, fromEndpoint] of Object.entries(CLIENTS))
          await block(t, `${client} ${i}`, at, 40, {}, { fromEndpoint });
    },
    judge(j, s) {
      for (const [i, at] of [0, 40, 80].entries())
        for (const client of Object.keys(CLIENTS)) rightBlock(j, s, `${client} ${i}`, fileOf(j), at, 40);
    },
  }),
  srv('052', 'A request that comes twice is answered twice', ITEM.GETS_BLOCK, {
    async drive(t) {
      await block(t, 'once', 40, 40);
      await block(t, 'twice', 40, 40);
    },
    judge(j, s) {
      rightBlock(j, s, 'once', fileOf(j), 40, 40);
      rightBlock(j, s, 'twice', fileOf(j), 40, 40);
    },
  }),
  srv('053', 'A page is covered by blocks at the spacing asked for', ITEM.GETS_PAGE, {
    async drive(t) {
      const { manufacturerCode, imageType, fileVersion } = stored(t);
      const page = {
        fieldControl: 0,
        manufacturerCode,
        imageType,
        fileVersion,
        fileOffset: 0,
        maximumDataSize: 40,
        pageSize: 100,
        responseSpacing: SPACING_MS,
      };
      await t.ask('page', imagePageRequest, page);
      await t.quiet(marked('never'), { timer: 'quietWindow', times: 3 });
    },
    judge(j, s) {
      const all = j.log.all(blockReplies('page')).filter((b) => b.status === SUCCESS);
      if (answer(j, s, 'page') === undefined) return;
      const first = all[0];
      if (first === undefined) {
        j.check(
          s,
          () => mustBe(false, 'answer to the page request', 'no block', 'blocks'),
          j.log.first(answers('page')),
        );
        return;
      }
      const covered = new Set(all.map((b) => b.fileOffset));
      // A block of a page has no acknowledgement: one that is lost is asked for, so that only several missing ones tell.
      const missed = [0, 40, 80].filter((at) => !covered.has(at));
      const last = all.find((b) => b.fileOffset === 80);
      if (missed.length > 1)
        j.check(s, () => mustBe(false, 'offsets of the page', [...covered].join(', '), '0, 40, 80'), all.at(-1));
      else if (missed.length === 1) j.inconclusive(s, `one block of the page (${missed.join()}) did not arrive`);
      if (last !== undefined)
        j.check(s, () => expect(last.data?.length, 'octets in the last block of the page').to.equal(20), last);
      for (const [i, from] of all.entries()) {
        const to = all[i + 1];
        if (to !== undefined)
          j.onTime(s, 'the next block', { from, to, notBefore: SPACING_MS, tolerance: SPACING_MS * 0.9 });
      }
    },
  }),
  srv('054', 'A server without pages says so', ITEM.GETS_BLOCK, {
    when: 'ZBOTA 8/2 and not ZBOTA 8/3',
    async drive(t) {
      const { manufacturerCode, imageType, fileVersion } = stored(t);
      const page = {
        fieldControl: 0,
        manufacturerCode,
        imageType,
        fileVersion,
        fileOffset: 0,
        maximumDataSize: 40,
        pageSize: 100,
        responseSpacing: 0,
      };
      await t.ask('page', imagePageRequest, page);
    },
    judge: (j, s) => answeredWith(j, s, 'page', UNSUP_COMMAND),
  }),
];

/** Spacing of a page's blocks in these cases: long enough to be seen at any time scale. */
const SPACING_MS = 8_000;

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
    drive: async (t) => void (await end(t, END, SUCCESS, { fileVersion: OTHER_VERSION })),
    judge: (j, s) => j.never(s, endResponses, { stimulus: sent(END) }),
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
        if ((await t.perhaps(endResponses, QUIET)) !== undefined) return;
        // Lost on its way: the server holds nobody any more, so that the client asks again.
        await end(t, END, SUCCESS);
      }
    },
    judge(j, s) {
      const seen = released(j, s, END);
      if (seen === undefined) return;
      j.check(s, () => expect(seen.upgradeTime, 'upgrade time of a held upgrade').to.equal(UNTIL_TOLD), seen);
      const release = j.came(
        s,
        endResponses,
        { stimulus: marked('released'), within: { timer: 'quietWindow', times: TRIES } },
        j.log.after({ n: (j.log.first(marked('released'))?.n ?? 0) - 1 }),
      );
      if (release !== undefined)
        j.check(s, () => expect(release.upgradeTime, 'upgrade time of the release').to.not.equal(UNTIL_TOLD), release);
    },
  }),
  srv('067', 'A configured delay stands in the upgrade time', ITEM.DELAYS, {
    ixit: ['upgradeDelayS'],
    drive: async (t) => void (await end(t, END, SUCCESS)),
    judge(j, s) {
      const seen = released(j, s, END);
      if (seen !== undefined)
        j.check(
          s,
          () =>
            expect(seen.upgradeTime - seen.currentTime, 'seconds to the upgrade').to.equal(
              j.ixit.number('upgradeDelayS'),
            ),
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
