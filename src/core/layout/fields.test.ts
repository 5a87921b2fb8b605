import { expect } from 'chai';
import { TesterError } from '../errors.ts';
import { FrameError } from './cursor.ts';
import { bit, counted, longNumber, reserved, u16, u8, uint, vector, when, within } from './fields.ts';
import { decodeLayout, encodeLayout, printLayout } from './layout.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('layout fields', () => {
  it('a vector counts the octets of its values, not the values', () => {
    const layout = { suites: vector(16, u16), points: vector(8, counted(8)), after: u8 };
    const value = { suites: [0xc0ae, 0x00ff], points: [hex('04aa'), hex('')], after: 9 };
    const octets = encodeLayout(layout, value, 'big');
    expect(octets.toString('hex')).to.equal(['0004c0ae00ff', '04', '0204aa', '00', '09'].join(''));
    expect(decodeLayout(layout, octets, 'big', 'hello').value).to.deep.equal(value);
    expect(printLayout(layout, value)).to.equal('suites=[49326, 255], points=[[04aa], []], after=9');
  });

  it('a vector that ends within a value is truncated, at the octet of the whole message', () => {
    const layout = { first: u8, suites: vector(16, u16), after: u8 };
    expect(() => decodeLayout(layout, hex('010003c0ae0009'), 'big', 'hello'))
      .to.throw(FrameError, 'suites 1: expected 2 octets, 1 octets are left (at octet 5)')
      .with.property('code', 'truncated');
  });

  it('keeps what is odd inside a vector', () => {
    const layout = { list: vector(8, uint(8, { range: [1, 3] })) };
    expect(decodeLayout(layout, hex('020104'), 'big', 'list').reports).to.deep.equal([
      'prohibited value: list 1 = 0x04',
    ]);
  });

  it('a long number reads the same in either order of octets', () => {
    const layout = { eui64: longNumber(8) };
    expect(decodeLayout(layout, hex('efcdab8967452301'), 'little', 'id').value).to.deep.equal({
      eui64: '0123456789abcdef',
    });
    for (const order of ['little', 'big'] as const) {
      const octets = encodeLayout(layout, { eui64: '0123456789abcdef' }, order);
      expect(decodeLayout(layout, octets, order, 'id').value.eui64, order).to.equal('0123456789abcdef');
    }
  });

  const noticed = {
    kind: u8,
    flags: u8,
    maker: when('kind', within(1, 3), u16),
    version: when('kind', 3, u16),
    revision: when('flags', bit(1), u8),
  };

  it('a field is there when the earlier field says so', () => {
    const cases = [
      ['0000', { kind: 0, flags: 0 }],
      ['01003412', { kind: 1, flags: 0, maker: 0x1234 }],
      ['03003412cdab', { kind: 3, flags: 0, maker: 0x1234, version: 0xabcd }],
      ['000207', { kind: 0, flags: 2, revision: 7 }],
      ['0401', { kind: 4, flags: 1 }],
    ] as const;
    for (const [octets, value] of cases) {
      expect(decodeLayout(noticed, hex(octets), 'little', 'notice').value).to.deep.equal(value);
      expect(encodeLayout(noticed, value, 'little').toString('hex')).to.equal(octets);
    }
  });

  it('refuses to write a field that contradicts the earlier one', () => {
    expect(() => encodeLayout(noticed, { kind: 0, flags: 0, maker: 1 }, 'little')).to.throw(
      TesterError,
      'maker has no place where kind is 0',
    );
    expect(() => encodeLayout(noticed, { kind: 0, flags: 2 }, 'little')).to.throw(
      TesterError,
      'revision is missing where flags is 2',
    );
  });

  it('reserved bits are written as 0 and reported when set', () => {
    const layout = { low: uint(3), rfu: reserved(5) };
    expect(encodeLayout(layout, { low: 5 }, 'little').toString('hex')).to.equal('05');
    expect(decodeLayout(layout, hex('0d'), 'little', 'octet')).to.deep.equal({
      value: { low: 5 },
      reports: ['reserved bits set: rfu = 0x1'],
    });
  });
});
