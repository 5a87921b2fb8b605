import { expect } from 'chai';
import { ixitOf } from '../core/ixit.ts';
import { timingOf } from '../core/timing.ts';
import type { Arrival } from '../link/zigbee/link.ts';
import { decodeFrame, encodeCommand, valueOf } from './codec/frame.ts';
import { defaultResponse } from './codec/global.ts';
import { OTA_CLUSTER, zclStatus } from './codec/numbers.ts';
import {
  imageBlockRequest,
  imageBlockResponse,
  imagePageRequest,
  queryNextImageRequest,
  queryNextImageResponse,
  upgradeEndRequest,
  upgradeEndResponse,
} from './codec/ota.ts';
import type { Offered } from './images.ts';
import { command, type Offer, otaServer } from './server.ts';
import { ZIGBEE_TIMING } from './timing.ts';

const IDENTITY = { manufacturerCode: 0x1234, imageType: 1, fileVersion: 2 };
const file: Offered = { ...IDENTITY, octets: Buffer.from(Array.from({ length: 100 }, (_, i) => i)), imageSize: 100 };

/** A server with a client that hears everything but what `lost` says. */
function bench(offer: Offer | undefined, lost: () => boolean = () => false) {
  const heard: { octets: Buffer; note: string }[] = [];
  const timing = timingOf(ZIGBEE_TIMING, ixitOf({}), { protocol: 1, link: 1 });
  const server = otaServer((_, octets, note) => {
    const arrives = !lost();
    if (arrives) heard.push({ octets, note });
    return Promise.resolve(arrives);
  }, timing);
  if (offer !== undefined) server.offer(offer);
  const ask = async (octets: Buffer): Promise<void> => {
    const event = { n: 0, ms: 0, channel: 'zigbee', type: 'zigbee.frame' };
    const arrival: Arrival = {
      from: 1,
      fromEndpoint: 1,
      toEndpoint: 13,
      cluster: OTA_CLUSTER,
      broadcast: false,
      octets,
      event,
    };
    server.handle(arrival);
    await new Promise((resolve) => setImmediate(resolve));
  };
  let sequence = 6;
  /** A request under the next number, or under this one. */
  const block = (fileOffset: number, number?: number): Promise<void> => {
    sequence = number ?? sequence + 1;
    const value = { fieldControl: 0, ...IDENTITY, fileOffset, maximumDataSize: 40 };
    return ask(encodeCommand(imageBlockRequest, value, { sequence }));
  };
  return { heard, ask, block, last: () => decodeFrame(heard.at(-1)?.octets ?? Buffer.alloc(0)) };
}

