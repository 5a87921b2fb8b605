import { expect } from 'chai';
import { TesterError } from '../errors.ts';
import { type ByteOrder, FrameError, Reader, Writer } from './cursor.ts';

const FIELDS = [
  [6, 0x2a],
  [2, 1],
  [15, 0x7fff],
  [4, 9],
  [3, 5],
  [4, 9],
  [6, 1],
  [32, 0xdeadbeef],
] as const;

describe('bit cursor', () => {
  for (const order of ['little', 'big'] satisfies ByteOrder[]) {
    it(`reads back what it wrote, ${order} order`, () => {
      const writer = new Writer(order);
      for (const [bits, value] of FIELDS) writer.bits(bits, value, 'field');
      const reader = new Reader(writer.done(), order);
      for (const [bits, value] of FIELDS) expect(reader.bits(bits, 'field')).to.equal(value);
      expect(reader.left).to.equal(0);
    });
  }

  it('puts the low bits of a little-endian word into the low octet', () => {
    expect(new Writer('little').bits(12, 0x456, 'net').bits(12, 0x123, 'app').done().toString('hex')).to.equal(
      '563412',
    );
  });

  it('names the field, the octet and the shortage of a short input', () => {
    const reader = new Reader(Buffer.of(1, 2));
    reader.bits(8, 'status');
    expect(() => reader.bits(16, 'block number'))
      .to.throw(FrameError, 'block number: expected 2 octets, 1 octets are left (at octet 1)')
      .with.property('code', 'truncated');
    expect(() => reader.end('Block Status')).to.throw(FrameError, '1 octets after the last field');
  });

  it('refuses to write a number that its field cannot hold', () => {
    for (const value of [16, -1, 0.5]) expect(() => new Writer().bits(4, value, 'status')).to.throw(TesterError);
  });
});
