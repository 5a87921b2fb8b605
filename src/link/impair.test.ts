import { expect } from 'chai';
import { seeded } from '../core/random.ts';
import { type Fate, impairer, type Impairment, linkFate } from './impair.ts';

const fates = (impairment: Impairment, count: number, seed = 1): Fate[] => {
  const decide = impairer(impairment, seeded(seed));
  return Array.from({ length: count }, () => decide());
};

describe('impairment', () => {
  it('touches nothing when nothing is asked for', () => {
    expect(fates({}, 100).every((f) => f.length === 1 && f[0] === 0)).to.equal(true);
  });

  it('loses and repeats about the asked share', () => {
    const seen = fates({ losePercent: 10, repeatPercent: 5 }, 10_000);
    expect(seen.filter((f) => f.length === 0).length).to.be.within(900, 1100);
    expect(seen.filter((f) => f.length === 2).length).to.be.within(380, 520);
  });

  it('delays within the limit and holds back for the whole of it', () => {
    expect(fates({ delayPercent: 100, delayMs: 30 }, 100).every((f) => (f[0] ?? 99) < 30)).to.equal(true);
    expect(fates({ reorderPercent: 100, reorderMs: 15 }, 3)).to.deep.equal([[15], [15], [15]]);
  });

  it('is the same for the same seed, and a share can change without moving the other decisions', () => {
    const lost = (impairment: Impairment): number[] =>
      fates(impairment, 500).flatMap((f, i) => (f.length === 0 ? [i] : []));
    expect(lost({ losePercent: 10 })).to.deep.equal(lost({ losePercent: 10, repeatPercent: 50, delayPercent: 50 }));
  });

  it('decides the two directions apart', () => {
    const fate = linkFate({ seed: 3, in: { losePercent: 100 } });
    expect(fate.in()).to.have.length(0);
    expect(fate.out()).to.deep.equal([0]);
  });
});
