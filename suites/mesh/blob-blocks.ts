import { expect } from 'chai';
import { nameOf } from '../../src/core/layout/names.ts';
import { blockStartChecks } from '../../src/mesh/checksAndMoves.ts';
import { blobPhase, blobStatus, missingFormat, transferMode } from '../../src/mesh/codec/enums.ts';
import { bitsSet } from '../../src/mesh/codec/fields.ts';
import {
  blobBlockGet,
  blobBlockStart,
  blobBlockStatus,
  blobChunkTransfer,
  blobTransferGet,
  blobTransferStatus,
} from '../../src/mesh/codec/messages/blob.ts';
import { sendings, told } from '../../src/mesh/kinds.ts';
import { blockCount } from '../../src/mesh/model/geometry.ts';
import { blobServerTable } from '../../src/mesh/tables.ts';
import { byTable, type Good, type J, type MeshCase, reply, shows } from './claims.ts';
import { ITEM, SERVERS } from './items.ts';
import { PREPARING } from './blob-status.ts';
import { begun, blobAt, chunksOf, limitsOf, prepared, sendChunks, serverOf, transferOf, withRoom } from './moves.ts';

const NAMES = { status: blobStatus, phase: blobPhase };
const BLOCK = { status: blobStatus };
const ANY = { item: ITEM.BLOB_SERVER, when: ITEM.BLOB_SERVER, variants: SERVERS.any, start: 'idle' } as const;
const PUSH = { item: ITEM.BLOB_PUSH, when: ITEM.BLOB_PUSH, variants: SERVERS.push, start: 'idle' } as const;

type BlockStatus = Good<{
  readonly status: number;
  readonly format: number;
  readonly block: number;
  readonly missing?: Buffer;
}>;

/** The Block Status with this label says exactly these chunks are missing; a bitmap of all is as good as the word for it. */
function lacks(j: J, statement: string, label: string, count: number, missing: readonly number[]): void {
  const seen: BlockStatus | undefined = shows(j, statement, blobBlockStatus, label, BLOCK, {
    status: blobStatus.SUCCESS,
  });
  if (seen === undefined) return;
  const all = Array.from({ length: count }, (_, i) => i);
  const { format, missing: bits } = seen.value;
  const said =
    format === missingFormat.NONE ? [] : format === missingFormat.ALL ? all : bitsSet(bits ?? Buffer.alloc(0));
  j.check(
    statement,
    () => {
      expect(format, `format (${label})`).to.be.oneOf([missingFormat.ALL, missingFormat.NONE, missingFormat.SOME]);
      expect(said, `missing chunks (${label})`).to.deep.equal(missing);
    },
    seen,
  );
}

/** The Transfer Status with this label shows this phase and exactly these blocks as missing. */
function blocksMissing(j: J, statement: string, label: string, phase: number, missing: readonly number[]): void {
  const seen = shows(j, statement, blobTransferStatus, label, NAMES, { status: blobStatus.SUCCESS, phase });
  if (seen === undefined) return;
  const bits = seen.value.transfer?.blocksNotReceived;
  j.check(
    statement,
    () => expect(bits && bitsSet(bits), `blocks not received (${label})`).to.deep.equal(missing),
    seen,
  );
}

