import { expect } from 'chai';
import { upgradeStatus, zclStatus } from '../../../zigbee/codec/numbers.ts';
import { imageBlockRequest, upgradeEndRequest, upgradeEndResponse } from '../../../zigbee/codec/ota.ts';
import { Bench, IDENTITY, imageFile, type BenchOrder } from '../testbench.ts';

describe('simulated Zigbee OTA client', () => {
  let bench: Bench;
  const start = async (order: BenchOrder = {}): Promise<Bench> => {
    bench = await new Bench(order).start();
    return bench;
  };
  afterEach(() => bench.stop());

  it('fetches a file by blocks, checks it, and runs the new version after a restart', async () => {
    await start();
    const file = imageFile();
    await bench.offer(file);
    await bench.serve(file);
    const end = await bench.next(upgradeEndRequest);
    expect(end.value).to.deep.equal({ status: zclStatus.SUCCESS, ...IDENTITY });
    expect(await bench.attributes(1, 4, 6)).to.deep.equal(
      new Map<number, unknown>([
        [1, file.length],
        [4, IDENTITY.fileVersion],
        [6, upgradeStatus.DOWNLOAD_COMPLETE],
      ]),
    );
    const before = bench.announced;
    await bench.send(upgradeEndResponse, { ...IDENTITY, currentTime: 0, upgradeTime: 0 }, { sequence: end.sequence });
    await bench.until(() => bench.announced > before);
    expect(await bench.attributes(2, 6)).to.deep.equal(
      new Map<number, unknown>([
        [2, IDENTITY.fileVersion],
        [6, upgradeStatus.NORMAL],
      ]),
    );
  });

  it('asks for the same offset again when one block response is lost', async () => {
    await start({ options: { blockTimeout: 10 } });
    const file = imageFile();
    await bench.offer(file);
    await bench.serve(file, 100);
    const { value } = await bench.next(imageBlockRequest);
    const again = await bench.next(imageBlockRequest);
    expect(again.value.fileOffset).to.equal(value.fileOffset);
    expect(value.fileOffset).to.be.greaterThan(0);
  });

  it('with the fault "lost-block-restarts" starts again at offset 0', async () => {
    await start({ behaviour: { restartsOnLoss: true }, options: { blockTimeout: 10 } });
    const file = imageFile();
    await bench.offer(file);
    await bench.serve(file, 100);
    await bench.next(imageBlockRequest);
    expect((await bench.next(imageBlockRequest)).value.fileOffset).to.equal(0);
  });
});
