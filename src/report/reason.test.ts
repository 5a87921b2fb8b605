import { expect } from 'chai';
import type { Reason } from '../core/verdict.ts';
import { claimOf, readable, reasonLine, telling } from './reason.ts';

const fail = (over: Partial<Reason>): Reason => ({ verdict: 'FAIL', message: 'm', ...over });

describe('reasons for people', () => {
  it('show lists one thing per line, and the empty list as none', () => {
    expect(readable('["nv is too long","result is text"]')).to.equal('nv is too long\nresult is text');
    expect(readable('[]')).to.equal('none');
    expect(telling(undefined)).to.equal(null);
    expect(readable('[not json')).to.equal('[not json');
    expect(readable('sva')).to.equal('sva');
  });

  it('fold what repeats in a list, and the middle of a long one', () => {
    expect(readable('["idle","idle","svv"]')).to.equal('idle (2 times)\nsvv');
    const long = readable(JSON.stringify(Array.from({ length: 20 }, (_, i) => `line ${i}`))).split('\n');
    expect(long).to.have.lengthOf(8);
    expect(long[5]).to.equal('… 13 more …');
    expect(long.slice(-2)).to.deep.equal(['line 18', 'line 19']);
  });

  it('say of a claim in words that it is not so', () => {
    const claim = 'the state is one of rest';
    const reason = fail({ message: claim, expected: claim, observed: 'this is not so' });
    expect(claimOf(reason)).to.equal(claim);
    expect(reasonLine(reason)).to.equal(`not so: ${claim}`);
  });

  it('do not repeat expected and observed where they are shown beside the claim', () => {
    const reason = fail({
      message: "RETRIEVE: expected [ 'result 0' ] to deeply equal []",
      expected: '[]',
      observed: '["result 0"]',
    });
    expect(claimOf(reason)).to.equal('RETRIEVE');
    expect(reasonLine(reason)).to.equal('RETRIEVE: result 0, expected none');
    const words = fail({ message: "code: expected '4.06' to match /^2/", expected: 'to match /^2/', observed: '4.06' });
    expect(claimOf(words)).to.equal('code');
    const own = fail({ message: 'code: expected "2.04" to be a refusal', expected: 'a refusal', observed: '2.04' });
    expect(claimOf(own)).to.equal('code');
    const negated = fail({ message: 'state: expected 1 to not equal 1', expected: 'not 1', observed: '1' });
    expect(claimOf(negated)).to.equal('state');
  });

  it('keep the whole message where expected or observed is missing, or nothing but it was said', () => {
    const half = fail({ message: "code: expected '4.06' to match /^2/", observed: '4.06' });
    expect(reasonLine(half)).to.equal(half.message);
    const above = fail({ message: 'delay: expected 3 to be above 4', expected: '4', observed: '3' });
    expect(claimOf(above)).to.equal(above.message);
    const bare = fail({ message: 'expected 3 to be above 4', expected: '> 4', observed: '3' });
    expect(claimOf(bare)).to.equal(bare.message);
    expect(reasonLine({ verdict: 'NOT_RUN', message: 'not reached' })).to.equal('not reached');
  });
});
