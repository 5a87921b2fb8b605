import { expect } from 'chai';
import { itemParts, natural, padded } from './order.ts';

describe('order of ids in reports', () => {
  it('counts digits by their value and pads them for readers that sort plain text', () => {
    const ids = ['DFUM 11/2', 'DFUM 3/10', 'DFUM 3/2', 'DFUM 0/1'];
    const right = ['DFUM 0/1', 'DFUM 3/2', 'DFUM 3/10', 'DFUM 11/2'];
    expect([...ids].sort(natural)).to.deep.equal(right);
    expect(ids.map((id) => padded(id)).sort()).to.deep.equal(right.map((id) => padded(id)));
    expect(padded('DFUM 11/2')).to.equal('DFUM 11/02');
  });

  it('takes an item apart into standard, table and row', () => {
    expect(itemParts('DFUM 11/2')).to.deep.equal({ spec: 'DFUM', table: '11', row: '2' });
  });
});
