import { expect } from 'chai';
import { encodeMt, MtParser, mtType, subsystem } from './frame.ts';

describe('monitor-and-test frames of the virtual Zigbee dongle', () => {
  const ping = { type: mtType.SREQ, subsystem: subsystem.SYS, id: 1, data: Buffer.alloc(0) };
  const octets = Buffer.from('fe00210120', 'hex');

  it('are written as TI lays them out', () => {
    expect(encodeMt(ping)).to.deep.equal(octets);
    const answer = { type: mtType.SRSP, subsystem: subsystem.SYS, id: 1, data: Buffer.of(0x59, 0x06) };
    expect(encodeMt(answer).toString('hex')).to.equal('fe02610159063d');
  });
  it('are found in any pieces, behind octets that are none, and not with a wrong checksum', () => {
    const parser = new MtParser();
    const wrong = Buffer.from(octets);
    wrong[4] = 0;
    const stream = Buffer.concat([Buffer.of(0xef), wrong, octets, octets]);
    const found = [...stream].flatMap((octet) => parser.feed(Buffer.of(octet)));
    expect(found).to.deep.equal([ping, ping]);
  });
});
