import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { defaultResponse } from '../../../zigbee/codec/global.ts';
import { UNTIL_TOLD, upgradeStatus, wildCard, zclStatus } from '../../../zigbee/codec/numbers.ts';
import {
  queryNextImageResponse,
  querySpecificFileRequest,
  upgradeEndRequest,
  upgradeEndResponse,
} from '../../../zigbee/codec/ota.ts';
import { Bench, type BenchOrder, IDENTITY, type Identity, imageFile } from '../testbench.ts';

describe('simulated Zigbee OTA client: end and upgrade', () => {
  let bench: Bench;
  const start = async (order: BenchOrder = {}): Promise<void> => {
    bench = await new Bench(order).start();
  };
  const fetch = async (
    file: Buffer,
    identity: Partial<Identity> = {},
  ): Promise<{ status: number; sequence: number }> => {
    await bench.offer(file, identity);
    await bench.serve(file, file.length, identity);
    const { value, sequence } = await bench.next(upgradeEndRequest);
    return { status: value.status, sequence };
  };
  const status = async (): Promise<unknown> => (await bench.attributes(6)).get(6);
  const upgrade = async (times: object, sequence: number, identity: object = IDENTITY): Promise<void> =>
    bench.send(
      upgradeEndResponse,
      { currentTime: 0, upgradeTime: 0, ...IDENTITY, ...identity, ...times },
      { sequence },
    );
  const done = { command: upgradeEndRequest.id, status: zclStatus.SUCCESS };
  afterEach(() => bench.stop());

  it('reports every kind of file that must not run as invalid, and keeps the old version', async () => {
    const bad: Readonly<Record<string, Buffer>> = {
      'a flipped octet': imageFile(),
      'another version in the header': imageFile({ fileVersion: 9 }),
      'another manufacturer in the header': imageFile({ manufacturerCode: 9 }),
      'a total size beyond the file': imageFile(),
      'another device': imageFile({ upgradeFileDestination: '1122334455667788' }),
      'other hardware': imageFile({ minimumHardwareVersion: 0x0200, maximumHardwareVersion: 0x0300 }),
      'no OTA file': Buffer.alloc(100, 7),
    };
    bad['a flipped octet']?.writeUInt8(0x55, 100);
    bad['a total size beyond the file']?.writeUInt32LE(9999, 52);
    await start({ options: { hardware: '0102' } });
    for (const [what, file] of Object.entries(bad)) {
      const { status: reported, sequence } = await fetch(file);
      expect(reported, what).to.equal(zclStatus.INVALID_IMAGE);
      await bench.send(defaultResponse, done, { sequence });
      expect((await bench.attributes(2, 6)).get(2), what).to.equal(1);
    }
    expect(
      (await fetch(imageFile({ minimumHardwareVersion: 0x0100, maximumHardwareVersion: 0x0102 }))).status,
    ).to.equal(0);
  });

  it('counts down, and is not cut short by anything', async () => {
    await start();
    const { sequence } = await fetch(imageFile());
    const before = performance.now();
    await upgrade({ currentTime: 1000, upgradeTime: 1060 }, sequence);
    await bench.pass(5);
    expect(await status()).to.equal(upgradeStatus.COUNT_DOWN);
    const announced = bench.announced;
    await bench.until(() => bench.announced > announced);
    expect(performance.now() - before).to.be.at.least(600);
    expect((await bench.attributes(2)).get(2)).to.equal(IDENTITY.fileVersion);
  });

  it('goes on counting down after a power cut', async () => {
    await start();
    await upgrade({ upgradeTime: 60 }, (await fetch(imageFile())).sequence);
    await bench.pass(5);
    bench.device.powerOff();
    const { store, slot } = bench;
    await start({ store, slot });
    expect(await status()).to.equal(upgradeStatus.COUNT_DOWN);
    const announced = bench.announced;
    await bench.until(() => bench.announced > announced);
    expect((await bench.attributes(2)).get(2)).to.equal(IDENTITY.fileVersion);
  });

  it('waits when it is held, asks again, and upgrades when it is released by wild cards', async () => {
    await start({ options: { endRetry: 100 } });
    await upgrade({ upgradeTime: UNTIL_TOLD }, (await fetch(imageFile())).sequence);
    await bench.pass(5);
    expect(await status()).to.equal(upgradeStatus.WAITING_TO_UPGRADE);
    const again = await bench.next(upgradeEndRequest);
    await upgrade({ upgradeTime: UNTIL_TOLD }, again.sequence);
    await bench.pass(2);
    await upgrade({}, 77, { fileVersion: 0x9999 });
    expect(await status()).to.equal(upgradeStatus.WAITING_TO_UPGRADE);
    const announced = bench.announced;
    await upgrade({}, 78, {
      manufacturerCode: wildCard.MANUFACTURER,
      imageType: wildCard.IMAGE_TYPE,
      fileVersion: wildCard.FILE_VERSION,
    });
    await bench.until(() => bench.announced > announced);
    expect((await bench.attributes(2)).get(2)).to.equal(IDENTITY.fileVersion);
  });

  it('drops the file when the server cancels', async () => {
    await start();
    const { sequence } = await fetch(imageFile());
    await bench.send(defaultResponse, { command: upgradeEndRequest.id, status: zclStatus.ABORT }, { sequence });
    await bench.pass(3);
    expect(await status()).to.equal(upgradeStatus.NORMAL);
    expect((await bench.attributes(2)).get(2)).to.equal(1);
  });

  it('repeats an end request that is not answered, and then does as its policy says', async () => {
    await start({ options: { retries: 2, timeoutPolicy: 'apply', blockTimeout: 10 } });
    await fetch(imageFile());
    await bench.next(upgradeEndRequest);
    await bench.next(upgradeEndRequest);
    const announced = bench.announced;
    await bench.until(() => bench.announced > announced);
    expect((await bench.attributes(2)).get(2)).to.equal(IDENTITY.fileVersion);
  });

  it('leaves the upgrade to the application where that is its policy', async () => {
    await start({ options: { oob: 'yes' } });
    await upgrade({ upgradeTime: 1 }, (await fetch(imageFile())).sequence);
    expect((await bench.next(defaultResponse)).value.status).to.equal(zclStatus.NOT_AUTHORIZED);
    expect(await status()).to.equal(upgradeStatus.WAITING_FOR_EXTERNAL_EVENT);
    expect(bench.device.client.activate()).to.equal(true);
    await bench.pass(10);
    expect((await bench.attributes(2)).get(2)).to.equal(IDENTITY.fileVersion);
  });

  it('asks for the second file of an upgrade that takes two', async () => {
    await start({ options: { multi: 'yes' } });
    const { status: reported, sequence } = await fetch(imageFile({ headerString: 'first of two' }));
    expect(reported).to.equal(zclStatus.REQUIRE_MORE_IMAGE);
    expect(await status()).to.equal(upgradeStatus.WAIT_FOR_MORE);
    await bench.send(defaultResponse, done, { sequence });
    const query = await bench.query();
    expect(query.value.imageType).to.equal(2);
    const second = { ...IDENTITY, imageType: 2 };
    const file = imageFile({ imageType: 2 });
    await bench.send(
      queryNextImageResponse,
      { status: 0, ...second, imageSize: file.length },
      { sequence: query.sequence },
    );
    await bench.serve(file, file.length, second);
    const end = await bench.next(upgradeEndRequest);
    expect(end.value).to.deep.equal({ status: zclStatus.SUCCESS, ...second });
  });

  it('takes a patch of the version that runs alone, and a signature that is right', async () => {
    await start({ options: { delta: 'yes' } });
    const patch = (version: number): Buffer => {
      const base = Buffer.alloc(4);
      base.writeUInt32LE(version);
      return Buffer.concat([
        Buffer.from('10decdfc', 'hex'),
        createHash('sha256').update(base).digest(),
        Buffer.alloc(64),
      ]);
    };
    const wrong = await fetch(imageFile({ elements: [{ tag: 0, data: patch(9) }] }));
    expect(wrong.status).to.equal(zclStatus.INVALID_IMAGE);
    await bench.send(defaultResponse, done, { sequence: wrong.sequence });
    expect((await fetch(imageFile({ elements: [{ tag: 0, data: patch(1) }] }))).status).to.equal(zclStatus.SUCCESS);
    bench.stop();
    await start({ options: { verify: 'sig1' } });
    expect((await fetch(imageFile())).status).to.equal(zclStatus.INVALID_IMAGE);
  });

  it('queries by itself at its interval, and asks for device specific files', async () => {
    await start({ options: { polls: 'yes', poll: 100 } });
    const file = imageFile();
    await bench.offer(file);
    bench.device.factoryReset();
    expect((await bench.query()).value.fileVersion).to.equal(1);
    bench.device.client.specific(0xffc1, 7);
    const { value } = await bench.next(querySpecificFileRequest);
    expect(value).to.deep.include({ eui64: bench.device.node.ieee, imageType: 0xffc1, fileVersion: 7 });
  });
});
