import { expect } from 'chai';
import { mustBe } from '../../src/core/claim.ts';
import { type Seen, where } from '../../src/core/log.ts';
import { nameOf } from '../../src/core/layout/names.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { imagePageRequest } from '../../src/zigbee/codec/ota.ts';
import { imagesOf, type Offered } from '../../src/zigbee/images.ts';
import { answers, blockReplies, sent } from '../../src/zigbee/kinds.ts';
import { answer, answeredWith, block, blockOnce, given, query, refusedSomehow, rightBlock, stored } from './asks.ts';
import { ITEM } from './items.ts';
import { type Case, type J, QUIET, srv, type T } from './moves.ts';

const { SUCCESS, ABORT, NO_IMAGE_AVAILABLE, WAIT_FOR_DATA, UNSUP_COMMAND } = zclStatus;
const fileOf = (j: J): Offered => imagesOf(j.ixit).image('serverImage');
const BLOCK = 'block';

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
    // One that puts off came before.
    const data = where(blockReplies(label), `block (${label})`, (r) => r.status === SUCCESS);
    const seen = await t.perhaps(data, QUIET);
    if (seen?.data === undefined || seen.data.length === 0) return;
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

/** Spacing of a page's blocks in these cases: long enough to be seen at any time scale. */
const SPACING_MS = 8_000;

const PAGE_OCTETS = 100;
const PAGE_BLOCK = 40;

type PageBlock = { readonly fileOffset?: number; readonly data?: Uint8Array };

/** Asks for the first octets of the stored file as a page. */
async function askPage(t: T, note: string, responseSpacing: number): Promise<void> {
  const { manufacturerCode, imageType, fileVersion } = stored(t);
  const file = { fieldControl: 0, manufacturerCode, imageType, fileVersion, fileOffset: 0 };
  const page = { ...file, maximumDataSize: PAGE_BLOCK, pageSize: PAGE_OCTETS, responseSpacing };
  await t.ask(note, imagePageRequest, page);
}

function addOctets(got: Set<number>, { fileOffset = 0, data = Buffer.alloc(0) }: PageBlock): void {
  for (let at = fileOffset; at < fileOffset + data.length; at++) got.add(at);
}

function isWhole(got: ReadonlySet<number>): boolean {
  return got.size >= PAGE_OCTETS;
}

/** A block of the page stays within it and within the size asked for, and has the octets of the file. */
function pageBlock(j: J, s: string, file: Offered, block: Seen<PageBlock>): void {
  const { fileOffset = 0, data = Buffer.alloc(0) } = block;
  const most = Math.min(PAGE_BLOCK, PAGE_OCTETS - fileOffset);
  j.check(s, () => mustBe(data.length <= most, 'octets in a block of the page', data.length, `at most ${most}`), block);
  const expected = file.octets.subarray(fileOffset, fileOffset + data.length);
  const found = Buffer.from(data);
  j.check(
    s,
    () => mustBe(found.equals(expected), 'data of the page', found.toString('hex'), expected.toString('hex')),
    block,
  );
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
      await blockOnce(t, BLOCK, 0, 40);
      if (!t.declared(ITEM.SENDS_WAIT) || !t.ixit.has('lineWait')) return;
      await t.say('lineWait', 30);
      await blockOnce(t, 'put off', 0, 40);
    },
    judge(j, s) {
      rightBlock(j, s, BLOCK, fileOf(j), 0, 40);
      if (j.log.first(sent('put off')) === undefined) return;
      const first = j.came(s, blockReplies('put off'), {
        stimulus: sent('put off'),
        within: { timer: 'answer' },
        tries: TRIES,
      });
      if (first === undefined) return;
      // The server puts off once; of a request that came to it twice the second answer may overtake the first.
      const seen = j.log.all(blockReplies('put off')).find((r) => r.status === WAIT_FOR_DATA) ?? first;
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
      await blockOnce(t, 'announces none', 0, 40);
      await blockOnce(t, 'announces 0', 0, 40, { fieldControl: 2, minimumBlockPeriod: 0 });
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
      const got = new Set<number>();
      // A block of a page has no acknowledgement: what is lost of one page may come with the next.
      for (let i = 0; i < TRIES && !isWhole(got); i++) {
        await askPage(t, `page ${i}`, SPACING_MS);
        for (;;) {
          const seen = await t.perhaps(blockReplies(`page ${i}`), { timer: 'quietWindow', times: 2 });
          if (seen === undefined) break;
          addOctets(got, seen);
        }
      }
    },
    judge(j, s) {
      if (answer(j, s, 'page 0') === undefined) return;
      const file = fileOf(j);
      const got = new Set<number>();
      let pages = 0;
      for (let i = 0; i < TRIES; i++) {
        const blocks = j.log.all(blockReplies(`page ${i}`)).filter((b) => b.status === SUCCESS);
        if (j.log.first(answers(`page ${i}`)) !== undefined) pages++;
        for (const [k, from] of blocks.entries()) {
          pageBlock(j, s, file, from);
          addOctets(got, from);
          const to = blocks[k + 1];
          // Not a repeat, and not one that another has overtaken.
          if (to !== undefined && Number(to.fileOffset) > Number(from.fileOffset))
            j.onTime(s, 'the next block', { from, to, notBefore: SPACING_MS, tolerance: SPACING_MS * 0.9 });
        }
      }
      if (isWhole(got)) return;
      if (pages < TRIES) j.inconclusive(s, `${PAGE_OCTETS - got.size} octets of the page did not arrive`);
      else
        j.check(
          s,
          () => mustBe(false, `octets that came of a page, ${TRIES} times asked for`, got.size, String(PAGE_OCTETS)),
          j.log.last(answers(`page ${TRIES - 1}`)),
        );
    },
  }),
  srv('054', 'A server without pages says so', ITEM.GETS_BLOCK, {
    when: 'ZBOTA 8/2 and not ZBOTA 8/3',
    drive: (t) => askPage(t, 'page', 0),
    judge: (j, s) => answeredWith(j, s, 'page', UNSUP_COMMAND),
  }),
];
