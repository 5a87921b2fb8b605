import { expect } from 'chai';
import { decodeAccess, valueOf } from '../codec/access.ts';
import { blobPhase, blobStatus, transferMode } from '../codec/enums.ts';
import { encodeMessage, rawMessage } from '../codec/message.ts';
import {
  blobBlockGet,
  blobBlockStart,
  blobBlockStatus,
  blobChunkTransfer,
  blobInformationGet,
  blobInformationStatus,
  blobPartialBlockReport,
  blobTransferCancel,
  blobTransferGet,
  blobTransferStart,
  blobTransferStatus,
} from '../codec/messages/blob.ts';
import { type Fate, lossy } from '../stack/bearerPair.ts';
import { meshBench } from '../testBench.ts';
import type { TargetState } from './blobClient.ts';
import { type BlobSending, sendBlob } from './blobSender.ts';
import {
  type BlobServerBehaviour,
  blobServerNext,
  type BlobServerInput,
  type BlobServerState,
  blobPhaseOf,
} from './blobServer.ts';
import { blockCount, chooseShape, chunkCount, chunkRange } from './geometry.ts';
import { PlayedTarget, type TargetBehaviour } from './playedTarget.ts';

const INFORMATION = {
  minBlockSizeLog: 6,
  maxBlockSizeLog: 8,
  maxChunks: 16,
  maxChunkSize: 64,
  maxBlobSize: 1000,
  mtu: 380,
  push: 1,
  pull: 1,
};
const BLOB: BlobServerBehaviour = { information: INFORMATION, chunksPerReport: 3 };
const ID = '1100000000000011';
const START = { mode: transferMode.PUSH as number, blobId: ID, size: 80, blockSizeLog: 6, mtu: 380 };

const says = (pdu: Buffer): BlobServerInput => ({ kind: 'message', decoded: decodeAccess(pdu) });
const PREPARE: BlobServerInput = { kind: 'prepare', expected: { blobId: ID, timeoutBase: 0 } };
const chunk = (n: number, length = 16): BlobServerInput =>
  says(encodeMessage(blobChunkTransfer, { chunk: n, data: Buffer.alloc(length, n + 1) }));
const start = (change: Partial<typeof START> = {}): BlobServerInput =>
  says(encodeMessage(blobTransferStart, { ...START, ...change }));
const block = (n: number, chunkSize = 16): BlobServerInput =>
  says(encodeMessage(blobBlockStart, { block: n, chunkSize }));
const GET = says(encodeMessage(blobTransferGet, {}));
const BLOCK_GET = says(encodeMessage(blobBlockGet, {}));

/** Plays inputs on the server; status and phase of each answer. */
function play(inputs: readonly BlobServerInput[], behaviour = BLOB) {
  let state: BlobServerState = { kind: 'inactive' };
  return inputs.map((input) => {
    const step = blobServerNext(state, input, behaviour);
    state = step.state;
    const decoded = step.reply && decodeAccess(step.reply);
    const value = decoded && (valueOf(blobTransferStatus, decoded) ?? valueOf(blobBlockStatus, decoded));
    const report = step.report && valueOf(blobPartialBlockReport, decodeAccess(step.report))?.wanted;
    return { status: value?.status, value, phase: blobPhaseOf(state), event: step.event, report };
  });
}

