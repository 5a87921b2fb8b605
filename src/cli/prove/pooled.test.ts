import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pooled } from './pooled.ts';

describe('pooled work', () => {
  it('keeps to the width, and gives the results in the order of the items', async () => {
    let running = 0;
    let most = 0;
    const results = await pooled([1, 2, 3, 4], 2, async (n) => {
      most = Math.max(most, ++running);
      await sleep(600 - 100 * n);
      running--;
      return n * 10;
    });
    expect(results).to.deep.equal([10, 20, 30, 40]);
    expect(most).to.equal(2);
  }).timeout(20_000);

  it('rejects as its work does, and begins nothing more, whoever is still at work', async () => {
    for (const width of [1, 2]) {
      const begun: number[] = [];
      const firstEnded = sleep(1_000);
      const work = (n: number): Promise<void> => {
        begun.push(n);
        return n === 2
          ? Promise.reject(new Error('no room on the disk'))
          : n === 1 && width > 1
            ? firstEnded
            : sleep(0);
      };
      const outcome = await pooled([1, 2, 3, 4], width, work).then(
        () => 'done',
        (e: Error) => e.message,
      );
      expect(outcome).to.equal('no room on the disk');
      await firstEnded;
      await sleep(500);
      expect(begun, `width ${width}`).to.deep.equal([1, 2]);
    }
  }).timeout(20_000);

  it('has nothing to do for an empty list', async () => {
    expect(await pooled([], 3, () => Promise.resolve(1))).to.deep.equal([]);
  });
});
