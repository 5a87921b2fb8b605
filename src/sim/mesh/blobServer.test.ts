import { expect } from 'chai';
import {
  blobBlockGet,
  blobBlockStart,
  blobChunkTransfer,
  blobInformationGet,
  blobTransferCancel,
  blobTransferGet,
  blobTransferStart,
} from '../../mesh/codec/messages/blob.ts';
import { type ModelBench, modelBench } from './testbench.ts';
import type { Behaviour } from './behaviour.ts';
import type { Options } from './options.ts';

const ID = '1100000000000011';
const OTHER = '2200000000000022';
const START = { mode: 1, blobId: ID, size: 150, blockSizeLog: 6, mtu: 380 } as const;
const DATA = Buffer.from(Array.from({ length: 150 }, (_, i) => i));
const BASE = 1;
const TIMEOUT_MS = 20_000;

/** A server that expects the BLOB. */
function prepared(options: Partial<Options> = {}, behaviour: Behaviour = {}): ModelBench {
  const bench = modelBench(options, behaviour);
  bench.models.updateBlob?.prepare(ID, BASE, 0xff);
  return bench;
}

function chunks(bench: ModelBench, block: number, numbers: readonly number[]): void {
  for (const chunk of numbers) {
    const at = block * 64 + chunk * 32;
    bench.tell(blobChunkTransfer, { chunk, data: DATA.subarray(at, Math.min(at + 32, (block + 1) * 64)) });
  }
}

/** Status and phase of a Transfer Status. */
const told = (answer: { status: number; phase: number } | undefined): string => `${answer?.status} ${answer?.phase}`;

