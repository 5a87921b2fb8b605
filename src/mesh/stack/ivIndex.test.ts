import { expect } from 'chai';
import { type IvInput, ivNext, type IvState, receivingIvIndex, sendingIvIndex } from './ivIndex.ts';

const normal = (ivIndex: number): IvState => ({ ivIndex, updating: false });
const updating = (ivIndex: number): IvState => ({ ivIndex, updating: true });
const beacon = (ivIndex: number, ivUpdate: boolean): IvInput => ({
  kind: 'beacon',
  news: { keyRefresh: false, ivUpdate, ivIndex },
});

const TABLE: [string, IvState, IvInput, IvState, boolean][] = [
  ['the same news', normal(5), beacon(5, false), normal(5), false],
  ['an update that begins', normal(5), beacon(6, true), updating(6), false],
  ['the same update again', updating(6), beacon(6, true), updating(6), false],
  ['an update that ends', updating(6), beacon(6, false), normal(6), true],
  ['news of an update already over', normal(6), beacon(6, true), normal(6), false],
  ['news from before', normal(6), beacon(5, false), normal(6), false],
  ['a missed update', normal(5), beacon(6, false), normal(6), true],
  ['recovery into a later update', normal(5), beacon(9, true), updating(9), true],
  ['recovery at its limit', normal(5), beacon(47, false), normal(47), true],
  ['news beyond recovery', normal(5), beacon(48, false), normal(5), false],
  ['our own start', normal(5), { kind: 'start' }, updating(6), false],
  ['a second start', updating(6), { kind: 'start' }, updating(6), false],
  ['our own finish', updating(6), { kind: 'finish' }, normal(6), true],
  ['a finish without a start', normal(6), { kind: 'finish' }, normal(6), false],
];

describe('IV update procedure (3.11.5, 3.11.6)', () => {
  for (const [name, from, input, to, restart] of TABLE) {
    it(name, () => expect(ivNext(from, input)).to.deep.include({ state: to, restart }));
  }

  it('sends under the old index during an update and receives under both', () => {
    expect([sendingIvIndex(normal(6)), sendingIvIndex(updating(6))]).to.deep.equal([6, 5]);
    expect([receivingIvIndex(updating(6), 0), receivingIvIndex(updating(6), 1)]).to.deep.equal([6, 5]);
    expect(receivingIvIndex(normal(0), 1)).to.equal(0);
  });
});
