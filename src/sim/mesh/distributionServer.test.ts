import { expect } from 'chai';
import { blobBlockStart, blobChunkTransfer, blobTransferStart } from '../../mesh/codec/messages/blob.ts';
import * as d from '../../mesh/codec/messages/distribution.ts';
import { manualTimers } from '../../mesh/stack/timers.ts';
import type { Behaviour } from './behaviour.ts';
import { firmwareIdOf, makeImage } from './image.ts';
import type { Options } from './options.ts';
import { FACTORY } from './saved.ts';
import { type ModelBench, modelBench, network } from './testbench.ts';

const VERSION = '0200000000000000';
const FIRMWARE = firmwareIdOf(VERSION);
const { image, metadata } = makeImage(VERSION, 0, 200);
const BLOB = '1100000000000011';
const UPLOAD = { ttl: 5, timeoutBase: 1, blobId: BLOB, size: image.length, metadata, firmwareId: FIRMWARE } as const;
const START = { appKeyIndex: 0, ttl: 5, timeoutBase: 1, mode: 1, policy: 0, image: 0, group: 0 } as const;
const KEYED = {
  ...FACTORY,
  configuration: { ...FACTORY.configuration, appKeys: [{ index: 0, netKeyIndex: 0, key: '00' }] },
};
const DISTRIBUTOR = 0x0100;
const [TARGET, OTHER, NOBODY] = [0x0200, 0x0300, 0x0400] as const;

function distributor(options: Partial<Options> = {}, behaviour: Behaviour = {}, timers = manualTimers()): ModelBench {
  return modelBench({ roles: 'distribution,update-client', ...options }, behaviour, KEYED, timers);
}

function upload(bench: ModelBench): void {
  bench.ask(d.uploadStart, UPLOAD);
  bench.ask(blobTransferStart, { mode: 1, blobId: BLOB, size: image.length, blockSizeLog: 12, mtu: 380 });
  bench.ask(blobBlockStart, { block: 0, chunkSize: 64 });
  for (let chunk = 0; chunk * 64 < image.length; chunk++)
    bench.tell(blobChunkTransfer, { chunk, data: image.subarray(chunk * 64, (chunk + 1) * 64) });
}

/** Status and phase of an answer. */
const told = (answer: { status: number; phase: number } | undefined): string => `${answer?.status} ${answer?.phase}`;

/** A distributor with the image and its receivers, and two targets that are there. */
function bench(receivers: readonly number[], behaviour: Behaviour = {}) {
  const timers = manualTimers();
  const main = distributor({}, behaviour, timers);
  const targets = [modelBench({}, {}, FACTORY, timers), modelBench({}, {}, FACTORY, timers)] as const;
  network({ [DISTRIBUTOR]: main, [TARGET]: targets[0], [OTHER]: targets[1] });
  upload(main);
  main.ask(d.receiversAdd, { receivers: receivers.map((address) => ({ address, image: 0 })) });
  const until = async (phase: number): Promise<number | undefined> => {
    for (let i = 0; i < 200; i++) {
      const seen = main.ask(d.distributionGet, {})?.phase;
      if (seen === phase) return seen;
      await timers.advance(1000);
    }
    return main.ask(d.distributionGet, {})?.phase;
  };
  return { main, targets, timers, until };
}

