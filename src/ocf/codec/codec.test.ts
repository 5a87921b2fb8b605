import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { type CborValue, decodeCbor, encodeCbor, encodeCborIndefinite } from './cbor.ts';
import { decodeVersion, encodeVersion, type FormatVersion, printVersion } from './ocf.ts';
import { ACTIONS, isAction, isState, PROPERTIES, printResult, STATES, UPDATE_MODE_MASK } from './swu.ts';

interface Pair {
  readonly hex: string;
  readonly value: CborValue;
}
interface Vectors {
  readonly version: readonly { version: FormatVersion; text: string; hex: string }[];
  readonly indefinite: Readonly<Record<string, Pair>>;
  readonly definite: Readonly<Record<string, Pair>>;
  readonly longLength: Pair;
  readonly odd: readonly Pair[];
  readonly refused: readonly { hex: string; kind: string; what: string }[];
  readonly duplicates: readonly { hex: string; key: string; value: CborValue }[];
}
const here = new URL(import.meta.url.replace('/dist/src/', '/src/'));
const vectors = parse(readFileSync(new URL('vectors.yaml', here), 'utf8')) as Vectors;
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

describe('OCF codec: CBOR', () => {
  for (const [name, { hex, value }] of Object.entries(vectors.indefinite)) {
    it(`reads and writes the indefinite-length payload "${name}"`, () => {
      expect(decodeCbor(bytes(hex))).to.deep.equal({ ok: true, value, duplicateKeys: [] });
      expect(encodeCborIndefinite(value).toString('hex')).to.equal(hex);
    });
  }
  for (const [name, { hex, value }] of Object.entries(vectors.definite)) {
    it(`reads and writes the definite-length payload "${name}"`, () => {
      expect(decodeCbor(bytes(hex))).to.deep.equal({ ok: true, value, duplicateKeys: [] });
      expect(encodeCbor(value).toString('hex')).to.equal(hex);
    });
  }
  it('accepts a length that is not in its shortest form', () => {
    const { hex, value } = vectors.longLength;
    expect(decodeCbor(bytes(hex))).to.deep.equal({ ok: true, value, duplicateKeys: [] });
  });
  it('reads items that are no map', () => {
    for (const { hex, value } of vectors.odd) expect(decodeCbor(bytes(hex)), hex).to.deep.include({ ok: true, value });
  });
  for (const { hex, kind, what } of vectors.refused) {
    it(`refuses ${what} as ${kind}`, () => {
      expect(decodeCbor(bytes(hex)))
        .to.include({ ok: false, kind })
        .and.to.have.property('reason').that.is.not.empty;
    });
  }
  it('refuses every prefix of a payload', () => {
    const whole = bytes(vectors.indefinite['rw']?.hex ?? '');
    for (let length = 0; length < whole.length; length++) {
      expect(decodeCbor(whole.subarray(0, length)), `first ${length} octets`).to.include({ ok: false });
    }
  });
  it('reports a repeated key and keeps its last value', () => {
    for (const { hex, key, value } of vectors.duplicates) {
      expect(decodeCbor(bytes(hex))).to.deep.equal({ ok: true, value, duplicateKeys: [key] });
    }
  });
});

describe('OCF codec: version options', () => {
  for (const { version, text, hex } of vectors.version) {
    it(`${text} is ${hex} in both directions`, () => {
      expect(encodeVersion(version).toString('hex')).to.equal(hex);
      expect(decodeVersion(bytes(hex))).to.deep.equal(version);
      expect(printVersion(version)).to.equal(text);
    });
  }
  it('takes a shortened option and refuses a longer one', () => {
    expect(decodeVersion(bytes('40'))).to.deep.equal({ major: 0, minor: 1, sub: 0 });
    expect(decodeVersion(bytes('000800'))).to.equal(undefined);
  });
});

describe('OCF codec: tables of the software update resource', () => {
  it('gives the mode bits of table 3', () => {
    const bits = Object.entries(STATES).map(([name, { cm }]) => `${name} ${cm & UPDATE_MODE_MASK}`);
    expect(bits).to.deep.equal(['idle 0', 'nsa 256', 'svv 256', 'sva 320', 'upgrading 448']);
    expect(Object.values(ACTIONS).map(({ tm }) => tm)).to.deep.equal([0, 256, 64, 128]);
  });
  it('has five mandatory properties', () => {
    const mandatory = Object.entries(PROPERTIES).flatMap(([name, p]) => (p.mandatory ? [name] : []));
    expect(mandatory).to.have.members(['purl', 'swupdateaction', 'swupdatestate', 'swupdateresult', 'updatetime']);
  });
  it('names values and does not fall for inherited names', () => {
    expect([isState('svv'), isState('sv'), isState('toString'), isState(1)]).to.deep.equal([true, false, false, false]);
    expect([isAction('isvv'), isAction('isv'), isAction('constructor')]).to.deep.equal([true, false, false]);
    expect([0, 5, 404, 600, 9, 399].map((code) => printResult(code))).to.deep.equal([
      '0 (idle)',
      '5 (validationFailed)',
      '404 (status of the package server)',
      '600 (status of the package server)',
      '9 (undefined)',
      '399 (undefined)',
    ]);
  });
});