describe('played BLOB Transfer Server', () => {
  const {
    WAITING_FOR_NEXT_BLOCK,
    WAITING_FOR_NEXT_CHUNK,
    TRANSFER_COMPLETE,
    TRANSFER_SUSPENDED,
    INACTIVE,
    WAITING_FOR_TRANSFER_START,
  } = blobPhase;
  const ROWS: [string, BlobServerInput[], number | undefined, number][] = [
    ['Get when inactive', [GET], blobStatus.SUCCESS, INACTIVE],
    ['Start when inactive', [start()], blobStatus.WRONG_PHASE, INACTIVE],
    [
      'Start with another id',
      [PREPARE, start({ blobId: '22'.repeat(8) })],
      blobStatus.WRONG_BLOB_ID,
      WAITING_FOR_TRANSFER_START,
    ],
    ['Start too large', [PREPARE, start({ size: 1001 })], blobStatus.BLOB_TOO_LARGE, WAITING_FOR_TRANSFER_START],
    [
      'Start with a block too large',
      [PREPARE, start({ blockSizeLog: 9 })],
      blobStatus.INVALID_BLOCK_SIZE,
      WAITING_FOR_TRANSFER_START,
    ],
    ['Start in mode 0', [PREPARE, start({ mode: 0 })], undefined, WAITING_FOR_TRANSFER_START],
    ['Start', [PREPARE, start()], blobStatus.SUCCESS, WAITING_FOR_NEXT_BLOCK],
    ['Start repeated', [PREPARE, start(), start()], blobStatus.SUCCESS, WAITING_FOR_NEXT_BLOCK],
    ['Start altered', [PREPARE, start(), start({ size: 81 })], blobStatus.WRONG_PHASE, WAITING_FOR_NEXT_BLOCK],
    ['Block Get before Start', [PREPARE, BLOCK_GET], blobStatus.WRONG_PHASE, WAITING_FOR_TRANSFER_START],
    [
      'Block Start beyond the last block',
      [PREPARE, start(), block(2)],
      blobStatus.INVALID_BLOCK_NUMBER,
      WAITING_FOR_NEXT_BLOCK,
    ],
    [
      'Block Start with chunk size 0',
      [PREPARE, start(), block(0, 0)],
      blobStatus.INVALID_CHUNK_SIZE,
      WAITING_FOR_NEXT_BLOCK,
    ],
    ['Block Start', [PREPARE, start(), block(0)], blobStatus.SUCCESS, WAITING_FOR_NEXT_CHUNK],
    ['Block Start repeated', [PREPARE, start(), block(0), block(0)], blobStatus.SUCCESS, WAITING_FOR_NEXT_CHUNK],
    ['another Block Start', [PREPARE, start(), block(0), block(1)], blobStatus.WRONG_PHASE, WAITING_FOR_NEXT_CHUNK],
    ['last chunk', [PREPARE, start({ size: 16 }), block(0), chunk(0)], undefined, TRANSFER_COMPLETE],
    ['timeout', [PREPARE, start(), { kind: 'server timeout' }], undefined, TRANSFER_SUSPENDED],
    [
      'Block Get when suspended',
      [PREPARE, start(), block(0), { kind: 'server timeout' }, BLOCK_GET],
      blobStatus.INFORMATION_UNAVAILABLE,
      TRANSFER_SUSPENDED,
    ],
    [
      'Start when suspended',
      [PREPARE, start(), { kind: 'server timeout' }, start()],
      blobStatus.SUCCESS,
      WAITING_FOR_NEXT_BLOCK,
    ],
    [
      'Cancel',
      [PREPARE, start(), says(encodeMessage(blobTransferCancel, { blobId: ID }))],
      blobStatus.SUCCESS,
      INACTIVE,
    ],
    [
      'Cancel of another',
      [PREPARE, says(encodeMessage(blobTransferCancel, { blobId: '00'.repeat(8) }))],
      blobStatus.WRONG_BLOB_ID,
      WAITING_FOR_TRANSFER_START,
    ],
    [
      'chunk of a wrong length',
      [PREPARE, start(), block(0), chunk(0, 15), BLOCK_GET],
      blobStatus.SUCCESS,
      WAITING_FOR_NEXT_CHUNK,
    ],
    [
      'malformed message',
      [PREPARE, says(rawMessage(blobTransferStart.opcode, Buffer.of(1)))],
      undefined,
      WAITING_FOR_TRANSFER_START,
    ],
    [
      'unsupported mode',
      [PREPARE, start({ mode: transferMode.PULL })],
      blobStatus.UNSUPPORTED_TRANSFER_MODE,
      WAITING_FOR_TRANSFER_START,
    ],
  ];
  for (const [name, inputs, status, phase] of ROWS) {
    it(name, () => {
      const behaviour = name === 'unsupported mode' ? { ...BLOB, information: { ...INFORMATION, pull: 0 } } : BLOB;
      expect(play(inputs, behaviour).at(-1)).to.deep.include({ status, phase });
    });
  }

  it('tells missing chunks: all, a bitmap, none', () => {
    const seen = play([PREPARE, start(), block(0), chunk(1), BLOCK_GET, chunk(0), chunk(2), chunk(3), BLOCK_GET]).map(
      (s) => s.value,
    );
    expect(seen[2]).to.include({ format: 0 });
    expect(seen[4]).to.deep.include({ format: 2, missing: Buffer.of(0b1101) });
    expect(seen[8]).to.include({ format: 1, block: 0 });
  });

  it('pull: asks for a few chunks at a time, reports the end of a block, stays until Transfer Get', () => {
    const seen = play([
      PREPARE,
      start({ mode: transferMode.PULL, size: 64 }),
      block(0),
      chunk(0),
      chunk(1),
      chunk(2),
      chunk(3),
      { kind: 'report timer' },
      GET,
    ]);
    expect(seen[2]?.value).to.deep.include({ format: 3, wanted: [0, 1, 2] });
    expect(seen.map((s) => s.report)).to.deep.equal([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      [3],
      [],
      [],
      undefined,
    ]);
    expect(seen[7]?.phase).to.equal(WAITING_FOR_NEXT_CHUNK);
    expect(seen[8]).to.include({ phase: TRANSFER_COMPLETE, event: 'complete' });
  });

  it('ignores a chunk of a wrong number or length', () => {
    for (const wrong of [chunk(0, 15), chunk(0, 17), chunk(4)]) {
      expect(play([PREPARE, start(), block(0), wrong, BLOCK_GET]).at(-1)?.value).to.include({ format: 0 });
    }
  });

  it('answers Information Get in every phase', () => {
    const states: BlobServerInput[][] = [[], [PREPARE], [PREPARE, start()], [PREPARE, start(), block(0)]];
    for (const inputs of states) {
      let state: BlobServerState = { kind: 'inactive' };
      for (const input of inputs) state = blobServerNext(state, input, BLOB).state;
      const step = blobServerNext(state, says(encodeMessage(blobInformationGet, {})), BLOB);
      expect(step.state).to.equal(state);
      expect(step.reply && valueOf(blobInformationStatus, decodeAccess(step.reply))).to.deep.equal(INFORMATION);
    }
  });

  it('misbehaves as told', () => {
    expect(play([PREPARE, start()], { ...BLOB, startStatus: 9 }).at(-1)).to.include({
      status: 9,
      phase: WAITING_FOR_TRANSFER_START,
    });
    expect(play([PREPARE, start(), block(0)], { ...BLOB, blockStartStatus: 5 }).at(-1)).to.include({ status: 5 });
    expect(play([PREPARE, start()], { ...BLOB, wrongBlobId: '00'.repeat(8) }).at(-1)?.value).to.include({
      blobId: '00'.repeat(8),
    });
    expect(play([PREPARE, start(), block(0)], { ...BLOB, silentFromBlock: 0 }).at(-1)?.status).to.equal(undefined);
    const lost = play([PREPARE, start({ size: 16 }), block(0), chunk(0), chunk(0)], { ...BLOB, loseChunks: [0] });
    expect(lost.map((s) => s.phase).slice(3)).to.deep.equal([WAITING_FOR_NEXT_CHUNK, TRANSFER_COMPLETE]);
  });
});

