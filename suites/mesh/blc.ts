import { expect } from 'chai';
import { nameOf } from '../../src/core/layout/names.ts';
import { type Kind, type Seen, where } from '../../src/core/log.ts';
import {
  blobStatus,
  distributionPhase,
  missingFormat,
  transferMode,
  updatePolicy,
} from '../../src/mesh/codec/enums.ts';
import {
  blobBlockStart,
  blobBlockStatus,
  blobChunkTransfer,
  blobInformationGet,
  blobPartialBlockReport,
  blobTransferCancel,
  blobTransferGet,
  blobTransferStart,
  blobTransferStatus,
} from '../../src/mesh/codec/messages/blob.ts';
import { distributionStart, distributionStatusMessage } from '../../src/mesh/codec/messages/distribution.ts';
import { updateCancel } from '../../src/mesh/codec/messages/update.ts';
import { bitsSet } from '../../src/mesh/codec/fields.ts';
import { answer, message, sendings } from '../../src/mesh/kinds.ts';
import { expires, type J, type MeshCase, TRIES } from './claims.ts';
import { sameImages, start, TARGETS, untilPhase } from './distributing.ts';
import { JUDGED_BASE } from './moves.ts';

import { BLOB, SOON, to, started, whole, got, inOrder, notBefore, givenUp } from './client-drive.ts';

const { COMPLETED, FAILED, TRANSFER_ACTIVE, TRANSFER_SUSPENDED } = distributionPhase;
/** A distribution whose every target was dropped in the transfer: the BLOB transfer is suspended, which may be shown as such. */
const WITHOUT_TARGETS: readonly number[] = [FAILED, TRANSFER_SUSPENDED];
const [FIRST] = TARGETS;

