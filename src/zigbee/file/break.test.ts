import { expect } from 'chai';
import { InputError, messageOf } from '../../core/errors.ts';
import { BREAK_KINDS, breakImage, orderOf } from './break.ts';
import { elementTag } from './header.ts';
import { dummyData, makeImage } from './make.ts';
import { type ImageFile, readImage } from './read.ts';

const sound = makeImage({
  manufacturerCode: 0x131b,
  imageType: 1,
  fileVersion: 0x10022000,
  headerString: 'sound',
  elements: [
    { tag: 0xf000, data: Buffer.from('info') },
    { tag: elementTag.UPGRADE_IMAGE, data: dummyData(1001) },
  ],
  integrity: 'before',
});
const file = readImage(sound, 'sound');

function broken(name: string): Buffer {
  const kind = BREAK_KINDS.find((one) => one.name === name);
  if (kind === undefined) throw new Error(`no kind ${name}`);
  return breakImage(file, kind, 5000);
}
const read = (name: string): ImageFile => readImage(broken(name), name);
const refusal = (name: string): string => {
  try {
    read(name);
  } catch (e) {
    if (e instanceof InputError) return e.message;
    throw e;
  }
  return 'read';
};

describe('spoilt OTA files', () => {
  it('a sound file, taken apart and made again, is the same', () => {
    expect(makeImage(orderOf(file))).to.deep.equal(sound);
    expect(file.findings).to.deep.equal([]);
  });

  it('every kind has a name of its own, makes another file, and leaves the sound one alone', () => {
    expect(new Set(BREAK_KINDS.map(({ name }) => name)).size).to.equal(BREAK_KINDS.length);
    const before = Buffer.from(sound);
    for (const { name } of BREAK_KINDS) expect(broken(name), name).not.to.deep.equal(sound);
    expect(sound).to.deep.equal(before);
  });

  const refused: readonly (readonly [string, string])[] = [
    ['truncated', 'the header says 1095 octets in all, there are 821'],
    ['total-size-larger', 'the header says 1111 octets in all, there are 1095'],
    ['total-size-smaller', 'INTEGRITY_CODE (0x0003) of 16 octets, only 15 are left'],
    ['element-overrun', 'INTEGRITY_CODE (0x0003) of 4112 octets, only 16 are left'],
    ['header-length', 'header of 52 octets, field control 0x0000 needs 56'],
    ['wrong-identifier', 'found 00 f1 ee 0b'],
  ];
  for (const [name, text] of refused) it(`${name} cannot be read`, () => expect(refusal(name)).to.contain(text));

  it('two kinds change one bit each, and the integrity code tells', () => {
    const places = { 'bit-flipped': 56 + 10 + 6 + 500, 'integrity-wrong': sound.length - 16 };
    for (const [name, place] of Object.entries(places)) {
      const octets = broken(name);
      const changed = [...octets.entries()].filter(([i, octet]) => octet !== sound[i]);
      expect(
        changed.map(([i]) => i),
        name,
      ).to.deep.equal([place]);
      expect(readImage(octets, name).integrity, name).to.equal('neither');
    }
  });

  const said: readonly (readonly [string, Partial<ImageFile['header']>])[] = [
    ['wrong-manufacturer', { manufacturerCode: 0x131a }],
    ['wrong-type', { imageType: 0 }],
    ['other-version', { fileVersion: 0x10022001 }],
    ['older-version', { fileVersion: 1 }],
    ['wrong-destination', { upgradeFileDestination: 'fffffffffffffffe' }],
    ['wrong-hardware', { minimumHardwareVersion: 0xfffe, maximumHardwareVersion: 0xfffe }],
    ['wrong-stack', { stackVersion: 3 }],
    ['wrong-credentials', { securityCredentialVersion: 0x7f }],
  ];
  for (const [name, values] of said)
    it(`${name} says so in the header, and is right in everything else`, () => {
      const spoilt = read(name);
      expect(spoilt.header).to.include(values);
      expect(spoilt.integrity).to.equal('before');
      expect(spoilt.elements.slice(0, 2).map(({ data }) => data)).to.deep.equal(
        file.elements.slice(0, 2).map(({ data }) => data),
      );
    });

  it('kinds that change elements', () => {
    const tags = (name: string): number[] => read(name).elements.map(({ tag }) => tag);
    expect(read('oversized').elements[1]?.data).to.have.length(5000);
    expect(tags('no-image')).to.deep.equal([0xf000, 3]);
    expect(read('empty-image').elements[1]?.data).to.have.length(0);
    expect(tags('unknown-element')).to.deep.equal([7, 0xf000, 0, 3]);
    expect(tags('signature-wrong-1')).to.deep.equal([0xf000, 0, 2, 1, 3]);
    expect(tags('signature-wrong-2')).to.deep.equal([0xf000, 0, 6, 5, 3]);
    expect(read('signature-wrong-2').findings).to.deep.equal([]);
    expect(read('integrity-coverage').integrity).to.equal('withHeader');
    expect(read('trailing').findings).to.deep.equal([{ at: 1095, text: '16 octets after the total size' }]);
    expect(read('header-version').findings[0]?.text).to.contain('header version 0x0200');
  });

  it('names what a file lacks', () => {
    const bare = readImage(makeImage({ manufacturerCode: 1, imageType: 1, fileVersion: 1, elements: [] }), 'bare');
    for (const name of ['bit-flipped', 'integrity-wrong', 'integrity-coverage', 'element-overrun']) {
      const kind = BREAK_KINDS.find((one) => one.name === name);
      expect(() => kind?.apply(bare, 0))
        .to.throw(InputError)
        .satisfies((e: unknown) => messageOf(e).includes('to spoil'));
    }
  });
});
