import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { InputErrors } from '../../core/errors.ts';
import { readOptions } from './options.ts';
import {
  compareVersions,
  isValidPackage,
  makePackage,
  MANIFEST_MAX,
  manifestOf,
  PACKAGE_KINDS,
  type PackageKind,
} from './package.ts';
import { folderStore } from '../store.ts';
import { readTime, writeTime } from './time.ts';

describe('simulated OCF device: times', () => {
  const noon = Date.UTC(2030, 0, 9, 12);
  const good: readonly [string, number][] = [
    ['2030-01-09T12:00:00Z', noon],
    ['2030-01-09t12:00:00z', noon],
    ['2030-01-09T14:00:00+02:00', noon],
    ['2030-01-09T06:30:00-05:30', noon],
    ['2030-01-09T12:00:00.250Z', noon + 250],
    ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
  ];
  for (const [text, ms] of good) it(`reads ${text}`, () => expect(readTime(text)).to.equal(ms));
  for (const text of [
    '',
    '2030-13-01T00:00:00Z',
    '2030-02-30T00:00:00Z',
    '2030-00-10T00:00:00Z',
    '2030-01-09T24:00:00Z',
  ])
    it(`refuses ${JSON.stringify(text)}`, () => expect(readTime(text)).to.equal(undefined));
  for (const text of [
    '2030-01-09T12:00Z',
    '2030-01-09T12:00:60Z',
    '2030-01-09 12:00:00Z',
    '2030-01-09T12:00:00',
    'now',
  ])
    it(`refuses ${text} unless told`, () => expect(readTime(text)).to.equal(undefined));
  it('reads a leap second and a time without seconds where it is told to', () => {
    expect(readTime('2030-12-31T23:59:60Z', { leapSecond: true })).to.equal(Date.UTC(2031, 0, 1));
    expect(readTime('2030-01-09T12:00Z', { withoutSeconds: true })).to.equal(noon);
  });
  it('writes UTC, with milliseconds only where there are any', () => {
    expect([writeTime(noon), writeTime(noon + 5)]).to.deep.equal(['2030-01-09T12:00:00Z', '2030-01-09T12:00:00.005Z']);
  });
});

describe('simulated OCF device: packages', () => {
  const valid: Readonly<Record<PackageKind, boolean>> = {
    ok: true,
    old: true,
    badSignature: false,
    truncated: false,
    tooBigRam: true,
    tooBigFlash: true,
    failsAtInstall: true,
  };
  for (const kind of Object.keys(PACKAGE_KINDS) as PackageKind[])
    it(`${kind} is ${valid[kind] ? 'valid' : 'invalid'}, and its manifest fits in the head`, () => {
      const data = makePackage({ kind });
      expect(isValidPackage(data)).to.equal(valid[kind]);
      expect(manifestOf(data.subarray(0, MANIFEST_MAX))?.version).to.equal(kind === 'old' ? '0.9.0' : '2.0.0');
    });
  it('is the same for the same order and invalid when any octet is changed', () => {
    const data = makePackage({ kind: 'ok', size: 100 });
    expect(makePackage({ kind: 'ok', size: 100 })).to.deep.equal(data);
    for (const at of [5, 40, data.length - 1]) {
      const altered = Buffer.from(data);
      altered.writeUInt8((altered[at] ?? 0) ^ 1, at);
      expect(isValidPackage(altered), `octet ${at}`).to.equal(false);
    }
  });
  it('does not take anything else for a package', () => {
    for (const text of ['', '{}\n', 'null\n', 'x\n', '{"version":"1"'])
      expect(manifestOf(Buffer.from(text)), text).to.equal(undefined);
  });
  it('compares versions by numbers', () => {
    expect(compareVersions('1.10.0', '1.9.9')).to.be.above(0);
    expect(compareVersions('0.9.0', '1.0.0')).to.be.below(0);
    expect(compareVersions('2.0', '2.0.0')).to.equal(0);
  });
});

describe('simulated OCF device: options and memory', () => {
  it('reads options and reports every wrong word at once', () => {
    expect(readOptions(['chain=yes', 'ram=10', 'builtinUrl=http://h/p?a=b'])).to.include({
      chain: 'yes',
      ram: 10,
      builtinUrl: 'http://h/p?a=b',
      partialUpdate: 'refuse',
    });
    const wrong = ['chain=maybe', 'ram=-1', 'nothing=1', 'nv', 'toString=1'];
    try {
      readOptions(wrong);
      expect.fail('accepted');
    } catch (e) {
      if (!(e instanceof InputErrors)) throw e;
      expect(e.errors.map(({ place }) => place.where)).to.deep.equal(wrong.map((word) => `--option ${word}`));
    }
  });
  it('names the file where the saved state is damaged', () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-'));
    writeFileSync(join(folder, 'state.json'), '{"a":');
    expect(() => folderStore(folder).load()).to.throw('not a saved state');
    rmSync(folder, { recursive: true });
  });
});
