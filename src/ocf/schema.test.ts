import { expect } from 'chai';
import type { CborMap } from './codec/cbor.ts';
import { draftNames, isPackageUrl, MANDATORY, problemsOf, unknownNames, valueOf } from './schema.ts';

const RIGHT: CborMap = {
  purl: 'https://example.com/new',
  nv: '2.0.0',
  signed: 'vendor',
  swupdateaction: 'idle',
  swupdatestate: 'nsa',
  swupdateresult: 404,
  lastupdate: '2020-01-01T00:00:00Z',
  updatetime: '1970-01-01T00:00:00Z',
  rt: ['oic.r.softwareupdate'],
  if: ['oic.if.rw', 'oic.if.baseline'],
};

describe('OCF software update schema', () => {
  it('finds nothing wrong with a right representation', () => {
    expect(problemsOf(RIGHT)).to.deep.equal([]);
    expect(unknownNames(RIGHT)).to.deep.equal([]);
    expect(draftNames(RIGHT)).to.deep.equal([]);
  });

  const wrong: readonly (readonly [string, CborMap, string])[] = [
    [
      'an unknown state',
      { swupdatestate: 'ready' },
      'swupdatestate is "ready", not one of idle, nsa, svv, sva, upgrading',
    ],
    [
      'an action in upper case',
      { swupdateaction: 'IDLE' },
      'swupdateaction is "IDLE", not one of idle, isac, isvv, upgrade',
    ],
    ['a result as text', { swupdateresult: '0' }, 'swupdateresult is "0", not an integer'],
    ['a result with a fraction', { swupdateresult: 0.5 }, 'swupdateresult is 0.5, not an integer'],
    ['a version as number', { nv: 2 }, 'nv is 2, not a string'],
    ['a long version', { nv: 'v'.repeat(65) }, 'nv is 65 characters long, more than 64'],
    [
      'a time without zone',
      { updatetime: '2030-01-09T14:30:00' },
      'updatetime is "2030-01-09T14:30:00", not an RFC 3339 instant',
    ],
    ['a foreign signage', { signed: 'owner' }, 'signed is "owner", not one of vendor'],
    ['a type that is no list', { rt: 'oic.r.softwareupdate' }, 'rt is "oic.r.softwareupdate", not an array of strings'],
  ];
  for (const [what, change, problem] of wrong)
    it(`names ${what}`, () => {
      expect(problemsOf({ ...RIGHT, ...change })).to.deep.equal([problem]);
    });

  it('leaves the length of purl to its policy', () => {
    expect(problemsOf({ purl: `https://example.com/${'x'.repeat(60)}` })).to.deep.equal([]);
  });
  it('tells draft spellings from unknown names', () => {
    const draft = { updateTime: '1970-01-01T00:00:00Z', progress: 3 };
    expect(draftNames(draft)).to.deep.equal(['updateTime']);
    expect(unknownNames(draft)).to.deep.equal(['progress']);
    expect(valueOf(draft, 'updatetime')).to.equal('1970-01-01T00:00:00Z');
    expect(valueOf(draft, 'purl')).to.equal(undefined);
  });
  it('has five mandatory properties', () => {
    expect(MANDATORY).to.have.lengthOf(5);
  });
  it('takes absolute URLs and the empty one', () => {
    for (const url of ['', 'https://example.com/a', 'coaps://[2001:db8::1]:5684/x'])
      expect(isPackageUrl(url), url).to.equal(true);
    for (const url of ['/a', 'example.com/a', 'https://', 'mailto:a@example.com', 7])
      expect(isPackageUrl(url), String(url)).to.equal(false);
  });
});
