import { expect } from 'chai';
import { seeded } from '../../../core/random.ts';
import { defaultResponse } from '../../../zigbee/codec/global.ts';
import { UNTIL_TOLD, upgradeStatus, zclStatus } from '../../../zigbee/codec/numbers.ts';
import {
  imageBlockRequest,
  imageBlockResponse,
  imageNotify,
  imagePageRequest,
  queryNextImageResponse,
  upgradeEndRequest,
} from '../../../zigbee/codec/ota.ts';
import { factoryBehaviour, Bench, type BenchOrder, IDENTITY, imageFile } from '../testbench.ts';
import { options } from '../options.ts';
import { answersNotify } from './notify.ts';

describe('simulated Zigbee OTA client: download', () => {
  let bench: Bench;
  const file = imageFile();
  const start = async (order: BenchOrder = {}): Promise<void> => {
    bench = await new Bench(order).start();
    await bench.offer(file);
  };
  const status = async (): Promise<unknown> => (await bench.attributes(6)).get(6);
  afterEach(() => bench.stop());

  it('waits as long as it is told, by a delay or by two times, and keeps its offset', async () => {
    await start();
    await bench.serve(file, 63);
    for (const [currentTime, requestTime] of [
      [0, 30],
      [1000, 1030],
    ] as const) {
      const { value, sequence, at } = await bench.next(imageBlockRequest);
      const wait = { status: zclStatus.WAIT_FOR_DATA, currentTime, requestTime, minimumBlockPeriod: 0 };
      await bench.send(imageBlockResponse, wait, { sequence });
      const again = await bench.next(imageBlockRequest);
      expect(again.value.fileOffset).to.equal(value.fileOffset);
      expect(again.at - at).to.be.at.least(290);
      await bench.block(
        again.value.fileOffset,
        file.subarray(again.value.fileOffset, again.value.fileOffset + 63),
        again.sequence,
      );
    }
  });

  it('stays silent when it is told to wait for another command', async () => {
    await start();
    const { sequence } = await bench.next(imageBlockRequest);
    const wait = { currentTime: 0, requestTime: UNTIL_TOLD, minimumBlockPeriod: 0 };
    await bench.send(imageBlockResponse, { status: zclStatus.WAIT_FOR_DATA, ...wait }, { sequence });
    expect(await bench.silent(60)).to.equal(true);
  });

  it('keeps the block period that it is told, and shows it', async () => {
    await start({ options: { rate: 'yes' } });
    const first = await bench.next(imageBlockRequest);
    const wait = { currentTime: 0, requestTime: 0, minimumBlockPeriod: 20_000 };
    await bench.send(imageBlockResponse, { status: zclStatus.WAIT_FOR_DATA, ...wait }, { sequence: first.sequence });
    const second = await bench.next(imageBlockRequest);
    expect(second.value.minimumBlockPeriod).to.equal(20_000);
    await bench.block(0, file.subarray(0, 63), second.sequence);
    const third = await bench.next(imageBlockRequest);
    expect(third.at - second.at).to.be.at.least(195);
    expect((await bench.attributes(9)).get(9)).to.equal(20_000);
  });

  it('drops blocks of another offset and of another file, and takes smaller ones than it asked for', async () => {
    await start();
    for (let offset = 0; offset < file.length; ) {
      const { value, sequence } = await bench.next(imageBlockRequest);
      expect(value.fileOffset).to.equal(offset);
      const data = file.subarray(offset, offset + 20);
      await bench.block(offset + 5, data, sequence);
      await bench.block(offset, Buffer.alloc(20, 9), sequence, { fileVersion: 3 });
      await bench.block(offset, data, sequence);
      await bench.block(offset, data, sequence);
      offset += data.length;
    }
    expect((await bench.next(upgradeEndRequest)).value.status).to.equal(zclStatus.SUCCESS);
  });

  it('ends the download upon ABORT, and after three times "no image"', async () => {
    await start();
    await bench.send(
      imageBlockResponse,
      { status: zclStatus.ABORT },
      { sequence: (await bench.next(imageBlockRequest)).sequence },
    );
    expect(await status()).to.equal(upgradeStatus.NORMAL);
    await bench.offer(file);
    for (let n = 0; n < 3; n++) {
      const { sequence } = await bench.next(imageBlockRequest);
      const refusal = { command: imageBlockRequest.id, status: zclStatus.NO_IMAGE_AVAILABLE };
      await bench.send(defaultResponse, refusal, { sequence });
    }
    expect(await bench.silent(20)).to.equal(true);
    expect(await status()).to.equal(upgradeStatus.NORMAL);
  });

  it('gives up when the server is gone, and says so', async () => {
    await start({ options: { retries: 2, blockTimeout: 10 } });
    await bench.serve(file, 63);
    for (let n = 0; n < 3; n++) expect((await bench.next(imageBlockRequest)).value.fileOffset).to.equal(63);
    expect((await bench.next(upgradeEndRequest)).value.status).to.equal(zclStatus.ABORT);
    expect(await status()).to.equal(upgradeStatus.NORMAL);
  });

  it('asks for the next page at once where a page request was lost and one block filled its place', async () => {
    await start({ options: { page: 'yes', pageSize: 200, maxData: 50, spacing: 10, blockTimeout: 20 } });
    await bench.next(imagePageRequest);
    const { value, sequence } = await bench.next(imageBlockRequest);
    await bench.block(value.fileOffset, file.subarray(0, 50), sequence);
    expect((await bench.next(imagePageRequest)).value.fileOffset).to.equal(50);
  });

  it('fetches pages, asks for what is missing of them, and falls back to blocks', async () => {
    const pages = { page: 'yes', pageSize: 200, maxData: 50, spacing: 10, blockTimeout: 20 } as const;
    await start({ options: pages });
    const page = await bench.next(imagePageRequest);
    expect(page.value).to.deep.equal({
      fieldControl: 0,
      ...IDENTITY,
      fileOffset: 0,
      maximumDataSize: 50,
      pageSize: 200,
      responseSpacing: 10,
    });
    for (const offset of [0, 100, 150]) await bench.block(offset, file.subarray(offset, offset + 50), page.sequence);
    const missing = await bench.next(imageBlockRequest);
    expect([missing.value.fileOffset, missing.value.maximumDataSize]).to.deep.equal([50, 50]);
    await bench.block(50, file.subarray(50, 100), missing.sequence);
    const next = await bench.next(imagePageRequest);
    expect([next.value.fileOffset, next.value.pageSize]).to.deep.equal([200, file.length - 200]);
    await bench.send(
      defaultResponse,
      { command: imagePageRequest.id, status: zclStatus.UNSUP_COMMAND },
      { sequence: next.sequence },
    );
    await bench.serve(file);
    expect((await bench.next(upgradeEndRequest)).value.status).to.equal(zclStatus.SUCCESS);
  });

  it('is not disturbed by a notify, an offer or another node in the middle of a download', async () => {
    await start();
    await bench.serve(file, 126);
    await bench.send(imageNotify, { payloadType: 0, queryJitter: 100 });
    await bench.send(queryNextImageResponse, { status: 0, ...IDENTITY, fileVersion: 9, imageSize: 77 });
    bench.device.disturb(Buffer.from('1901050095', 'hex'));
    await bench.serve(file);
    expect((await bench.next(upgradeEndRequest)).value.status).to.equal(zclStatus.SUCCESS);
  });

  it('asks for nothing while its application is busy, nor for what its application refuses', async () => {
    await start();
    await bench.serve(file, 63);
    const { value, sequence } = await bench.next(imageBlockRequest);
    bench.device.client.busy(30);
    await bench.block(value.fileOffset, file.subarray(63, 126), sequence);
    expect(await bench.silent(25)).to.equal(true);
    await bench.serve(file);
    await bench.next(upgradeEndRequest);
    bench.device.factoryReset();
    bench.device.client.veto(true);
    await bench.offer(file);
    expect(await bench.silent(20)).to.equal(true);
  });

  it('goes on where it was after a power cut, or from the start where it does not resume', async () => {
    for (const resume of ['yes', 'no'] as const) {
      await start({ options: { resume } });
      await bench.serve(file, 126);
      await bench.next(imageBlockRequest);
      bench.device.powerOff();
      const { store, slot } = bench;
      bench = await new Bench({ options: { resume }, store, slot }).start();
      if (resume === 'yes') {
        expect((await bench.next(imageBlockRequest)).value.fileOffset).to.equal(126);
        await bench.serve(file);
        expect((await bench.next(upgradeEndRequest)).value.status).to.equal(zclStatus.SUCCESS);
      } else expect(await status()).to.equal(upgradeStatus.NORMAL);
      bench.stop();
    }
  });

  it('answers a notify by the rules of its payload type, and by chance as its jitter says', () => {
    const device = { options: options(), behaviour: factoryBehaviour, version: 5, random: seeded(1) };
    const own = { manufacturerCode: 0x1234, imageType: 1 };
    const answers = (notify: object, broadcast = true): boolean =>
      answersNotify({ payloadType: 3, queryJitter: 100, ...own, fileVersion: 6, ...notify }, broadcast, device);
    expect(answers({})).to.equal(true);
    expect(answers({ fileVersion: 4 })).to.equal(true);
    expect(answers({ fileVersion: 5 })).to.equal(false);
    expect(answers({ fileVersion: 5 }, false)).to.equal(true);
    expect(answers({ manufacturerCode: 1 })).to.equal(false);
    expect(answers({ imageType: 9 })).to.equal(false);
    expect(answers({ queryJitter: 101 })).to.equal(false);
    expect(answers({ payloadType: 4 }, false)).to.equal(false);
    const share = Array.from({ length: 1000 }, () => answers({ queryJitter: 50 })).filter(Boolean).length;
    expect(share).to.be.within(440, 560);
  });
});