describe('zigbee tester: OTA server', () => {
  it('offers the file, gives the piece asked for under the number of the request, and says when to upgrade', async () => {
    const { ask, block, last } = bench({ file });
    await ask(encodeCommand(queryNextImageRequest, { fieldControl: 0, ...IDENTITY, fileVersion: 1 }, { sequence: 6 }));
    expect(valueOf(queryNextImageResponse, last())).to.deep.equal({ status: 0, ...IDENTITY, imageSize: 100 });
    await block(80);
    expect(last().header?.sequence).to.equal(7);
    expect(valueOf(imageBlockResponse, last())).to.deep.equal({
      status: 0,
      ...IDENTITY,
      fileOffset: 80,
      data: file.octets.subarray(80),
    });
    await ask(encodeCommand(upgradeEndRequest, { status: 0, ...IDENTITY }, { sequence: 8 }));
    expect(valueOf(upgradeEndResponse, last())).to.include({ currentTime: 0, upgradeTime: 1 });
  });

  it('puts off a repeat that crossed its answer too, once, and serves it where it comes later', async () => {
    const wait = { status: zclStatus.WAIT_FOR_DATA, currentTime: 0, requestTime: 60, minimumBlockPeriod: 0 };
    const rule = { on: 'block', times: 1, crossing: true, note: 'put off' } as const;
    const { heard, block } = bench({ file, rules: [{ ...rule, answer: () => [command(imageBlockResponse, wait)] }] });
    for (let i = 0; i < 3; i++) await block(0);
    expect(heard.map(({ note }) => note)).to.deep.equal(['put off', 'put off', 'block']);
    await block(40);
    expect(heard.at(-1)?.note).to.equal('block');
  });

  it('refuses blocks where nothing is offered, so that a download ends', async () => {
    const { block, last } = bench(undefined);
    await block(0);
    expect(valueOf(defaultResponse, last())).to.deep.equal({ command: 3, status: zclStatus.NO_IMAGE_AVAILABLE });
  });

  it('says that pages are unsupported only where there is a file that it does not serve so', async () => {
    const page = {
      fieldControl: 0,
      ...IDENTITY,
      fileOffset: 0,
      maximumDataSize: 40,
      pageSize: 100,
      responseSpacing: 0,
    };
    for (const [offer, status] of [
      [{ file }, zclStatus.UNSUP_COMMAND],
      [undefined, zclStatus.NO_IMAGE_AVAILABLE],
    ] as const) {
      const { ask, last } = bench(offer);
      await ask(encodeCommand(imagePageRequest, page, { sequence: 9 }));
      expect(valueOf(defaultResponse, last())).to.deep.equal({ command: 4, status });
    }
  });

  it('departs from it by rule: from a part of the file on, and as often as told', async () => {
    const abort = command(imageBlockResponse, { status: zclStatus.ABORT });
    const { block, heard } = bench({
      file,
      rules: [{ on: 'block', from: 0.5, times: 1, note: 'ended', answer: () => [abort] }],
    });
    for (const offset of [0, 60, 60]) await block(offset);
    expect(heard.map((h) => h.note)).to.deep.equal(['block', 'ended', 'block']);
  });

  it('counts an answer only where it was delivered', async () => {
    let losses = 1;
    const abort = command(imageBlockResponse, { status: zclStatus.ABORT });
    const offer: Offer = { file, rules: [{ on: 'block', times: 1, note: 'ended', answer: () => [abort] }] };
    const { block, heard } = bench(offer, () => losses-- > 0);
    for (const offset of [0, 0, 0]) await block(offset);
    expect(heard.map((h) => h.note)).to.deep.equal(['ended', 'block']);
  });

  it('keeps silent so often, then answers', async () => {
    const { block, heard } = bench({ file, rules: [{ on: 'block', times: 2, note: 'none', answer: () => [] }] });
    for (const offset of [0, 0, 0]) await block(offset);
    expect(heard.map((h) => h.note)).to.deep.equal(['block']);
  });

  it('offers a file for one download: until a rule has answered a request for a block of it, or it has ended', async () => {
    const rule = { on: 'block', from: 0.5, note: 'gone', answer: () => [] } as const;
    const query = (sequence: number): Buffer =>
      encodeCommand(queryNextImageRequest, { fieldControl: 0, ...IDENTITY, fileVersion: 1 }, { sequence });
    const notes = async (once: boolean, act: (b: ReturnType<typeof bench>) => Promise<void>): Promise<string[]> => {
      const b = bench({ file, rules: [rule], ...(once ? { once: true } : {}) });
      await b.ask(query(1));
      await b.block(0, 2);
      await b.ask(query(3));
      await act(b);
      await b.ask(query(4));
      return b.heard.map((h) => h.note).filter((note) => note !== 'block' && note !== 'refusal');
    };
    const ends = ({ ask }: ReturnType<typeof bench>): Promise<void> =>
      ask(encodeCommand(upgradeEndRequest, { status: zclStatus.INVALID_IMAGE, ...IDENTITY }, { sequence: 9 }));
    const [offered, none] = ['query response', 'nothing more'];
    expect(await notes(true, (b) => b.block(60))).to.deep.equal([offered, offered, none]);
    expect(await notes(true, ends)).to.deep.equal([offered, offered, none]);
    expect(await notes(false, ends)).to.deep.equal([offered, offered, offered]);
  });

  it('sends the frames of one answer one after the other, each when the one before was delivered', async () => {
    const waiting: (() => void)[] = [];
    const notes: string[] = [];
    const timing = timingOf(ZIGBEE_TIMING, ixitOf({}), { protocol: 1, link: 1 });
    const server = otaServer((_, _octets, note) => {
      notes.push(note);
      return new Promise((resolve) => waiting.push(() => resolve(true)));
    }, timing);
    const odd = command(imageBlockResponse, { status: zclStatus.ABORT });
    server.offer({ file, rules: [{ on: 'block', times: 1, note: 'odd', answer: () => [odd, undefined] }] });
    const octets = encodeCommand(
      imageBlockRequest,
      { fieldControl: 0, ...IDENTITY, fileOffset: 0, maximumDataSize: 40 },
      { sequence: 1 },
    );
    const event = { n: 0, ms: 0, channel: 'zigbee', type: 'zigbee.frame' };
    const to = { from: 1, fromEndpoint: 1, toEndpoint: 13, cluster: OTA_CLUSTER, broadcast: false, octets, event };
    server.handle(to);
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    await settled();
    expect(notes).to.deep.equal(['odd']);
    waiting[0]?.();
    await settled();
    expect(notes).to.deep.equal(['odd', 'block']);
  });

  it('answers a request once that the network delivers twice', async () => {
    const abort = command(imageBlockResponse, { status: zclStatus.ABORT });
    const { block, heard } = bench({ file, rules: [{ on: 'block', times: 1, note: 'ended', answer: () => [abort] }] });
    await block(0, 9);
    await block(0, 9);
    expect(heard.map((h) => h.note)).to.deep.equal(['ended']);
  });

  it('answers nothing that is no request of a client', async () => {
    const { ask, heard } = bench({ file });
    await ask(Buffer.of(0x19, 1, 5, 0x95));
    await ask(Buffer.of(1));
    expect(heard).to.deep.equal([]);
  });
});