/** Numbers from 0. */
function first(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Block Start, Block Get and chunks in push mode. */
export const blobBlockCases: readonly MeshCase[] = [
  {
    ...ANY,
    id: 'DFUM/BLB-S/09',
    purpose: 'Block Get and Block Start before a transfer are answered Wrong Phase',
    statements: ['MBTM-S.block-early'],
    ixit: PREPARING,
    async drive(t, variant) {
      const to = blobAt(t, serverOf(variant));
      await t.ask('get inactive', to, blobBlockGet, {});
      await t.ask('start inactive', to, blobBlockStart, { block: 0, chunkSize: 8 });
      const { transfer } = await prepared(t, serverOf(variant));
      await t.ask('get waiting', to, blobBlockGet, {});
      await t.ask('start waiting', to, blobBlockStart, { block: 0, chunkSize: transfer.chunkSize });
    },
    judge(j) {
      for (const [word, phase] of [
        ['inactive', blobPhase.INACTIVE],
        ['waiting', blobPhase.WAITING_FOR_TRANSFER_START],
      ] as const) {
        byTable(j, 'MBTM-S.block-early', blobBlockStatus, `get ${word}`, blobServerTable, 'Block Get', phase);
        byTable(
          j,
          'MBTM-S.block-early',
          blobBlockStatus,
          `start ${word}`,
          blobServerTable,
          'Block Start, other',
          phase,
        );
      }
    },
  },
  {
    ...ANY,
    id: 'DFUM/BLB-S/10',
    purpose: 'Block Start with a number that the BLOB does not have is answered Invalid Block Number',
    statements: ['MBTM-S.block-number'],
    ixit: PREPARING,
    async drive(t, variant) {
      const { to, transfer } = await begun(t, serverOf(variant), { blocks: 2 });
      await t.ask('beyond', to, blobBlockStart, { block: blockCount(transfer), chunkSize: transfer.chunkSize });
    },
    judge(j) {
      shows(j, 'MBTM-S.block-number', blobBlockStatus, 'beyond', BLOCK, { status: blockStartChecks.number.status });
    },
  },
  {
    ...ANY,
    id: 'DFUM/BLB-S/11',
    purpose:
      'Block Start with a chunk size of 0, above the maximum or with too many chunks is answered Invalid Chunk Size',
    statements: ['MBTM-S.chunk-size'],
    ixit: PREPARING,
    async drive(t, variant) {
      const { to, limits, transfer } = await begun(t, serverOf(variant));
      await t.ask('chunk 0', to, blobBlockStart, { block: 0, chunkSize: 0 });
      if (limits.maxChunkSize < 0xffff)
        await t.ask('chunk too large', to, blobBlockStart, { block: 0, chunkSize: limits.maxChunkSize + 1 });
      // The largest chunk of which the block has more than the server takes.
      const many = Math.ceil(transfer.size / (limits.maxChunks + 1)) - 1;
      if (many >= 1) await t.ask('too many chunks', to, blobBlockStart, { block: 0, chunkSize: many });
    },
    judge(j) {
      for (const label of ['chunk 0', 'chunk too large', 'too many chunks']) {
        if (j.log.first(sendings(label)) === undefined)
          j.note(`"${label}" is not applicable to the limits of this device`);
        else
          shows(j, 'MBTM-S.chunk-size', blobBlockStatus, label, BLOCK, { status: blockStartChecks.chunkSize.status });
      }
    },
  },
  {
    ...ANY,
    id: 'DFUM/BLB-S/12',
    purpose: 'while chunks are awaited the same Block Start is answered Success and another one Wrong Phase',
    statements: ['MBTM-S.block-again'],
    ixit: PREPARING,
    async drive(t, variant) {
      const { to, transfer } = await begun(t, serverOf(variant), { blocks: 2 });
      const { chunkSize } = transfer;
      await t.ask('block', to, blobBlockStart, { block: 0, chunkSize });
      await t.ask('again', to, blobBlockStart, { block: 0, chunkSize });
      await t.ask('other', to, blobBlockStart, { block: 1, chunkSize });
    },
    judge(j) {
      const phase = blobPhase.WAITING_FOR_NEXT_CHUNK;
      shows(j, 'MBTM-S.block-again', blobBlockStatus, 'block', BLOCK, { status: blobStatus.SUCCESS });
      byTable(
        j,
        'MBTM-S.block-again',
        blobBlockStatus,
        'again',
        blobServerTable,
        'Block Start, same number and chunk size',
        phase,
      );
      byTable(j, 'MBTM-S.block-again', blobBlockStatus, 'other', blobServerTable, 'Block Start, other', phase);
    },
  },
  {
    ...PUSH,
    id: 'DFUM/BLB-S/13',
    purpose: 'a block that is pushed lacks all chunks first and none at the end, and the transfer is complete',
    statements: ['MBTM-S.push'],
    ixit: PREPARING,
    demo: true,
    async drive(t, variant) {
      const { to, transfer } = await begun(t, serverOf(variant), { mode: transferMode.PUSH });
      await t.ask('block', to, blobBlockStart, { block: 0, chunkSize: transfer.chunkSize });
      await sendChunks(t, to, transfer, 0, chunksOf(transfer, 0));
      await t.ask('block done', to, blobBlockGet, {});
      await t.ask('end', to, blobTransferGet, {});
    },
    judge(j) {
      const limits = reply(j, 'MBTM-S.push', blobBlockStatus, 'block');
      if (limits === undefined) return;
      j.check(
        'MBTM-S.push',
        () =>
          expect(nameOf(missingFormat, limits.value.format), 'format of a new block').to.equal(
            nameOf(missingFormat, missingFormat.ALL),
          ),
        limits,
      );
      const done = reply(j, 'MBTM-S.push', blobBlockStatus, 'block done');
      if (done !== undefined)
        j.check(
          'MBTM-S.push',
          () =>
            expect(nameOf(missingFormat, done.value.format), 'format of a complete block').to.equal(
              nameOf(missingFormat, missingFormat.NONE),
            ),
          done,
        );
      const phase = blobPhase.TRANSFER_COMPLETE;
      shows(j, 'MBTM-S.push', blobTransferStatus, 'end', NAMES, { status: blobStatus.SUCCESS, phase });
    },
  },
  {
    ...PUSH,
    id: 'DFUM/BLB-S/14',
    purpose: 'Block Status names exactly the chunks that were left out',
    statements: ['MBTM-S.missing'],
    ixit: PREPARING,
    demo: true,
    async drive(t, variant) {
      const { to, transfer } = await begun(t, serverOf(variant), { mode: transferMode.PUSH });
      const chunks = chunksOf(transfer, 0);
      t.mark('chunks', { count: chunks.length });
      if (chunks.length < 4) t.stop('a block of this device has fewer than four chunks');
      await t.ask('block', to, blobBlockStart, { block: 0, chunkSize: transfer.chunkSize });
      await sendChunks(
        t,
        to,
        transfer,
        0,
        chunks.filter((n) => n !== 1 && n !== 3),
      );
      await t.ask('gaps', to, blobBlockGet, {});
      await sendChunks(t, to, transfer, 0, [1, 3]);
      await t.ask('filled', to, blobBlockGet, {});
    },
    judge(j) {
      const count = chunksMarked(j);
      lacks(j, 'MBTM-S.missing', 'gaps', count, [1, 3]);
      lacks(j, 'MBTM-S.missing', 'filled', count, []);
    },
  },
  {
    ...PUSH,
    id: 'DFUM/BLB-S/15',
    purpose:
      'Transfer Status names exactly the blocks that are not complete, over three blocks of which the last is short',
    statements: ['MBTM-S.blocks'],
    ixit: PREPARING,
    related: ['MBTM/SR/BT/BV-38-C'],
    async drive(t, variant) {
      const limits = await limitsOf(t, serverOf(variant));
      const lack = transferOf(limits, '0000000000000000', transferMode.PUSH, 1).chunkSize + 3;
      const { to, transfer } = await begun(t, serverOf(variant), { mode: transferMode.PUSH, blocks: 3, lack });
      const blocks = blockCount(transfer);
      t.mark('chunks', { count: blocks });
      for (const block of first(blocks)) {
        await t.ask(`block ${block}`, to, blobBlockStart, { block, chunkSize: transfer.chunkSize });
        await sendChunks(t, to, transfer, block, chunksOf(transfer, block), `block ${block}, chunk`);
        await t.ask(`after ${block}`, to, blobTransferGet, {});
      }
    },
    judge(j) {
      const blocks = chunksMarked(j);
      if (blocks === 0) return j.inconclusive('MBTM-S.blocks', 'no transfer was begun');
      for (const block of first(blocks)) {
        const phase = block === blocks - 1 ? blobPhase.TRANSFER_COMPLETE : blobPhase.WAITING_FOR_NEXT_BLOCK;
        blocksMissing(j, 'MBTM-S.blocks', `after ${block}`, phase, first(blocks).slice(block + 1));
      }
    },
  },
  {
    ...PUSH,
    id: 'DFUM/BLB-S/16',
    purpose: 'a chunk of wrong length or number, or one that is there already, changes nothing',
    statements: ['MBTM-S.bad-chunk'],
    ixit: PREPARING,
    async drive(t, variant) {
      const { to, limits, transfer: made } = await begun(t, serverOf(variant), { mode: transferMode.PUSH });
      // The chunk that is too long has to reach the server all the same.
      const transfer = withRoom(limits, made) ?? t.stop('the limits of this device leave no room for a longer chunk');
      const { chunkSize, data } = transfer;
      const count = chunksOf(transfer, 0).length;
      t.mark('chunks', { count });
      if (count < 3) t.stop('a block of this device has fewer than three chunks');
      await t.ask('block', to, blobBlockStart, { block: 0, chunkSize });
      await sendChunks(t, to, transfer, 0, [0]);
      await t.tell('short', to, blobChunkTransfer, { chunk: 1, data: data.subarray(0, chunkSize - 1) });
      await t.ask('after short', to, blobBlockGet, {});
      await t.tell('long', to, blobChunkTransfer, { chunk: 1, data: data.subarray(0, chunkSize + 1) });
      await t.ask('after long', to, blobBlockGet, {});
      await t.tell('beyond', to, blobChunkTransfer, { chunk: count, data: data.subarray(0, chunkSize) });
      await t.ask('after beyond', to, blobBlockGet, {});
      await t.tell('duplicate', to, blobChunkTransfer, { chunk: 0, data: data.subarray(0, chunkSize) });
      await t.ask('after duplicate', to, blobBlockGet, {});
    },
    judge(j) {
      const count = chunksMarked(j);
      for (const what of ['short', 'long', 'beyond', 'duplicate']) {
        if (j.log.first(told(what)) === undefined)
          j.inconclusive('MBTM-S.bad-chunk', `the ${what} chunk was not delivered`);
        else lacks(j, 'MBTM-S.bad-chunk', `after ${what}`, count, first(count).slice(1));
      }
    },
  },
];

/** How many chunks or blocks the drive counted; 0 where it did not come so far. */
function chunksMarked(j: J): number {
  const mark = j.log.events.find((e) => e.type === 'mark' && e.data?.['name'] === 'chunks');
  return Number(mark?.data?.['count'] ?? 0);
}