describe('simulated Firmware Distribution Server', () => {
  it('tells its capabilities', () => {
    expect(distributor().ask(d.capabilitiesGet, {})).to.include({ maxReceivers: 8, maxImages: 4, oobRetrieval: 0 });
    const https = distributor({ oob: 'yes', https: 'yes' }).ask(d.capabilitiesGet, {});
    expect(https?.schemes).to.deep.equal(Buffer.of(0x16, 0x17));
  });

  it('keeps a list of receivers', () => {
    const node = distributor({ receivers: 2 });
    const add = (...addresses: number[]) =>
      node.ask(d.receiversAdd, { receivers: addresses.map((address) => ({ address, image: 0 })) });
    expect(add(TARGET)).to.deep.equal({ status: 0, count: 1 });
    expect(add(TARGET, 0xc000)).to.deep.equal({ status: 0, count: 1 });
    expect(add(OTHER, NOBODY)).to.deep.equal({ status: 1, count: 2 });
    const window = node.ask(d.receiversGet, { first: 1, limit: 5 });
    expect(window?.entries.map(({ address }) => address)).to.deep.equal([OTHER]);
    expect(node.ask(d.receiversGet, { first: 2, limit: 1 })?.entries).to.deep.equal([]);
    expect(node.ask(d.receiversDeleteAll, {})).to.deep.equal({ status: 0, count: 0 });
  });

  it('stores what is uploaded, and tells its images apart', () => {
    const node = distributor();
    expect(told(node.ask(d.uploadGet, {}))).to.equal('0 0');
    expect(told(node.ask(d.uploadStart, { ...UPLOAD, size: 16_385 }))).to.equal('1 0');
    expect(told(node.ask(d.uploadStart, UPLOAD))).to.equal('0 1');
    expect(told(node.ask(d.uploadStart, UPLOAD))).to.equal('0 1');
    expect(told(node.ask(d.uploadStart, { ...UPLOAD, ttl: 6 }))).to.equal('8 1');
    upload(node);
    expect(node.ask(d.uploadGet, {})?.upload).to.deep.equal({ progress: 100, type: 0, firmwareId: FIRMWARE });
    expect(node.ask(d.firmwareGet, { firmwareId: FIRMWARE })).to.include({ status: 0, count: 1, image: 0 });
    expect(node.ask(d.firmwareGet, { firmwareId: Buffer.of(1, 2) })).to.include({ status: 4, image: 0xffff });
    expect(node.ask(d.firmwareGetByIndex, { image: 1 })).to.include({ status: 4, image: 1 });
    expect(node.restart().ask(d.firmwareGet, { firmwareId: FIRMWARE })).to.include({ status: 0 });
    expect(node.ask(d.firmwareDelete, { firmwareId: FIRMWARE })).to.include({ status: 0, count: 0, image: 0xffff });
  });

  it('fails an upload that times out', async () => {
    const node = distributor();
    node.ask(d.uploadStart, UPLOAD);
    node.ask(blobTransferStart, { mode: 1, blobId: BLOB, size: image.length, blockSizeLog: 12, mtu: 380 });
    await node.timers.advance(20_000);
    expect(told(node.ask(d.uploadGet, {}))).to.equal('0 2');
    expect(told(node.ask(d.uploadCancel, {}))).to.equal('0 0');
  });

  it('refuses a Start for what it lacks', () => {
    const node = distributor();
    expect(told(node.ask(d.distributionStart, START))).to.equal('6 0');
    node.ask(d.receiversAdd, { receivers: [{ address: TARGET, image: 0 }] });
    expect(told(node.ask(d.distributionStart, { ...START, appKeyIndex: 1 }))).to.equal('5 0');
    expect(told(node.ask(d.distributionStart, START))).to.equal('4 0');
  });

  for (const mode of [1, 2])
    it(`brings the image to every receiver and applies it when told, in mode ${mode}`, async () => {
      const { main, targets, until } = bench([TARGET, OTHER]);
      expect(told(main.ask(d.distributionStart, { ...START, mode }))).to.equal('0 1');
      expect(told(main.ask(d.distributionStart, { ...START, mode }))).to.equal('0 1');
      expect(told(main.ask(d.distributionStart, { ...START, mode, ttl: 6 }))).to.equal('7 1');
      expect(main.ask(d.firmwareDelete, { firmwareId: FIRMWARE })).to.include({ status: 7 });
      expect(await until(2)).to.equal(2);
      expect(told(main.ask(d.distributionApply, {}))).to.equal('0 3');
      await main.timers.advance(3000);
      for (const target of targets) expect(target.installed).to.deep.equal([`${FIRMWARE.toString('hex')} 0`]);
    });

  it('goes on without a receiver that is lost, and fails without any', async () => {
    const { main, until } = bench([TARGET, NOBODY]);
    main.ask(d.distributionStart, START);
    expect(await until(2)).to.equal(2);
    const phases = main.ask(d.receiversGet, { first: 0, limit: 9 })?.entries.map(({ phase }) => phase);
    expect(phases).to.deep.equal([4, 10]);
    const alone = bench([NOBODY]);
    alone.main.ask(d.distributionStart, START);
    expect(await alone.until(5)).to.equal(5);
  });

  it('is suspended, goes on after the same Start, and is cancelled', async () => {
    const { main, targets, until } = bench([TARGET]);
    expect(told(main.ask(d.distributionSuspend, {}))).to.equal('2 0');
    main.ask(d.distributionStart, START);
    expect(told(main.ask(d.distributionSuspend, {}))).to.equal('0 7');
    expect(told(main.ask(d.distributionStart, START))).to.equal('0 1');
    expect(await until(2)).to.equal(2);
    expect(told(main.ask(d.distributionCancel, {}))).to.equal('0 6');
    expect(await until(0)).to.equal(0);
    expect(targets[0].models.update?.phase).to.equal(0);
  });

  it('shows its faults where a right distributor does the right thing', async () => {
    const { main, until } = bench([NOBODY], { completesWithoutAny: true });
    main.ask(d.distributionStart, START);
    expect(await until(4)).to.equal(4);
    const full = distributor({ receivers: 1 }, { receiversUnlimited: true });
    const receivers = [TARGET, OTHER].map((address) => ({ address, image: 0 }));
    expect(full.ask(d.receiversAdd, { receivers })).to.include({ status: 0, count: 2 });
  });
});