/** BLOB Transfer Client. */
export const blobClientCases: readonly MeshCase[] = [
  {
    ...BLOB,
    id: 'DFUM/BLC/01',
    purpose: 'a BLOB is pushed block by block, every chunk with its octets, and the end is asked for',
    statements: ['MBTM-C.start', 'MBTM-C.blocks', 'MBTM-C.push', 'MBTM-C.end'],
    policies: ['clientMtu'],
    demo: true,
    related: ['MBTM/CL/BT/BV-01-C'],
    drive: (t) => whole(t),
    judge(j) {
      for (const address of TARGETS) {
        if (!inOrder(j, 'MBTM-C.start', address, [blobInformationGet, blobTransferStart, blobBlockStart])) return;
        parametersFit(j, address);
        notBefore(j, 'MBTM-C.blocks', address, blobBlockStart, blobChunkTransfer);
        got(j, 'MBTM-C.end', blobTransferGet, address);
      }
      sameImages(j, 'MBTM-C.push');
    },
  },
  {
    ...BLOB,
    id: 'DFUM/BLC/02',
    purpose: 'in pull mode only the chunks that were asked for are sent',
    statements: ['MBTM-C.pull'],
    drive: (t) => whole(t, { mode: transferMode.PULL }),
    judge(j) {
      for (const address of TARGETS) judgePull(j, address);
      sameImages(j, 'MBTM-C.pull');
    },
  },
  {
    ...BLOB,
    id: 'DFUM/BLC/03',
    purpose: 'only chunks that are missing are sent again',
    statements: ['MBTM-C.resend'],
    drive: (t) => whole(t, {}, { blob: { loseChunks: [1, 3] } }),
    judge(j) {
      for (const address of TARGETS) judgeResent(j, address);
      sameImages(j, 'MBTM-C.resend');
    },
  },
  {
    ...BLOB,
    id: 'DFUM/BLC/04',
    purpose: 'a server that answers with an error status is dropped',
    statements: ['MBTM-C.error'],
    async drive(t) {
      t.target(TARGETS[1], { blob: { startStatus: blobStatus.INTERNAL_ERROR } });
      await start(t, [FIRST], [TARGETS[1]], { policy: updatePolicy.VERIFY_AND_APPLY });
      await untilPhase(t, 'distributing', [COMPLETED]);
    },
    judge(j) {
      const S = 'MBTM-C.error';
      const transfer = to(blobTransferStart, TARGETS[1]);
      if (j.came(S, transfer, { stimulus: started, within: SOON }) === undefined) return;
      j.never(S, to(blobBlockStart, TARGETS[1]), { stimulus: transfer });
      j.never(S, to(blobChunkTransfer, TARGETS[1]), { stimulus: transfer });
      const end = j.log.last(answer(distributionStatusMessage, 'distributing'))?.value?.phase;
      j.check(S, () =>
        expect(nameOf(distributionPhase, end ?? -1), 'end with the other server').to.equal(
          nameOf(distributionPhase, COMPLETED),
        ),
      );
    },
  },
  {
    ...BLOB,
    id: 'DFUM/BLC/05',
    purpose: 'a server that stays silent is dropped when the client timeout is over, and not before',
    statements: ['MBTM-C.silence'],
    related: ['MBTM/CL/BT/BV-08-C'],
    async drive(t) {
      await start(t, [FIRST], [], { timeoutBase: JUDGED_BASE }, { blob: { silentFromBlock: 0 } });
      await untilPhase(t, 'distributing', WITHOUT_TARGETS);
    },
    judge(j) {
      const ttl = j.log.first(message(distributionStart, 'out'))?.value.ttl ?? 0;
      const blockStart = j.log.first(to(blobBlockStart, FIRST));
      // Earlier Block Starts may have been lost, but none was sent before the target had answered Transfer Start.
      const opened = j.log.first(where(message(blobTransferStatus, 'out'), 'Transfer Status', (m) => m.src === FIRST));
      expires<{ readonly phase: number }>(j, 'MBTM-C.silence', {
        armed: blockStart && { n: blockStart.n, ms: blockStart.ms, ...(opened && { asked: opened }) },
        polls: answer(distributionStatusMessage, 'distributing'),
        before: ({ phase }) => phase === TRANSFER_ACTIVE,
        after: ({ phase }) => WITHOUT_TARGETS.includes(phase),
        show: ({ phase }) => nameOf(distributionPhase, phase),
        expected: 'the only server dropped',
        // 10 000 x (client timeout base + 2) + 100 x TTL milliseconds.
        ms: j.ms({ timer: 'timeoutUnit', times: JUDGED_BASE + 2 + ttl / 100 }),
      });
    },
  },
  {
    ...BLOB,
    id: 'DFUM/BLC/06',
    purpose: 'a transfer that is given up is cancelled at every server',
    statements: ['MBTM-C.cancel'],
    drive: (t) => givenUp(t),
    judge(j) {
      const S = 'MBTM-C.cancel';
      // A target frees its BLOB server on Update Cancel as well, so either of the two ends the transfer.
      for (const address of TARGETS) {
        const ended: Kind<object> = {
          name: `BLOB Transfer Cancel or Update Cancel to ${address}`,
          read: (event, log) =>
            to(blobTransferCancel, address).read(event, log) ?? to(updateCancel, address).read(event, log),
        };
        j.came(S, ended, { stimulus: sendings('cancel'), within: SOON });
        const cancel = j.log.first(to(blobTransferCancel, address));
        const transfer = j.log.first(to(blobTransferStart, address));
        if (cancel !== undefined && transfer !== undefined)
          j.check(
            S,
            () => expect(cancel.value.blobId, 'BLOB id of Transfer Cancel').to.equal(transfer.value.blobId),
            cancel,
          );
      }
    },
  },
];

type Chunk = Seen<{ readonly value: { readonly chunk: number } }>;

