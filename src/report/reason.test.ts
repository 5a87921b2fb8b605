import { expect } from 'chai';
import type { Reason } from '../core/verdict.ts';
import { claimOf, readable, reasonLine, telling } from './reason.ts';

const fail = (over: Partial<Reason>): Reason => ({ verdict: 'FAIL', message: 'm', ...over });

describe('reasons for people', () => {
  it('show lists one thing per line, and the empty list as none', () => {
    expect(readable('["nv is too long","result is text"]')).to.equal('nv is too long\nresult is text');
    expect(readable('[]')).to.equal('none');
    expect(readable('[not json')).to.equal('[not json');
    expect(readable('sva')).to.equal('sva');
  });

  it('do not repeat expected and observed where they are shown beside the claim', () => {
    const reason = fail({
      message: "RETRIEVE: expected [ 'result 0' ] to deeply equal []",
      expected: '[]',
      observed: '["result 0"]',
    });
    expect(claimOf(reason)).to.equal('RETRIEVE');
    expect(reasonLine(reason)).to.equal('RETRIEVE: result 0, expected none');
  });

  it('keep the whole message where expected or observed is missing, or nothing but it was said', () => {
    const half = fail({ message: "code: expected '4.06' to match /^2/", observed: '4.06' });
    expect(reasonLine(half)).to.equal(half.message);
    const above = fail({ message: 'delay: expected 3 to be above 4', expected: '4', observed: '3' });
    expect(claimOf(above)).to.equal(above.message);
    const plain = fail({ message: 'rises: expected false to equal true', expected: 'true', observed: 'false' });
    expect(reasonLine(plain)).to.equal('rises');
    expect(telling(plain, plain.expected)).to.equal(null);
    const bare = fail({ message: 'expected 3 to be above 4', expected: '> 4', observed: '3' });
    expect(claimOf(bare)).to.equal(bare.message);
    expect(reasonLine({ verdict: 'NOT_RUN', message: 'not reached' })).to.equal('not reached');
  });
});
