import { expect } from 'chai';
import { mustBe } from '../../src/core/claim.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { where } from '../../src/core/log.ts';
import { hexNumber } from '../../src/core/layout/names.ts';
import { imageBlockResponse } from '../../src/zigbee/codec/ota.ts';
import { zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { blockRequests, endRequests, sent } from '../../src/zigbee/kinds.ts';
import type { Offered } from '../../src/zigbee/images.ts';
import { type Asked, blockOf, command, type Offer, type Reply, type Rule } from '../../src/zigbee/server.ts';
import {
  ended,
  endedWith,
  heldBack,
  offeredIn,
  reached,
  refused,
  runs,
  sizeOf,
  statusIs,
  stillDownloading,
} from './claims.ts';
import { ITEM } from './items.ts';
import { type Case, cli, DOWNLOAD, download, type J, look, marked, perhapsEnd, start, type T } from './moves.ts';

const { SUCCESS, INVALID_IMAGE, ABORT } = zclStatus;
/** Where a case interferes: the middle of the file. */
export const HALF = 0.5;
const DURING = 'during';
const ODD = 'odd block';

const newer = (t: T): Offered => t.image('imageNewer');
const hexes = (ids: readonly number[]): string[] => [
  hexNumber(ids[0] ?? 0, 4),
  hexNumber(ids[1] ?? 0, 4),
  hexNumber(ids[2] ?? 0, 8),
];

/** The whole file was asked for in order: behind each offset the one where the block given for it ends, and so up to the end of the file. */
function complete(j: J, s: string, octets: number): void {
  const imageSize = sizeOf(j);
  // A request may come again, and late, and for fewer octets: what counts is when an offset was first asked for.
  const ends = new Map<number, Set<number>>();
  let expected: ReadonlySet<number> = new Set([0]);
  for (const r of j.log.all(blockRequests)) {
    const known = ends.get(r.fileOffset);
    const given = (known ?? new Set<number>()).add(r.fileOffset + Math.min(r.maximumDataSize, octets));
    ends.set(r.fileOffset, given);
    if (known !== undefined) continue;
    const due = expected;
    const words = [...due].join(' or ');
    j.check(s, () => mustBe(due.has(r.fileOffset), 'next offset asked for', r.fileOffset, words), r);
    if (!due.has(r.fileOffset)) return;
    expected = given;
  }
  const end = Math.max(...expected);
  j.check(s, () => mustBe(end >= imageSize, 'end of the last block', end, `${imageSize}`), j.log.last(blockRequests));
}

/** A download that goes on where one of an earlier case ended says nothing of the first blocks. */
function wentOn(j: J, s: string): boolean {
  const first = j.log.first(blockRequests);
  if (first === undefined || first.fileOffset === 0 || !j.declared(ITEM.RESUME)) return false;
  j.inconclusive(s, `the client went on at offset ${first.fileOffset}, where an earlier download ended`);
  return true;
}

/** Octets of a block of which no whole number makes the file: of two neighbouring sizes at most one divides it. */
const unevenSize = (most: number, size: number): number => (most > 1 && size % most === 0 ? most - 1 : most);

/** A download in blocks of so many octets each. */
function inPieces(
  number: string,
  purpose: string,
  octets: (t: { ixit: T['ixit'] }) => number,
  o: { demo?: true } = {},
): Case {
  return cli(number, purpose, ITEM.BLOCK, {
    ...o,
    ixit: ['maxDataSize'],
    drive: (t) => download(t, { file: newer(t), blockOctets: octets(t), end: { currentTime: 0, upgradeTime: 300 } }),
    judge(j, s) {
      endedWith(j, s, SUCCESS);
      if (j.log.first(endRequests) !== undefined && !wentOn(j, s)) complete(j, s, octets(j));
    },
  });
}

/** A download in whose middle one odd answer stands before the ordinary one. */
async function disturbed(t: T, rule: Omit<Rule, 'on' | 'from' | 'note' | 'times'> & { times?: number }): Promise<void> {
  const offer: Offer = {
    file: newer(t),
    end: { currentTime: 0, upgradeTime: 300 },
    rules: [{ on: 'block', from: HALF, note: ODD, times: 1, ...rule }],
  };
  await start(t, offer);
  await perhapsEnd(t, offer.file);
  await look(t, 'after');
}

/** Asks for patience, long enough to read an attribute. */
const putOff = command(imageBlockResponse, {
  status: zclStatus.WAIT_FOR_DATA,
  currentTime: 0,
  requestTime: 30,
  minimumBlockPeriod: 0,
});

/** What a client's own clock may be off, and how long it may think. */
const PATIENCE = 1.5;

/** Requests in the second half of the file. */
const late = (size: number) =>
  where(blockRequests, 'request in the second half', (r) => r.fileOffset >= Math.floor(HALF * size));

/** A download in whose middle so many answers stay away; the client is then put off once, so that its status can be read. */
async function silences(t: T, count: number): Promise<void> {
  const file = newer(t);
  await start(t, {
    file,
    end: { currentTime: 0, upgradeTime: 300 },
    rules: [
      { on: 'block', from: HALF, times: count, note: ODD, answer: () => [] },
      { on: 'block', from: HALF, times: 1, crossing: true, note: 'put off', answer: () => [putOff] },
    ],
  });
  for (let i = 0; i <= count; i++) await t.perhaps(late(file.imageSize), DOWNLOAD);
  await look(t, DURING);
  await perhapsEnd(t, file);
}

/** The offset whose answers stayed away was asked for again, and the download came to its end. */
function again(j: J, s: string, count: number): void {
  const half = late(sizeOf(j));
  const all = j.log.all(half).slice(0, count + 1);
  const first = reached(j, s, half);
  if (first === undefined) return;
  const limit = j.ms({ timer: 'blockTimeoutS', times: PATIENCE });
  // A client that gives up says so; requests that were lost before that leave a gap too.
  const given = j.log.after(all.at(-1) ?? first).first(endRequests);
  const ends = given === undefined ? all : [...all, given];
  const gap = Math.max(0, ...ends.slice(1).map((r, i) => j.log.elapsed(ends[i] ?? r, r)));
  const held = heldBack(j, first, first.fileOffset);
  const reset = j.log
    .after(first)
    .all(blockRequests)
    .find((r) => r.fileOffset < first.fileOffset && !held(r));
  if (reset !== undefined || (all[1] !== undefined && all[1].fileOffset !== first.fileOffset)) {
    const next = reset ?? all[1] ?? first;
    j.check(
      s,
      () => expect(next.fileOffset, 'offset asked for after the lost answer').to.equal(first.fileOffset),
      next,
    );
    return;
  }
  if (all.length <= count && gap > limit) {
    j.inconclusive(
      s,
      `a request of the client was lost (${Math.round(gap)} ms without one), so it repeated more often than seen`,
    );
    return;
  }
  if (all.length <= count) {
    j.came(
      s,
      where(half, `repeat ${all.length} of the request`, () => false),
      { stimulus: half, within: DOWNLOAD },
    );
    return;
  }
  stillDownloading(j, s, DURING);
  endedWith(j, s, SUCCESS);
}

const ordinary = undefined;
/** The same file with other octets: whoever stores one of its blocks has a file that is not valid. */
const garbled = (file: Offered): Offered => ({ ...file, octets: Buffer.from(file.octets).reverse() });
const shifted = ({ fileOffset, maximumDataSize, offered }: Asked): Reply | undefined =>
  blockOf(garbled(offered), Math.max(0, fileOffset - maximumDataSize), maximumDataSize);

/** What a client does after a block that is none of its file: it goes on, and the file is still right. */
function unharmed(j: J, s: string): void {
  if (j.log.first(sent(ODD)) === undefined) j.inconclusive(s, 'the odd block was not delivered');
  endedWith(j, s, SUCCESS);
}

/** Purposes 050 to 062: blocks, odd ones and lost ones. */
export const blockCases: readonly Case[] = [
  cli('050', 'A download begins with offset 0, asks for the offered file and shows status 1', ITEM.BLOCK, {
    demo: true,
    ixit: ['maxDataSize'],
    async drive(t) {
      // Put off once, so that the status can be read while the download is under way.
      const put: Rule = { on: 'block', times: 1, note: 'put off', answer: () => [putOff] };
      await start(t, { file: newer(t), rules: [put] });
      await t.until(blockRequests, DOWNLOAD);
      await look(t, DURING);
    },
    judge(j, s) {
      const first = j.came(s, blockRequests, offeredIn(j));
      if (first === undefined) return;
      if (!wentOn(j, s)) j.check(s, () => expect(first.fileOffset, 'first offset').to.equal(0), first);
      j.check(
        s,
        () => expect(first.maximumDataSize, 'maximum data size').to.be.within(1, j.ixit.number('maxDataSize')),
        first,
      );
      const { manufacturerCode, imageType, fileVersion } = first;
      const offered = j.log.first(sent('query response'))?.decoded;
      const value = offered?.kind === 'command' ? offered.value : {};
      const wanted = [value['manufacturerCode'], value['imageType'], value['fileVersion']].map(Number);
      j.check(
        s,
        () => expect(hexes([manufacturerCode, imageType, fileVersion]), 'file').to.deep.equal(hexes(wanted)),
        first,
      );
      stillDownloading(j, s, DURING);
    },
  }),
  inPieces('051', 'A whole file is fetched in blocks of the size asked for', (t) => t.ixit.number('maxDataSize'), {
    demo: true,
  }),
  inPieces('052', 'A server may give fewer octets than asked for each time', (t) =>
    Math.max(1, t.ixit.number('maxDataSize') >> 1),
  ),
  inPieces('053', 'A server may give one octet each time', () => 1),
  cli('054', 'The last block is short', ITEM.BLOCK, {
    ixit: ['maxDataSize'],
    async drive(t) {
      const file = newer(t);
      await download(t, {
        file,
        blockOctets: unevenSize(t.ixit.number('maxDataSize'), file.imageSize),
        end: { currentTime: 0, upgradeTime: 300 },
      });
    },
    judge(j, s) {
      endedWith(j, s, SUCCESS);
      if (j.log.first(endRequests) !== undefined && !wentOn(j, s))
        complete(j, s, unevenSize(j.ixit.number('maxDataSize'), sizeOf(j)));
    },
  }),
  cli('055', 'A block that comes twice changes nothing', ITEM.BLOCK_RESPONSE, {
    drive: (t) =>
      disturbed(t, {
        answer: ({ fileOffset, maximumDataSize, offered }) => [ordinary, blockOf(offered, fileOffset, maximumDataSize)],
      }),
    judge: unharmed,
  }),
  cli('056', 'A block of another offset changes nothing', ITEM.BLOCK_RESPONSE, {
    drive: (t) => disturbed(t, { answer: (asked) => [shifted(asked), ordinary] }),
    judge: unharmed,
  }),
  cli('057', 'A block of another file is ignored or ends the download', ITEM.BLOCK_RESPONSE, {
    policies: ['foreignBlock'],
    drive: (t) =>
      disturbed(t, {
        answer({ fileOffset, maximumDataSize, offered }) {
          const foreign = { ...garbled(offered), fileVersion: offered.fileVersion + 1 };
          return [blockOf(foreign, fileOffset, maximumDataSize), ordinary];
        },
      }),
    judge(j, s) {
      if (j.log.first(sent(ODD)) === undefined) j.inconclusive(s, 'the odd block was not delivered');
      const allowed = {
        ignore: [SUCCESS],
        invalidImage: [INVALID_IMAGE, ABORT],
        either: [SUCCESS, INVALID_IMAGE, ABORT],
      };
      const end = ended(j, s);
      if (end === undefined) return;
      j.check(s, () => expect([...allowed[j.policy.foreignBlock]], 'status of the end').to.include(end.status), end);
      // Having taken the foreign block, a client finds the file invalid although it goes on behind that block.
      const at = j.log.first(sent(ODD))?.decoded;
      const offset = at?.kind === 'command' ? Number(at.value['fileOffset']) : -1;
      if (end.status !== SUCCESS) {
        const beyond = where(blockRequests, 'request behind the foreign block', (r) => r.fileOffset > offset);
        j.never(s, beyond, { stimulus: sent(ODD) }, j.log.before(end));
      }
    },
  }),
  cli('058', 'A block that claims more octets than the frame has is refused', ITEM.BLOCK_RESPONSE, {
    policies: ['negativeAnswer'],
    drive: (t) =>
      disturbed(t, {
        // Its refusal has no acknowledgement.
        times: TRIES,
        answer({ fileOffset, offered: { manufacturerCode, imageType, fileVersion } }) {
          const payload = Buffer.alloc(18);
          payload.writeUInt16LE(manufacturerCode, 1);
          payload.writeUInt16LE(imageType, 3);
          payload.writeUInt32LE(fileVersion, 5);
          payload.writeUInt32LE(fileOffset, 9);
          payload.writeUInt8(60, 13);
          return [{ kind: 'raw', command: imageBlockResponse.id, payload }, ordinary];
        },
      }),
    judge(j, s) {
      unharmed(j, s);
      refused(j, s, ODD, zclStatus.MALFORMED_COMMAND);
    },
  }),
  cli('059', 'A block that is larger than asked for does not spoil the file', ITEM.BLOCK_RESPONSE, {
    policies: ['blockAboveAsked'],
    drive: (t) =>
      disturbed(t, {
        answer: ({ fileOffset, maximumDataSize, offered }) => [blockOf(offered, fileOffset, maximumDataSize + 8)],
      }),
    judge(j, s) {
      unharmed(j, s);
      const odd = j.log.first(sent(ODD))?.decoded;
      if (odd?.kind !== 'command') return;
      const offset = Number(odd.value['fileOffset']);
      const next = j.log.all(blockRequests).find((r) => r.fileOffset > offset);
      if (next === undefined) return;
      const given = Buffer.isBuffer(odd.value['data']) ? odd.value['data'].length : 0;
      const used = next.fileOffset === offset + given;
      j.note(used ? 'the larger block was used' : 'the larger block was ignored');
      if (j.policy.blockAboveAsked !== 'either')
        j.check(
          s,
          () =>
            mustBe(
              used === (j.policy.blockAboveAsked === 'use'),
              'next offset',
              next.fileOffset,
              j.policy.blockAboveAsked,
            ),
          next,
        );
    },
  }),
  cli('060', 'After one lost answer the same offset is asked for again and the status stays 1', ITEM.BLOCK, {
    ixit: ['blockTimeoutS'],
    demo: true,
    drive: (t) => silences(t, 1),
    judge: (j, s) => again(j, s, 1),
  }),
  cli('061', 'So it is after one lost answer fewer than the client repeats', ITEM.BLOCK, {
    ixit: ['blockTimeoutS', 'blockRetries'],
    drive: (t) => silences(t, Math.max(1, t.ixit.number('blockRetries') - 1)),
    judge: (j, s) => again(j, s, Math.max(1, j.ixit.number('blockRetries') - 1)),
  }),
  cli('062', 'A client whose server falls silent gives up and goes back to Normal', ITEM.BLOCK, {
    ixit: ['blockTimeoutS', 'blockRetries'],
    async drive(t) {
      const silent: Rule = { on: 'block', from: HALF, note: ODD, answer: () => [] };
      await start(t, { file: newer(t), once: true, rules: [silent] });
      await t.until(late(newer(t).imageSize), DOWNLOAD);
      t.mark('silent');
      await t.pause(
        { timer: 'blockTimeoutS', times: (t.ixit.number('blockRetries') + 2) * PATIENCE },
        'the repeats of the client',
      );
      t.mark('over');
      await t.quiet(blockRequests, { timer: 'blockTimeoutS', times: PATIENCE });
      await look(t, 'after');
    },
    judge(j, s) {
      const half = late(sizeOf(j));
      if (reached(j, s, half) === undefined) return;
      j.never(s, blockRequests, { stimulus: marked('over') }, j.log.after('silent'));
      statusIs(j, s, 'after', 0);
      runs(j, s, 'after', j.ixit.number('runningVersion'));
    },
  }),
];