/** Transfer Start and Block Start stay within what the played target told. */
function parametersFit(j: J, address: number): void {
  const transfer = j.log.first(to(blobTransferStart, address));
  if (transfer === undefined) return;
  const { mtu, blockSizeLog, mode } = transfer.value;
  j.check(
    'MBTM-C.start',
    () => {
      expect(nameOf(transferMode, mode), 'mode of Transfer Start').to.equal(nameOf(transferMode, transferMode.PUSH));
      expect(blockSizeLog, 'block size log of Transfer Start').to.be.within(6, 12);
      expect(mtu, 'client MTU').to.be.at.least(20);
      if (j.policy.clientMtu === 'fail') expect(mtu, 'client MTU').to.be.at.most(380);
    },
    transfer,
  );
  const blocks = j.log.all(to(blobBlockStart, address));
  for (const block of blocks)
    j.check(
      'MBTM-C.blocks',
      () => expect(block.value.chunkSize, 'chunk size of Block Start').to.be.within(8, 256),
      block,
    );
}

/** The first chunk that the played target had not asked for, in the same block, in a report or Block Status. */
function unaskedOf(j: J, address: number, chunks: readonly Chunk[]): Chunk | undefined {
  const own = (m: { readonly src: number }): boolean => m.src === address;
  const asked = [
    ...j.log.all(where(message(blobPartialBlockReport, 'out'), 'report', own)),
    ...j.log.all(where(message(blobBlockStatus, 'out'), 'status', own)),
  ];
  // A Block Start that is repeated begins nothing.
  const begins = j.log
    .all(to(blobBlockStart, address))
    .filter((start, i, all) => start.value.block !== all[i - 1]?.value.block);
  return chunks.find((chunk) => {
    const begin = begins.findLast(({ n }) => n < chunk.n)?.n ?? 0;
    return !asked.some(({ n, value }) => n > begin && n < chunk.n && value.wanted?.includes(chunk.value.chunk));
  });
}

function judgePull(j: J, address: number): void {
  const S = 'MBTM-C.pull';
  const chunks = j.log.all(to(blobChunkTransfer, address));
  if (chunks.length === 0) {
    j.came(S, to(blobChunkTransfer, address), { stimulus: started, within: SOON, tries: TRIES });
    return;
  }
  const unasked = unaskedOf(j, address, chunks);
  j.check(
    S,
    () => expect(unasked?.value.chunk ?? 'none', 'chunks that nobody asked for').to.equal('none'),
    unasked ?? chunks[0],
  );
}

/** True where this target, as it told last in this block, lacks this chunk. */
function lacks(j: J, address: number, block: number, { n, value: { chunk } }: Chunk): boolean {
  const log = j.log.before({ n });
  const ofBlock = where(
    message(blobBlockStatus, 'out'),
    'Block Status',
    (m) => m.src === address && m.value.block === block,
  );
  const status = log.last(ofBlock);
  const begin = log.last(to(blobBlockStart, address));
  if (status === undefined || begin === undefined) return false;
  if (status.value.missing !== undefined) return bitsSet(status.value.missing).includes(chunk);
  // At the beginning of a block all chunks are missing, and none of them is sent again.
  const sent = log.after(begin).before(status).first(to(blobChunkTransfer, address));
  return status.value.format === missingFormat.ALL && sent !== undefined;
}

/** After a Block Status with a bitmap only chunks come that some target lacks, until the next Block Status: a client may send to all what one of them lacks. */
function judgeResent(j: J, address: number): void {
  const S = 'MBTM-C.resend';
  const statuses = j.log.all(where(message(blobBlockStatus, 'out'), 'Block Status', (m) => m.src === address));
  const gaps = statuses.filter((s) => s.value.missing !== undefined);
  if (gaps.length === 0) return j.inconclusive(S, `target ${address} did not lose a chunk`);
  for (const status of gaps) {
    const next = statuses.find((s) => s.n > status.n);
    const log = next === undefined ? j.log.after(status) : j.log.after(status).before(next);
    const { block } = status.value;
    const needless = log
      .all(to(blobChunkTransfer, address))
      .filter((chunk) => !TARGETS.some((target) => lacks(j, target, block, chunk)));
    j.check(
      S,
      () =>
        expect(
          needless.map((chunk) => chunk.value.chunk),
          'chunks sent again that were there',
        ).to.deep.equal([]),
      status,
    );
  }
}
