import { expect } from 'chai';
import { instantOf, printInstant, sameInstant } from './instant.ts';

const AT = Date.UTC(2030, 0, 9, 14, 30, 0);

describe('OCF instants (RFC 3339)', () => {
  const valid: readonly (readonly [string, number])[] = [
    ['2030-01-09T14:30:00Z', AT],
    ['2030-01-09t14:30:00z', AT],
    ['2030-01-09T14:30:00.250Z', AT + 250],
    ['2030-01-09T16:30:00+02:00', AT],
    ['2030-01-09T08:45:00-05:45', AT],
    ['1970-01-01T00:00:00Z', 0],
    ['0099-01-01T00:00:00Z', new Date('0099-01-01T00:00:00Z').getTime()],
    ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
  ];
  for (const [text, ms] of valid)
    it(`reads ${text}`, () => {
      expect(instantOf(text)).to.equal(ms);
    });

  const invalid = [
    '',
    'now',
    '2030-01-09',
    '2030-01-09T14:30Z',
    '2030-01-09T14:30:00',
    '2030-01-09 14:30:00Z',
    '2030-13-09T14:30:00Z',
    '2030-00-09T14:30:00Z',
    '2030-02-30T14:30:00Z',
    '2030-02-29T14:30:00Z',
    '1900-02-29T14:30:00Z',
    '2030-01-09T24:00:00Z',
    '2030-01-09T14:60:00Z',
    '2030-01-09T14:30:61Z',
    '2030-01-09T14:30:00+24:00',
    1_893_456_000,
    undefined,
  ];
  for (const value of invalid)
    it(`does not take ${JSON.stringify(value)} for an instant`, () => {
      expect(instantOf(value)).to.equal(undefined);
    });

  it('prints whole seconds, rounded up', () => {
    expect(printInstant(AT)).to.equal('2030-01-09T14:30:00Z');
    expect(printInstant(AT + 1)).to.equal('2030-01-09T14:30:01Z');
  });
  it('compares instants to the second', () => {
    expect(sameInstant('2030-01-09T14:30:00.900Z', '2030-01-09T16:30:00+02:00')).to.equal(true);
    expect(sameInstant('2030-01-09T14:30:01Z', '2030-01-09T14:30:00Z')).to.equal(false);
    expect(sameInstant('', '')).to.equal(false);
  });
});
