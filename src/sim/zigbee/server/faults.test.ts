import { expect } from 'chai';
import { printFrame, rawFrame } from '../../../zigbee/codec/frame.ts';
import { readAttributes } from '../../../zigbee/codec/global.ts';
import { direction, frameType, zclStatus } from '../../../zigbee/codec/numbers.ts';
import {
  imageBlockRequest,
  imagePageRequest,
  queryNextImageRequest,
  querySpecificFileRequest,
  upgradeEndRequest,
} from '../../../zigbee/codec/ota.ts';
import { readImage } from '../../../zigbee/file/read.ts';
import type { Behaviour } from '../behaviour.ts';
import { SERVER_FAULTS } from '../faults/server.ts';
import type { Options } from '../options.ts';
import { Bench, IDENTITY, imageFile } from '../testbench.ts';
import type { StoredImage } from './images.ts';

/** Timers in a row, each longer than a frame is in the air: on a busy computer, too, an answer is there before the last one ends. */
const TURNS = 6;
const TURN_S = 0.2;
const CLIENT = '1122334455667788';
const SPACING_MS = 6000;

describe('simulated Zigbee OTA server: faults', () => {
  const stored = (octets: Buffer): StoredImage => ({ octets, header: readImage(octets, 'test').header });
  const images = [
    stored(imageFile()),
    stored(imageFile({ fileVersion: 9, imageType: 2, minimumHardwareVersion: 0x0100, maximumHardwareVersion: 0x0200 })),
    stored(imageFile({ imageType: 0xffc1, upgradeFileDestination: CLIENT })),
  ];
  const toServer = { direction: direction.CLIENT_TO_SERVER };

  /** What a server says to a row of requests that reaches every part of it. */
  const transcript = async (behaviour: Behaviour, options: Partial<Options>): Promise<string[]> => {
    const bench = await new Bench({ options: { ...options, role: 'server' }, behaviour, images }).start();
    await bench.register(2);
    const said: string[] = [bench.device.server.endpoint.inClusters.join(' ')];
    const { device } = bench;
    let taken = 0;
    const hear = async (what: string, seconds = 0): Promise<void> => {
      await bench.pass(seconds);
      for (let turn = 0; turn < TURNS; turn++) await bench.pass(TURN_S);
      const heard = bench.heard.slice(taken);
      taken = bench.heard.length;
      const [first, second] = heard;
      const slow = first !== undefined && second !== undefined && second.at - first.at > 20 ? ' slowly' : '';
      said.push(`${what}${slow}: ${heard.map(({ data }) => printFrame(data).replace(/^#\d+ /, '')).join(' | ')}`);
    };
    const query = async (what: string, change: object): Promise<void> => {
      const value = { fieldControl: 0, ...IDENTITY, fileVersion: 1, ...change };
      await bench.send(queryNextImageRequest, value, toServer);
      await hear(`query ${what}`);
    };
    const block = async (what: string, change: object): Promise<void> => {
      const value = { fieldControl: 0, ...IDENTITY, fileOffset: 0, maximumDataSize: 20, ...change };
      await bench.send(imageBlockRequest, value, toServer);
      await hear(`block ${what}`);
    };
    const end = async (what: string, change: object): Promise<void> => {
      await bench.send(upgradeEndRequest, { status: zclStatus.SUCCESS, ...IDENTITY, ...change }, toServer);
      await hear(`end ${what}`);
    };
    const raw = async (what: string, command: number, payload: string): Promise<void> => {
      const header = { frameType: frameType.CLUSTER, direction: direction.CLIENT_TO_SERVER, sequence: 9 };
      await bench.raw(rawFrame(header, command, Buffer.from(payload, 'hex')));
      await hear(what);
    };

    await bench.send(readAttributes, { attributes: [0xfffd] }, toServer);
    await hear('revision');
    device.notify(0, { payloadType: 3, jitter: 50 });
    device.notify(2, { payloadType: 1, jitter: 100, to: { address: 0, endpoint: 1 } });
    await hear('notify');
    said.push(`broadcasts: ${bench.broadcasts.join(' ')}`);
    await query('older', {});
    await query('same', { fileVersion: 2 });
    await query('newer', { fileVersion: 3 });
    await query('foreign maker', { manufacturerCode: 7 });
    await query('foreign type', { imageType: 7 });
    await query('other type', { imageType: 2 });
    await query('wrong hardware', { imageType: 2, fieldControl: 1, hardwareVersion: 0x0300 });
    await query('reserved bits', { fieldControl: 0x80 });
    await raw('short query', queryNextImageRequest.id, '0034');
    await block('first', {});
    await block('first again', {});
    await block('far', { fileOffset: 200 });
    await block('last', { fileOffset: (images[0]?.octets.length ?? 0) - 5 });
    await block('behind', { fileOffset: 5000 });
    await block('of nothing', { maximumDataSize: 0 });
    await block('foreign', { fileVersion: 77 });
    await block('with fields', { fieldControl: 3, requestNodeIeeeAddress: CLIENT, minimumBlockPeriod: 0 });
    bench.source = 2;
    await block('of another client', { fileOffset: 40 });
    bench.source = 1;
    device.orders.period = 100;
    await block('unrated', { fileOffset: 60 });
    delete device.orders.period;
    const page = { maximumDataSize: 20, pageSize: 60, responseSpacing: SPACING_MS };
    await bench.send(imagePageRequest, { fieldControl: 0, ...IDENTITY, fileOffset: 0, ...page }, toServer);
    await hear('page', (SPACING_MS / 1000) * 4);
    await end('good', {});
    await end('again', {});
    for (const status of [zclStatus.INVALID_IMAGE, zclStatus.REQUIRE_MORE_IMAGE]) await end(`${status}`, { status });
    await end('foreign', { fileVersion: 77 });
    await raw('short end', upgradeEndRequest.id, '96');
    device.orders.delay = 60;
    await end('delayed', {});
    device.orders.holds = true;
    await end('held', {});
    said.push(`released: ${device.server.release()}`);
    await hear('released');
    const specific = { manufacturerCode: 0x1234, imageType: 0xffc1, fileVersion: 2 };
    for (const eui64 of [CLIENT, '8877665544332211']) {
      await bench.send(querySpecificFileRequest, { ...specific, eui64, zigbeeStackVersion: 2 }, toServer);
      await hear(`specific of ${eui64}`);
    }
    device.orders.authorised = false;
    await query('unauthorised', {});
    device.orders.authorised = true;
    device.orders.rejects = true;
    await query('rejected', {});
    device.orders.rejects = false;
    device.remove(0);
    await block('removed', { fileOffset: 80 });
    device.restore();
    await hear('restored');
    await end('abort', { status: zclStatus.ABORT });
    await query('after abort', {});
    device.powerOff();
    device.powerOn();
    await query('after restart', {});
    await raw('unknown command', 0x55, '00');
    await query('after unknown', {});
    bench.stop();
    return said;
  };

  it('each show in what the server says', async () => {
    const right = new Map<string, Promise<string[]>>();
    const rightOf = (options: Partial<Options>): Promise<string[]> => {
      const key = JSON.stringify(options);
      const known = right.get(key) ?? transcript({}, options);
      right.set(key, known);
      return known;
    };
    const hidden = await Promise.all(
      SERVER_FAULTS.map(async ({ name, apply, needs = {} }) => {
        const [wrong, good] = await Promise.all([transcript(apply, needs), rightOf(needs)]);
        return wrong.join('\n') === good.join('\n') ? [name] : [];
      }),
    );
    expect(hidden.flat()).to.deep.equal([]);
  });
});
