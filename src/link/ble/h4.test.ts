import { expect } from 'chai';
import { H4Framer } from './h4.ts';

const RESET = '01030c00';
const COMPLETE = '040e0401030c00';
const ACL = '0240000700030004000a0300';
const SCO = '034000021122';
const ISO = '0540000380aabbcc';

function frame(...chunks: Buffer[]) {
  const seen: string[] = [];
  const problems: string[] = [];
  const framer = new H4Framer({
    packet: (packet) => seen.push(packet.toString('hex')),
    problem: (text, octets) => problems.push(`${text} [${octets.toString('hex')}]`),
  });
  for (const chunk of chunks) framer.push(chunk);
  framer.end();
  return { seen, problems };
}

describe('H4 framing', () => {
  const all = [RESET, COMPLETE, ACL, SCO, ISO];
  const row = Buffer.from(all.join(''), 'hex');

  it('finds every kind of packet, in one piece, octet by octet, and cut anywhere', () => {
    expect(frame(row)).to.deep.equal({ seen: all, problems: [] });
    expect(frame(...[...row].map((octet) => Buffer.of(octet)))).to.deep.equal({ seen: all, problems: [] });
    for (let cut = 1; cut < row.length; cut++)
      expect(frame(row.subarray(0, cut), row.subarray(cut)).seen, `cut at ${cut}`).to.deep.equal(all);
  });

  it('reports every truncation of a packet at the end of the stream', () => {
    for (const packet of all) {
      const octets = Buffer.from(packet, 'hex');
      for (let length = 1; length < octets.length; length++) {
        const { seen, problems } = frame(octets.subarray(0, length));
        expect(seen).to.deep.equal([]);
        expect(problems).to.have.length(1);
        expect(problems[0]).to.match(/ended within a packet/);
      }
    }
  });

  it('begins anew when told to, and reports what was left', () => {
    const seen: string[] = [];
    const problems: string[] = [];
    const framer = new H4Framer({
      packet: (packet) => seen.push(packet.toString('hex')),
      problem: (text) => problems.push(text),
    });
    framer.push(Buffer.from('024000ff03', 'hex'));
    framer.restart();
    framer.restart();
    framer.push(Buffer.from(COMPLETE, 'hex'));
    expect(seen).to.deep.equal([COMPLETE]);
    expect(problems).to.have.length(1);
  });

  it('reports an unknown type with its octets and goes on with what comes next', () => {
    const { seen, problems } = frame(Buffer.from(`${RESET}07aa`, 'hex'), Buffer.from(COMPLETE, 'hex'));
    expect(seen).to.deep.equal([RESET, COMPLETE]);
    expect(problems).to.deep.equal(['packet type 7: none of H4 [07aa]']);
  });
});
