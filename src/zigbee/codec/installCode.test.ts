import { expect } from 'chai';
import { aesMmo } from '../file/mmo.ts';
import { installCodeOctets, installCodeProblem } from './installCode.ts';

/** The published example: code, CRC, and the link key that is its hash. */
const CODE = '83FE D340 7A93 9723 A5C6 39B2 6916 D505 C3B5';
const LINK_KEY = '66b6900981e1ee3ca4206b6b861c02bb';

const octets = (text: string): Buffer => installCodeOctets(text) ?? Buffer.alloc(0);

describe('zigbee codec: install codes', () => {
  it('takes the published example, whose hash is its link key', () => {
    expect(installCodeProblem(octets(CODE))).to.equal(undefined);
    expect(aesMmo(octets(CODE)).toString('hex')).to.equal(LINK_KEY);
  });
  it('finds a slip in any octet', () => {
    const good = octets(CODE);
    for (let i = 0; i < good.length; i++) {
      const bad = Buffer.from(good);
      bad[i] = (bad[i] ?? 0) ^ 1;
      expect(installCodeProblem(bad), `octet ${i}`).to.equal('its CRC does not fit');
    }
  });
  it('finds a code without its CRC, and one that is not hex', () => {
    expect(installCodeProblem(octets(CODE).subarray(0, 16))).to.match(/^expected 6, 8, 12 or 16 octets/);
    expect(installCodeOctets('83FE-D34X')).to.equal(undefined);
  });
});
