import { expect } from 'chai';
import { below, octets, seeded } from './random.ts';

describe('seeded random numbers', () => {
  it('repeat with the same seed and differ with another', () => {
    const row = (seed: number): number[] => {
      const random = seeded(seed);
      return Array.from({ length: 5 }, () => below(random, 1_000_000));
    };
    expect(row(7)).to.deep.equal(row(7));
    expect(row(7)).to.not.deep.equal(row(8));
  });

  it('fill their range evenly', () => {
    const random = seeded(1);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 10_000; i++) counts[below(random, 10)] = (counts[below(random, 10)] ?? 0) + 1;
    for (const value of octets(random, 1000)) expect(value).to.be.within(0, 255);
    expect(Math.min(...counts)).to.be.above(500);
  });
});
