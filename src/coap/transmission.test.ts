import { expect } from 'chai';
import { firstWaitMs, maxTransmitWaitMs, RFC_TRANSMISSION, type Transmission, waitFactor } from './transmission.ts';

describe('retransmission', () => {
  it('waits 2 to 3 s first with the default values, and at most 93 s in all', () => {
    expect(firstWaitMs(RFC_TRANSMISSION, () => 0)).to.equal(2000);
    expect(firstWaitMs(RFC_TRANSMISSION, () => 1)).to.equal(3000);
    expect(maxTransmitWaitMs(RFC_TRANSMISSION)).to.equal(93_000);
  });

  it('doubles its wait with every repetition, or so often as it is told', () => {
    const factors = (timing: Transmission): number[] => [1, 2, 3, 4, 5, 6, 7].map((n) => waitFactor(timing, n));
    expect(factors(RFC_TRANSMISSION)).to.deep.equal([1, 2, 4, 8, 16, 32, 64]);
    const patient = { ...RFC_TRANSMISSION, maxRetransmit: 6, maxDoublings: 4 };
    expect(factors(patient)).to.deep.equal([1, 2, 4, 8, 16, 16, 16]);
    expect(maxTransmitWaitMs(patient)).to.equal(189_000);
  });
});
