import { expect } from 'chai';
import { InputError, printError } from '../../core/errors.ts';
import { makeImage } from './make.ts';
import { aesMmo } from './mmo.ts';
import { readImage } from './read.ts';
import { type FileVector, loadFileVectors, orderOf } from './vectors.ts';

const { files, mmo } = loadFileVectors();
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const usable = files.filter((v) => v.unusable === undefined);

function thrown(v: FileVector | Buffer): unknown {
  try {
    readImage(Buffer.isBuffer(v) ? v : hex(v.hex), 'a.zigbee');
    return undefined;
  } catch (e) {
    return e;
  }
}

describe('OTA files', () => {
  for (const v of usable) {
    it(`reads ${v.case}`, () => {
      const file = readImage(hex(v.hex), 'a.zigbee');
      expect(file.header).to.include(v.order);
      const code = v.integrity === undefined ? [] : [0x0003];
      expect(file.elements.map(({ tag }) => tag)).to.deep.equal([...v.elements.map(({ tag }) => tag), ...code]);
      for (const [i, { data, uncounted = '' }] of v.elements.entries()) {
        expect(file.elements[i]?.data.toString('hex')).to.equal(data);
        expect(file.elements[i]?.uncounted?.toString('hex') ?? '').to.equal(uncounted);
      }
      expect(file.wrapper).to.equal(v.wrapper ?? 'none');
      expect(file.bare?.toString('hex')).to.equal(v.bare);
      expect(file.integrity).to.equal(v.wrongIntegrity === true ? 'neither' : v.integrity);
      expect(file.findings).to.deep.equal(v.findings ?? []);
    });

    if (v.foreign !== true) it(`makes ${v.case}`, () => expect(makeImage(orderOf(v)).toString('hex')).to.equal(v.hex));

    it(`refuses every truncation of ${v.case}, or finds it odd, but never stumbles`, () => {
      const whole = hex(v.hex);
      for (let length = 0; length < whole.length; length++) {
        const e = thrown(whole.subarray(0, length));
        if (e === undefined) expect(v.findings?.length, `${length} octets`).to.be.greaterThan(0);
        else expect(e, `${length} octets`).to.be.instanceOf(InputError);
      }
    });
  }

  for (const v of files.filter(({ unusable }) => unusable !== undefined))
    it(`refuses ${v.case}, naming file and octet`, () => {
      const e = thrown(v);
      expect(e).to.be.instanceOf(InputError);
      expect(printError(e)).to.contain(`a.zigbee: octet ${v.unusable?.octet}: `).and.to.contain(v.unusable?.text);
    });
});

describe('AES-MMO', () => {
  for (const { input, repeat, digest } of mmo)
    it(`of ${input === '' ? 'nothing' : input}, ${repeat} times`, () => {
      expect(aesMmo(hex(input.repeat(repeat))).toString('hex')).to.equal(digest);
    });

  it('reads octets that start anywhere in their memory', () => {
    const inside = Buffer.concat([Buffer.of(1, 2, 3), hex(mmo[1]?.input ?? '')]).subarray(3);
    expect(aesMmo(new Uint8Array(inside)).toString('hex')).to.equal(mmo[1]?.digest);
    expect(aesMmo(inside).toString('hex')).to.equal(mmo[1]?.digest);
  });
});
