import { expect } from 'chai';
import type { Ev } from '../core/events.ts';
import { logOf } from '../core/log.ts';
import { encodeCommand } from './codec/frame.ts';
import { defaultResponse, readAttributes, readAttributesResponse } from './codec/global.ts';
import { dataType } from './codec/dataTypes.ts';
import { direction, OTA_CLUSTER } from './codec/numbers.ts';
import { imageBlockRequest } from './codec/ota.ts';
import { answers, attributes, blockRequests, delivered, IUT, queryReplies, refusals, sent } from './kinds.ts';

const FROM_CLIENT = direction.CLIENT_TO_SERVER;
const FROM_SERVER = direction.SERVER_TO_CLIENT;

/** A log of frames, written by hand. */
class Written {
  readonly events: Ev[] = [];

  add(event: Omit<Ev, 'n' | 'ms' | 'channel'>): number {
    const n = this.events.length;
    this.events.push({ n, ms: n, channel: 'zigbee', ...event });
    return n;
  }
  out(octets: Buffer, note: string, delivered = true): void {
    const data = { cluster: OTA_CLUSTER, note };
    const via = this.add({ type: 'zigbee.frame', dir: 'out', raw: octets.toString('hex'), data });
    this.add({ type: 'zigbee.confirm', dir: 'in', via, data: { delivered } });
  }
  in(octets: Buffer, peer: string = IUT): void {
    this.add({ type: 'zigbee.frame', dir: 'in', raw: octets.toString('hex'), data: { cluster: OTA_CLUSTER, peer } });
  }
  log() {
    return logOf(this.events, 1);
  }
}

const block = (sequence: number): Buffer =>
  encodeCommand(
    imageBlockRequest,
    { fieldControl: 0, manufacturerCode: 1, imageType: 1, fileVersion: 1, fileOffset: 0, maximumDataSize: 1 },
    { sequence },
  );
const read = (sequence: number): Buffer =>
  encodeCommand(readAttributes, { attributes: [6] }, { sequence, direction: FROM_SERVER });
const value = (sequence: number): Buffer => {
  const records = [{ attribute: 6, status: 0, value: { type: dataType.ENUM8, content: 1 } }];
  return encodeCommand(readAttributesResponse, { records }, { sequence, direction: FROM_CLIENT });
};

describe('zigbee readers of the log', () => {
  it('a query that the tester cut off is answered like any other', () => {
    const w = new Written();
    w.out(Buffer.from('01020100341201', 'hex'), 'half');
    w.in(Buffer.from('190202003412010020000000e4010000', 'hex'));
    expect(w.log().first(queryReplies('half'))).to.include({ status: 0, imageSize: 484 });
  });
  it('a frame counts as sent only where the dongle confirmed it', () => {
    const w = new Written();
    w.out(read(1), 'look', false);
    w.out(read(1), 'look');
    expect(
      w
        .log()
        .all(sent('look'))
        .map((s) => s.n),
    ).to.deep.equal([2]);
  });
  it('a delivery is read where the dongle confirms it', () => {
    const w = new Written();
    w.out(read(1), 'look', false);
    w.out(read(2), 'other');
    w.out(read(3), 'look');
    expect(
      w
        .log()
        .all(delivered('look'))
        .map((s) => s.n),
    ).to.deep.equal([5]);
  });
  it('an answer belongs to the question with its number, not to a request of the device with the same one', () => {
    const w = new Written();
    w.out(read(5), 'before');
    w.in(value(5));
    w.out(read(6), 'look');
    w.in(block(6));
    w.in(value(6));
    expect(
      w
        .log()
        .all(answers('look'))
        .map((a) => a.n),
    ).to.deep.equal([6]);
    expect(w.log().last(attributes(6, 'before'))).to.include({ content: 1, n: 2 });
  });
  it('frames of other nodes are none of the device', () => {
    const w = new Written();
    w.in(block(1), 'somebody');
    expect(w.log().all(blockRequests)).to.deep.equal([]);
  });
  it('what the network delivers twice is one frame; what the device says again later is another', () => {
    const w = new Written();
    w.in(block(1));
    w.in(block(1));
    w.events.push({ ...(w.events[0] ?? w.events[1]), n: 2, ms: 5_000 } as Ev);
    expect(
      w
        .log()
        .all(blockRequests)
        .map((r) => r.n),
    ).to.deep.equal([0, 2]);
  });
  it('a refusal is told by the command that it names', () => {
    const w = new Written();
    w.in(encodeCommand(defaultResponse, { command: 5, status: 0x80 }, { sequence: 1, direction: FROM_CLIENT }));
    expect(w.log().first(refusals(5))).to.include({ status: 0x80 });
    expect(w.log().first(refusals(2))).to.equal(undefined);
  });
});
