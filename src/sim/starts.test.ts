import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { linkSeed } from './starts.ts';

describe('simulated devices: seed of the losses', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-starts-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is another one after every restart, and the same sequence again on a fresh state', () => {
    const starts = (state: string): number[] => [0, 1, 2].map(() => linkSeed(join(folder, state), 7));
    const [first, second] = [starts('a'), starts('b')];
    expect(first[0]).to.equal(7);
    expect(new Set(first).size).to.equal(3);
    expect(second).to.deep.equal(first);
  });
  it('begins anew where the count was cut off by a kill', () => {
    linkSeed(join(folder, 'c'), 7);
    writeFileSync(join(folder, 'c', 'starts'), '');
    expect(linkSeed(join(folder, 'c'), 7)).to.equal(7);
  });
});
