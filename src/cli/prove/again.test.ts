import { expect } from 'chai';
import { replaced, unclear } from './again.ts';
import type { Outcome } from './matrix.ts';

const ended = (id: string, verdict: Outcome['verdict']): Outcome => ({ id, verdict });

describe('second round of a proof', () => {
  const first = [
    ended('a', 'PASS'),
    ended('b', 'INCONC'),
    ended('c', 'FAIL'),
    ended('d', 'ERROR'),
    ended('e', 'NOT_RUN'),
  ];

  it('repeats what told nothing, and neither a PASS nor a FAIL', () => {
    expect(unclear(first)).to.deep.equal(['b', 'd', 'e']);
  });
  it('counts the second end, and the first where there is no second', () => {
    const second = [ended('b', 'FAIL'), ended('d', 'INCONC')];
    expect(replaced(first, second).map((o) => o.verdict)).to.deep.equal(['PASS', 'FAIL', 'FAIL', 'INCONC', 'NOT_RUN']);
  });
});
