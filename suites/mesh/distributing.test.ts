import { expect } from 'chai';
import { distributionPhase } from '../../src/mesh/codec/enums.ts';
import { untilPhase } from './distributing.ts';
import type { T } from './moves.ts';

describe('mesh suites: a distribution that is waited for', () => {
  const { COMPLETED } = distributionPhase;
  /** Rounds of polling until it is completed, or given up, where the device sends so much in each. */
  const rounds = async (
    messages: number,
    parts: number,
    lasts = Number.POSITIVE_INFINITY,
  ): Promise<number | string> => {
    let round = 0;
    const tester = {
      element: () => 0x0201,
      heard: () => ({ messages: round * messages, parts: round * parts }),
      poll: () => Promise.resolve(++round >= lasts ? { phase: COMPLETED } : undefined),
    };
    // The three of a tester's methods that the wait takes.
    const end = await untilPhase(tester as unknown as T, 'distributing', [COMPLETED]);
    return end === COMPLETED ? 'completed' : round;
  };

  it('is waited for as long as blocks and chunks go on', async () => {
    expect(await rounds(9, 3, 50)).to.equal('completed');
  });
  it('is given up where the device falls silent, or repeats itself for ever', async () => {
    expect(await rounds(0, 0)).to.equal(1);
    expect(await rounds(9, 0)).to.equal(10);
  });
});
