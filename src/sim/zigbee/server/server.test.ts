import { expect } from 'chai';
import { direction, UNTIL_TOLD, zclStatus } from '../../../zigbee/codec/numbers.ts';
import {
  imageBlockRequest,
  imageBlockResponse,
  imageNotify,
  queryNextImageRequest,
  queryNextImageResponse,
  upgradeEndRequest,
  upgradeEndResponse,
} from '../../../zigbee/codec/ota.ts';
import { defaultResponse } from '../../../zigbee/codec/global.ts';
import { readImage } from '../../../zigbee/file/read.ts';
import { Bench, IDENTITY, imageFile } from '../testbench.ts';

describe('simulated Zigbee OTA server', () => {
  let bench: Bench;
  const octets = imageFile();
  const toServer = { direction: direction.CLIENT_TO_SERVER };
  const older = { ...IDENTITY, fileVersion: 1 };
  beforeEach(async () => {
    const { header } = readImage(octets, 'test');
    bench = await new Bench({ options: { role: 'server' }, images: [{ header, octets }] }).start();
  });
  afterEach(() => bench.stop());
  const block = async (fileOffset: number, maximumDataSize = 63): Promise<void> =>
    bench.send(imageBlockRequest, { fieldControl: 0, ...IDENTITY, fileOffset, maximumDataSize }, toServer);

  it('offers a newer version, serves the file in blocks, and says when to upgrade', async () => {
    await bench.send(queryNextImageRequest, { fieldControl: 0, ...older }, toServer);
    const offer = await bench.next(queryNextImageResponse);
    expect(offer.value).to.deep.equal({ status: zclStatus.SUCCESS, ...IDENTITY, imageSize: octets.length });
    let fetched = Buffer.alloc(0);
    while (fetched.length < octets.length) {
      await block(fetched.length);
      const { value } = await bench.next(imageBlockResponse);
      expect(value.fileOffset).to.equal(fetched.length);
      fetched = Buffer.concat([fetched, value.data ?? Buffer.alloc(0)]);
    }
    expect(fetched).to.deep.equal(octets);
    await bench.send(upgradeEndRequest, { status: zclStatus.SUCCESS, ...IDENTITY }, toServer);
    const end = await bench.next(upgradeEndResponse);
    expect(end.value).to.deep.equal({ ...IDENTITY, currentTime: 0, upgradeTime: 1 });
  });

  it('has nothing for the same version, for clients that may not, and behind the end of a file', async () => {
    await bench.send(queryNextImageRequest, { fieldControl: 0, ...IDENTITY }, toServer);
    expect((await bench.next(queryNextImageResponse)).value).to.deep.equal({ status: zclStatus.NO_IMAGE_AVAILABLE });
    bench.device.orders.authorised = false;
    await bench.send(queryNextImageRequest, { fieldControl: 0, ...older }, toServer);
    expect((await bench.next(queryNextImageResponse)).value).to.deep.equal({ status: zclStatus.NOT_AUTHORIZED });
    await block(octets.length);
    expect((await bench.next(defaultResponse)).value.status).to.equal(zclStatus.NO_IMAGE_AVAILABLE);
  });

  it('answers a failed download with a Default Response alone', async () => {
    await bench.send(upgradeEndRequest, { status: zclStatus.INVALID_IMAGE, ...IDENTITY }, toServer);
    expect((await bench.next(defaultResponse)).value.status).to.equal(zclStatus.SUCCESS);
    expect(await bench.silent(5)).to.equal(true);
  });

  it('holds an upgrade, and releases it unasked', async () => {
    bench.device.orders.holds = true;
    await bench.send(upgradeEndRequest, { status: zclStatus.SUCCESS, ...IDENTITY }, toServer);
    expect((await bench.next(upgradeEndResponse)).value.upgradeTime).to.equal(UNTIL_TOLD);
    expect(bench.device.server.release()).to.equal(1);
    expect((await bench.next(upgradeEndResponse)).value.upgradeTime).to.equal(0);
  });

  it('puts a client off, and ends its download, when it is told to', async () => {
    bench.device.orders.wait = 30;
    await block(0);
    expect((await bench.next(imageBlockResponse)).value).to.include({
      status: zclStatus.WAIT_FOR_DATA,
      requestTime: 30,
    });
    bench.device.orders.aborts = true;
    await block(0);
    expect((await bench.next(imageBlockResponse)).value).to.deep.equal({ status: zclStatus.ABORT });
    await block(0);
    expect((await bench.next(imageBlockResponse)).value.status).to.equal(zclStatus.SUCCESS);
  });

  it('notifies by broadcast and by unicast', async () => {
    bench.device.notify(0, { payloadType: 3, jitter: 50 });
    expect((await bench.next(imageNotify)).value).to.deep.equal({ payloadType: 3, queryJitter: 50, ...IDENTITY });
    bench.device.notify(0, { payloadType: 0, jitter: 100, to: { address: 0, endpoint: 1 } });
    expect((await bench.next(imageNotify)).value).to.deep.equal({ payloadType: 0, queryJitter: 100 });
  });
});