describe('simulated BLOB Transfer Server', () => {
  it('tells its limits', () => {
    expect(modelBench({ modes: 'push' }).ask(blobInformationGet, {})).to.deep.include({
      minBlockSizeLog: 6,
      maxBlockSizeLog: 12,
      maxChunkSize: 64,
      push: 1,
      pull: 0,
    });
  });

  it('knows nothing while Inactive', () => {
    const bench = modelBench();
    expect(bench.ask(blobTransferGet, {})).to.deep.equal({ status: 0, mode: 0, phase: 0 });
    expect(told(bench.ask(blobTransferStart, START))).to.equal('4 0');
    expect(told(bench.ask(blobTransferCancel, { blobId: ID }))).to.equal('0 0');
    expect(bench.ask(blobBlockGet, {})).to.include({ status: 4, block: 0xffff });
  });

  for (const [what, change, status] of [
    ['another BLOB id', { blobId: OTHER }, 6],
    ['a size above the maximum', { size: 16_385, blockSizeLog: 12 }, 7],
    ['a block size below the smallest', { blockSizeLog: 5 }, 2],
    ['a block size above the largest', { blockSizeLog: 13 }, 2],
    ['a mode that it has not', { mode: 2 }, 8],
  ] as const)
    it(`refuses a first Transfer Start with ${what}`, () => {
      const bench = prepared({ modes: 'push', minLog: 6 });
      expect(told(bench.ask(blobTransferStart, { ...START, ...change }))).to.equal(`${status} 1`);
    });

  it('ignores a Transfer Start without a mode', () => {
    expect(prepared().ask(blobTransferStart, { ...START, mode: 0 })).to.equal(undefined);
  });

  it('takes three blocks in push mode and names what is missing', () => {
    const bench = prepared();
    expect(told(bench.ask(blobTransferStart, START))).to.equal('0 2');
    expect(told(bench.ask(blobTransferStart, START))).to.equal('0 2');
    expect(told(bench.ask(blobTransferStart, { ...START, size: 149 }))).to.equal('4 2');
    expect(bench.ask(blobBlockStart, { block: 3, chunkSize: 32 })).to.include({ status: 1 });
    for (const chunkSize of [0, 65])
      expect(bench.ask(blobBlockStart, { block: 0, chunkSize })).to.include({ status: 3 });
    expect(bench.ask(blobBlockStart, { block: 0, chunkSize: 32 })).to.include({ status: 0, format: 0 });
    expect(bench.ask(blobBlockStart, { block: 0, chunkSize: 32 })).to.include({ status: 0, format: 0 });
    expect(bench.ask(blobBlockStart, { block: 1, chunkSize: 32 })).to.include({ status: 4 });
    chunks(bench, 0, [1]);
    expect(bench.ask(blobBlockGet, {})).to.deep.include({ format: 2, missing: Buffer.of(1) });
    bench.tell(blobChunkTransfer, { chunk: 0, data: DATA.subarray(0, 31) });
    bench.tell(blobChunkTransfer, { chunk: 2, data: DATA.subarray(0, 32) });
    chunks(bench, 0, [1]);
    expect(bench.ask(blobBlockGet, {})).to.deep.include({ format: 2, missing: Buffer.of(1) });
    chunks(bench, 0, [0]);
    expect(bench.ask(blobBlockGet, {})).to.include({ status: 0, format: 1 });
    expect(bench.ask(blobTransferGet, {})?.transfer?.blocksNotReceived).to.deep.equal(Buffer.of(6));
    bench.ask(blobBlockStart, { block: 2, chunkSize: 32 });
    chunks(bench, 2, [0]);
    bench.ask(blobBlockStart, { block: 1, chunkSize: 32 });
    chunks(bench, 1, [0, 1]);
    expect(bench.ask(blobTransferGet, {})).to.deep.include({ phase: 4 });
  });

  it('asks for chunks in pull mode, a few at a time, and repeats what is not served', async () => {
    const bench = prepared({ wanted: 1 });
    bench.ask(blobTransferStart, { ...START, mode: 2, size: 64 });
    expect(bench.ask(blobBlockStart, { block: 0, chunkSize: 32 })).to.deep.include({ format: 3, wanted: [0] });
    await bench.timers.advance(10_000);
    expect(bench.sent()).to.deep.equal(['6800']);
    chunks(bench, 0, [0]);
    expect(bench.sent()).to.deep.equal(['6801']);
    chunks(bench, 0, [1]);
    expect(bench.sent()).to.deep.equal(['68']);
    await bench.timers.advance(10_000);
    expect(bench.sent()).to.deep.equal(['68']);
    expect(told(bench.ask(blobTransferGet, {}))).to.equal('0 4');
  });

  it('suspends after the server timeout and not before, and goes on after the same Transfer Start', async () => {
    const bench = prepared();
    bench.ask(blobTransferStart, START);
    bench.ask(blobBlockStart, { block: 0, chunkSize: 32 });
    await bench.timers.advance(TIMEOUT_MS - 1);
    expect(told(bench.ask(blobTransferGet, {}))).to.equal('0 3');
    chunks(bench, 0, [0]);
    await bench.timers.advance(TIMEOUT_MS - 1);
    expect(told(bench.ask(blobTransferGet, {}))).to.equal('0 3');
    await bench.timers.advance(1);
    expect(told(bench.ask(blobTransferGet, {}))).to.equal('0 5');
    expect(bench.ask(blobBlockGet, {})).to.include({ status: 0xa });
    expect(told(bench.ask(blobTransferStart, START))).to.equal('0 2');
  });

  it('never times out while it waits for Transfer Start', async () => {
    const bench = prepared();
    await bench.timers.advance(10 * TIMEOUT_MS);
    expect(told(bench.ask(blobTransferGet, {}))).to.equal('0 1');
  });

  it('ends a transfer of the right BLOB id only', () => {
    const bench = prepared();
    bench.ask(blobTransferStart, START);
    expect(told(bench.ask(blobTransferCancel, { blobId: OTHER }))).to.equal('6 2');
    expect(told(bench.ask(blobTransferCancel, { blobId: ID }))).to.equal('0 0');
  });

  it('comes back from a power cut suspended, with the blocks that it had', () => {
    const bench = prepared();
    bench.ask(blobTransferStart, START);
    bench.ask(blobBlockStart, { block: 0, chunkSize: 32 });
    chunks(bench, 0, [0, 1]);
    const after = bench.restart();
    const status = after.ask(blobTransferGet, {});
    expect(status).to.include({ phase: 5, blobId: ID });
    expect(status?.transfer?.blocksNotReceived).to.deep.equal(Buffer.of(6));
  });
});
