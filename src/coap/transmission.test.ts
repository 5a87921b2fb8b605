import { expect } from 'chai';
import { maxTransmitWaitMs, RFC_TRANSMISSION, waitsOf } from './transmission.ts';

describe('retransmission', () => {
  it('waits 2 to 3 s first with the default values, then twice as long each time, at most 93 s in all', () => {
    expect(waitsOf(RFC_TRANSMISSION, () => 0)).to.deep.equal([2000, 4000, 8000, 16000, 32000]);
    expect(waitsOf(RFC_TRANSMISSION, () => 1)).to.deep.equal([3000, 6000, 12000, 24000, 48000]);
    expect(maxTransmitWaitMs(RFC_TRANSMISSION)).to.equal(93_000);
  });
});
