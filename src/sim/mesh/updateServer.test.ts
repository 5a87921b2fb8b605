import { expect } from 'chai';
import {
  blobBlockStart,
  blobChunkTransfer,
  blobTransferGet,
  blobTransferStart,
} from '../../mesh/codec/messages/blob.ts';
import {
  metadataCheck,
  updateApply,
  updateCancel,
  updateGet,
  updateInformationGet,
  updateStart,
} from '../../mesh/codec/messages/update.ts';
import type { Behaviour } from './behaviour.ts';
import { FACTORY_FIRMWARE, firmwareIdOf, makeImage } from './image.ts';
import { type ModelBench, modelBench } from './testbench.ts';

const VERSION = '0200000000000000';
const { image, metadata } = makeImage(VERSION, 1, 30);
const BLOB = '1100000000000011';
const START = { ttl: 3, timeoutBase: 1, blobId: BLOB, image: 0, metadata } as const;
const TIMEOUT_MS = 20_000;

/** Status and phase of an Update Status. */
const told = (answer: { status: number; phase: number } | undefined): string => `${answer?.status} ${answer?.phase}`;

/** Sends these octets as the BLOB of the update, in one block. */
function transfer(bench: ModelBench, octets: Buffer): void {
  bench.ask(blobTransferStart, { mode: 1, blobId: BLOB, size: octets.length, blockSizeLog: 6, mtu: 380 });
  bench.ask(blobBlockStart, { block: 0, chunkSize: 64 });
  bench.tell(blobChunkTransfer, { chunk: 0, data: octets });
}

/** An update whose image has arrived and was looked at. */
async function verified(octets: Buffer, behaviour: Behaviour = {}): Promise<ModelBench> {
  const bench = modelBench({}, behaviour);
  bench.ask(updateStart, START);
  transfer(bench, octets);
  await bench.timers.advance(2000);
  return bench;
}

describe('simulated Firmware Update Server', () => {
  it('lists its one image, and nothing beyond it', () => {
    const bench = modelBench();
    expect(bench.ask(updateInformationGet, { first: 0, limit: 255 })).to.deep.equal({
      count: 1,
      first: 0,
      entries: [{ firmwareId: FACTORY_FIRMWARE, uri: '' }],
    });
    expect(bench.ask(updateInformationGet, { first: 1, limit: 1 })).to.deep.include({ count: 1, entries: [] });
  });

  it('checks metadata', () => {
    const bench = modelBench();
    expect(bench.ask(metadataCheck, { image: 0, metadata })).to.deep.include({ status: 0, additional: 1 });
    expect(bench.ask(metadataCheck, { image: 0, metadata: metadata.subarray(1) })).to.deep.include({
      status: 5,
      additional: 0,
    });
    expect(bench.ask(metadataCheck, { image: 1, metadata })).to.deep.include({ status: 4, image: 1 });
  });

  it('tells no parameters in Idle, those of Start afterwards', () => {
    const bench = modelBench();
    expect(bench.ask(updateGet, {})).to.deep.equal({ status: 0, phase: 0 });
    expect(bench.ask(updateStart, START)?.update).to.deep.equal({
      ttl: 3,
      additional: 1,
      timeoutBase: 1,
      blobId: BLOB,
      image: 0,
    });
    expect(told(bench.ask(updateStart, START))).to.equal('0 2');
    expect(told(bench.ask(updateStart, { ...START, ttl: 4 }))).to.equal('2 2');
    expect(bench.ask(blobTransferGet, {})).to.include({ phase: 1, blobId: BLOB });
  });

  it('refuses a Start and stays in Idle', () => {
    const bench = modelBench();
    expect(told(bench.ask(updateStart, { ...START, image: 1 }))).to.equal('4 0');
    expect(told(bench.ask(updateStart, { ...START, metadata: Buffer.of(1) }))).to.equal('5 0');
    expect(bench.ask(updateStart, { ...START, ttl: 0x80 })).to.equal(undefined);
    bench.models.updateBlob?.prepare('2200000000000022', 1, 5);
    expect(told(bench.ask(updateStart, START))).to.equal('7 0');
  });

  it('verifies, applies and installs', async () => {
    const bench = modelBench();
    bench.ask(updateStart, START);
    transfer(bench, image);
    expect(told(bench.ask(updateGet, {}))).to.equal('0 3');
    expect(told(bench.ask(updateApply, {}))).to.equal('2 3');
    await bench.timers.advance(2000);
    expect(told(bench.ask(updateGet, {}))).to.equal('0 4');
    expect(told(bench.ask(updateApply, {}))).to.equal('0 6');
    expect(told(bench.ask(updateApply, {}))).to.equal('0 6');
    expect(bench.ask(updateInformationGet, { first: 0, limit: 1 })).to.equal(undefined);
    await bench.timers.advance(2000);
    expect(bench.installed).to.deep.equal([`${firmwareIdOf(VERSION).toString('hex')} 1`]);
    expect(told(bench.ask(updateGet, {}))).to.equal('0 0');
  });

  it('fails the verification of a corrupt image, and takes another one', async () => {
    const bench = await verified(Buffer.concat([image.subarray(0, -1), Buffer.of((image.at(-1) ?? 0) ^ 1)]));
    expect(told(bench.ask(updateGet, {}))).to.equal('0 5');
    expect(told(bench.ask(updateApply, {}))).to.equal('2 5');
    expect(told(bench.ask(updateStart, { ...START, blobId: '2200000000000022' }))).to.equal('0 2');
  });

  it('gives up on Cancel and frees the BLOB server', async () => {
    const bench = await verified(image);
    expect(told(bench.ask(updateCancel, {}))).to.equal('0 0');
    expect(bench.ask(blobTransferGet, {})).to.include({ phase: 0 });
    expect(told(bench.ask(updateCancel, {}))).to.equal('0 0');
  });

  it('goes to Transfer Error on a timeout and resumes by the same Start', async () => {
    const bench = modelBench();
    bench.ask(updateStart, START);
    bench.ask(blobTransferStart, { mode: 1, blobId: BLOB, size: 100, blockSizeLog: 6, mtu: 380 });
    await bench.timers.advance(TIMEOUT_MS);
    expect(told(bench.ask(updateGet, {}))).to.equal('0 1');
    expect(told(bench.ask(updateStart, START))).to.equal('0 2');
    expect(bench.ask(blobTransferGet, {})).to.include({ phase: 5 });
  });

  it('comes back from a power cut as the phase asks', async () => {
    const active = modelBench();
    active.ask(updateStart, START);
    expect(told(active.restart().ask(updateGet, {}))).to.equal('0 1');
    const done = await verified(image);
    expect(told(done.restart().ask(updateGet, {}))).to.equal('0 5');
  });

  it('shows its faults where a right server does the right thing', async () => {
    const skipping = await verified(Buffer.alloc(20), { skipsVerification: true });
    expect(told(skipping.ask(updateGet, {}))).to.equal('0 4');
    const early = modelBench({}, { statuses: { 'update.apply.early': 0 } });
    expect(told(early.ask(updateApply, {}))).to.equal('0 0');
    const wrong = modelBench({}, { fields: { 'Firmware Update Status': { update: { blobId: '0102030405060708' } } } });
    expect(wrong.ask(updateStart, START)?.update?.blobId).to.equal('0102030405060708');
  });
});
