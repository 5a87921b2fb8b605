import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Command } from 'commander';
import { InputError, printError } from '../core/errors.ts';
import { BREAK_KINDS } from '../zigbee/file/break.ts';
import { readImage } from '../zigbee/file/read.ts';
import { loadFileVectors } from '../zigbee/file/vectors.ts';
import { printImage, register } from './image.ts';

describe('plumbline image', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plumbline-image-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  const run = async (...words: string[]): Promise<void> => {
    const program = new Command().exitOverride();
    register(program);
    await program.parseAsync(['node', 'plumbline', 'image', ...words]);
  };
  const refused = async (...words: string[]): Promise<string> => {
    try {
      await run(...words);
    } catch (e) {
      if (e instanceof InputError) return printError(e);
      throw e;
    }
    throw new Error('accepted');
  };
  const vector = (name: string): Buffer => {
    const found = loadFileVectors().files.find((v) => v.case === name);
    return Buffer.from(found?.hex ?? '', 'hex');
  };
  const said = ['--manufacturer', '0x131b', '--type', '1', '--version', '0x10022000'];

  it('makes the files of the vectors, octet for octet', async () => {
    writeFileSync(at('deadbeef'), Buffer.from('deadbeef', 'hex'));
    writeFileSync(at('0102'), Buffer.from('0102', 'hex'));
    const all = ['--credentials', '2', '--destination', '01:23:45:67:89:AB:CD:EF', '--hardware', '0x0100-0x01ff'];
    const around = ['--element', `0xf000=${at('0102')}`, '--element', `0=${at('deadbeef')}`, '--dummy', '0xf100=0'];
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ['one element, no optional field', [at('deadbeef')]],
      ['all optional fields', [at('deadbeef'), ...all]],
      ['hardware range alone', [at('deadbeef'), '--hardware', '0-6']],
      ['integrity code over what is before it', [at('deadbeef'), '--integrity', 'before']],
      ['integrity code with its own tag and length', [at('deadbeef'), '--integrity', 'withHeader']],
      ['elements of the manufacturer around the image, one of them empty', around],
    ];
    for (const [name, words] of cases) {
      await run('make', ...words, ...said, '--header-string', 't', '--out', at('made'));
      expect(readFileSync(at('made')).toString('hex'), name).to.equal(vector(name).toString('hex'));
    }
  });

  it('a dummy element has the length asked for, and extract gives its data back', async () => {
    await run('make', ...said, '--dummy', '0=1000', '--dummy', '0xf000=7', '--out', at('made'));
    await run('extract', at('made'), '--out', at('image'));
    await run('extract', at('made'), '--tag', '0xf000', '--out', at('other'));
    expect(readFileSync(at('image')).length).to.equal(1000);
    expect(readFileSync(at('image')).toString('hex', 996)).to.equal('000003e4');
    expect(readFileSync(at('other')).toString('hex')).to.equal('00000000000000');
    expect(await refused('extract', at('made'), '--tag', '1', '--out', at('image'))).to.equal(
      `${at('made')}: no element ECDSA_SIGNATURE_1 (0x0001); the file has UPGRADE_IMAGE (0x0000), manufacturer's (0xf000)`,
    );
  });

  it('extract asks which one where several have the tag, and takes an image out of its wrapper', async () => {
    await run('make', ...said, '--dummy', '0=1', '--dummy', '0=2', '--out', at('made'));
    expect(await refused('extract', at('made'), '--out', at('one'))).to.contain('2 elements have the tag');
    await run('extract', at('made'), '--number', '2', '--out', at('one'));
    expect(readFileSync(at('one')).length).to.equal(2);
    writeFileSync(at('wrapped'), vector('in the container of IKEA'));
    await run('extract', at('wrapped'), '--image', '--out', at('one'));
    expect(readFileSync(at('one'))).to.deep.equal(vector('one element, no optional field'));
  });

  it('break writes every kind that the file has something for', async () => {
    await run('make', ...said, '--dummy', '0=100', '--integrity', 'before', '--out', at('sound'));
    for (const { name } of BREAK_KINDS) {
      await run('break', name, at('sound'), '--size', '500', '--out', at('spoilt'));
      expect(readFileSync(at('spoilt')), name).not.to.deep.equal(readFileSync(at('sound')));
    }
    expect(await refused('break', 'trunkated', at('sound'), '--out', at('spoilt'))).to.contain('truncated');
    expect(await refused('break', 'truncated', at('sound'))).to.contain('--kinds');
  });

  it('never writes over what it reads', async () => {
    await run('make', ...said, '--dummy', '0=4', '--out', at('a'));
    symlinkSync(at('a'), at('same'));
    for (const words of [
      ['make', at('a'), ...said, '--out', at('a')],
      ['make', '--element', `0=${at('a')}`, ...said, '--out', join(folder, '.', 'a')],
      ['extract', at('a'), '--out', at('a')],
      ['break', 'truncated', at('a'), '--out', at('same')],
    ])
      expect(await refused(...words)).to.contain('would be overwritten');
    expect(readFileSync(at('a')).length).to.equal(66);
  });

  it('names the file, the number or the word that cannot be used', async () => {
    const out = ['--out', at('out')];
    expect(await refused('inspect', at('none'))).to.match(/none: cannot be read: ENOENT/);
    expect(await refused('make', ...said, ...out)).to.contain('name a binary, --element or --dummy');
    expect(await refused('make', ...said, ...out, '--stack', '0x10000')).to.contain('expected a number up to 0xffff');
    expect(await refused('make', ...said, ...out, '--destination', '1234')).to.contain('expected an EUI-64');
    expect(await refused('make', ...said, ...out, '--hardware', '7')).to.contain('expected two hardware versions');
    expect(await refused('make', ...said, ...out, '--element', 'x')).to.contain('--element takes TAG=FILE');
    expect(await refused('make', ...said, ...out, '--header-string', 'x'.repeat(33))).to.contain('up to 32 ASCII');
    expect(await refused('make', ...said, '--dummy', '0=1', '--out', join(folder, 'no', 'out'))).to.contain(
      'cannot be written',
    );
    writeFileSync(at('bad'), vector('a wrong identifier'));
    expect(await refused('inspect', at('bad'))).to.contain(`${at('bad')}: octet 0: no OTA file`);
  });

  it('prints header, elements and what is odd', () => {
    const octets = vector('octets after the total size');
    expect(printImage('a.zigbee', octets.length, readImage(octets, 'a.zigbee')).split('\n')).to.include.members([
      'a.zigbee: 70 octets',
      '  manufacturerCode: 0x131b',
      '  stackVersion: ZIGBEE_PRO (0x02)',
      '  headerString: "t"',
      '  at  element                 octets  data',
      '  56  UPGRADE_IMAGE (0x0000)  4       deadbeef',
      'odd, octet 66: 4 octets after the total size',
    ]);
  });
});