describe('BLOB geometry', () => {
  it('counts blocks and chunks, the last ones short', () => {
    const shape = { size: 80, blockSizeLog: 6 };
    expect([blockCount(shape), chunkCount(shape, 0, 24), chunkCount(shape, 1, 24)]).to.deep.equal([2, 3, 1]);
    expect(chunkRange(shape, 0, 24, 2)).to.deep.equal({ start: 48, end: 64 });
    expect(chunkRange(shape, 1, 24, 0)).to.deep.equal({ start: 64, end: 80 });
  });

  it('chooses a shape that every server takes', () => {
    expect(chooseShape([INFORMATION], { mtu: 380 })).to.deep.equal({ blockSizeLog: 8, chunkSize: 64 });
    expect(chooseShape([INFORMATION, { ...INFORMATION, maxBlockSizeLog: 6, mtu: 20 }], { mtu: 380 })).to.deep.equal({
      blockSizeLog: 6,
      chunkSize: 17,
    });
    expect(chooseShape([INFORMATION], { mtu: 380, chunkSize: 8 })).to.deep.equal({ blockSizeLog: 7, chunkSize: 8 });
    expect(chooseShape([{ ...INFORMATION, minBlockSizeLog: 8, maxChunks: 1 }], { mtu: 380 })).to.equal(undefined);
    expect(chooseShape([{ ...INFORMATION, maxChunkSize: 7 }], { mtu: 380 })).to.equal(undefined);
  });
});

