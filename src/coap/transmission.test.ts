import { expect } from 'chai';
import { firstWaitMs, maxTransmitWaitMs, RFC_TRANSMISSION } from './transmission.ts';

describe('retransmission', () => {
  it('waits 2 to 3 s first with the default values, and at most 93 s in all', () => {
    expect(firstWaitMs(RFC_TRANSMISSION, () => 0)).to.equal(2000);
    expect(firstWaitMs(RFC_TRANSMISSION, () => 1)).to.equal(3000);
    expect(maxTransmitWaitMs(RFC_TRANSMISSION)).to.equal(93_000);
  });
});