describe('BLOB transfer between the tester and targets', () => {
  const TARGET: TargetBehaviour = {
    blob: BLOB,
    update: { images: [], newFirmwareId: Buffer.alloc(0), additional: 0 },
    timeScale: 1,
    reportMs: 1000,
    verifyMs: 0,
    applyMs: 0,
  };
  const DATA = Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 7) & 0xff));
  const SENDING: BlobSending = {
    key: { app: 0 },
    mtu: 380,
    deadline: { withinMs: 20_000, retryMs: 1000 },
    reportMs: 67_000,
  };

  async function transfer(
    mode: number,
    behaviours: readonly Partial<BlobServerBehaviour>[],
    options: { fate?: (pdu: Buffer) => Fate; sending?: Partial<BlobSending>; groups?: number[] } = {},
  ) {
    const bench = meshBench(options.fate);
    const targets = behaviours.map((change, i) => {
      const target = new PlayedTarget(
        bench.node.stack,
        0x0201 + i,
        { ...TARGET, blob: { ...BLOB, ...change } },
        options.groups,
      );
      target.prepare(ID, 3);
      return target;
    });
    const shape = { size: DATA.length, blockSizeLog: 7, blobId: ID, mode, chunkSize: 16, idleRounds: 5 };
    const addresses = targets.map((target) => target.address);
    const result = await bench.turn(
      sendBlob(bench.tester.stack, DATA, shape, addresses, { ...SENDING, ...options.sending }),
    );
    const sent = bench.tester.sink.events
      .filter((e) => e.type === 'mesh.access' && e.dir === 'out')
      .map((e) => decodeAccess(Buffer.from(e.raw ?? '', 'hex')));
    const chunks = sent.flatMap((decoded) => valueOf(blobChunkTransfer, decoded)?.chunk ?? []);
    for (const target of targets) target.close();
    return { targets, result, chunks, states: [...result.values()].map((state: TargetState) => state.kind) };
  }

  for (const [name, mode] of [
    ['push', transferMode.PUSH],
    ['pull', transferMode.PULL],
  ] as const) {
    it(`${name}: delivers to two targets, each chunk once`, async () => {
      const { targets, states, chunks } = await transfer(mode, [{}, {}]);
      expect(states).to.deep.equal(['complete', 'complete']);
      for (const target of targets) expect(target.image.equals(DATA)).to.equal(true);
      expect(chunks.length).to.equal(2 * Math.ceil(DATA.length / 16));
    });

    it(`${name}: delivers at 10 % loss and 1 % duplicates each way`, async () => {
      const { targets, states } = await transfer(mode, [{}, {}], { fate: lossy(11, 0.1, 0.01) });
      expect(states).to.deep.equal(['complete', 'complete']);
      for (const target of targets) expect(target.image.equals(DATA)).to.equal(true);
    });

    it(`${name}: drops a target that falls silent, answers with an error or names another BLOB, and goes on with the other`, async () => {
      for (const bad of [
        { silentFromBlock: 1 },
        { startStatus: 9 },
        { blockStartStatus: 3 },
        { wrongBlobId: '00'.repeat(8) },
      ]) {
        const { targets, states } = await transfer(mode, [{}, bad]);
        expect(states, JSON.stringify(bad)).to.deep.equal(['complete', 'dropped']);
        expect(targets[0]?.image.equals(DATA)).to.equal(true);
      }
    });
  }

  it('push: sends again only what a target lacks', async () => {
    const { states, chunks } = await transfer(transferMode.PUSH, [{ loseChunks: [1, 3] }]);
    expect(states).to.deep.equal(['complete']);
    expect(chunks.slice(0, 10)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 1, 3]);
  });

  it('push: leaves chunks out on purpose and sends them in the next round', async () => {
    const omit = (block: number, chunk: number, round: number): boolean => block === 0 && round === 0 && chunk === 5;
    const { targets, chunks } = await transfer(transferMode.PUSH, [{}], { sending: { omit } });
    expect(chunks.slice(0, 8)).to.deep.equal([0, 1, 2, 3, 4, 6, 7, 5]);
    expect(targets[0]?.image.equals(DATA)).to.equal(true);
  });

  it('push: serves a group with one chunk message for all', async () => {
    const { targets, states, chunks } = await transfer(transferMode.PUSH, [{}, {}], {
      sending: { group: 0xc000 },
      groups: [0xc000],
    });
    expect(states).to.deep.equal(['complete', 'complete']);
    for (const target of targets) expect(target.image.equals(DATA)).to.equal(true);
    expect(chunks.length).to.equal(Math.ceil(DATA.length / 16));
  });

  it('push: drops a target that never receives anything new', async () => {
    const { result } = await transfer(transferMode.PUSH, [{}], { sending: { omit: () => true } });
    expect([...result.values()]).to.deep.equal([{ kind: 'dropped', reason: 'nothing new received in 6 rounds' }]);
  });
});
