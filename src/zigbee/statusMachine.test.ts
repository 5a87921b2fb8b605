import { expect } from 'chai';
import { upgradeStatus } from './codec/numbers.ts';
import { movesBy, statusAfter, statusMoves, type StatusName, type Trigger, triggers } from './statusMachine.ts';

const names = (states: ReadonlySet<number>): StatusName[] =>
  (Object.keys(upgradeStatus) as StatusName[]).filter((name) => states.has(upgradeStatus[name]));
const all = Object.keys(triggers) as Trigger[];

describe('ImageUpgradeStatus', () => {
  it('every trigger moves something, and every state is entered and left', () => {
    const used = new Set(statusMoves.map(({ trigger }) => trigger));
    expect(all.filter((trigger) => !used.has(trigger))).to.deep.equal([]);
    for (const state of Object.keys(upgradeStatus) as StatusName[]) {
      expect(
        statusMoves.some(({ to, from }) => to.includes(state) && !from.includes(state)),
        state,
      ).to.equal(true);
      expect(
        statusMoves.some(({ to, from }) => from.includes(state) && !to.includes(state)),
        state,
      ).to.equal(true);
    }
  });

  it('a state and a trigger have one row at most', () => {
    const seen = statusMoves.flatMap(({ from, trigger }) => from.map((state) => `${state} on ${trigger}`));
    expect(new Set(seen).size).to.equal(seen.length);
  });

  it('a good run goes 0, 1, 2, 4, 0, or by way of 3', () => {
    const steps = movesBy(all);
    for (const run of [
      ['NORMAL', 'DOWNLOAD_IN_PROGRESS', 'DOWNLOAD_COMPLETE', 'COUNT_DOWN', 'NORMAL'],
      ['NORMAL', 'DOWNLOAD_IN_PROGRESS', 'DOWNLOAD_COMPLETE', 'WAITING_TO_UPGRADE', 'COUNT_DOWN', 'NORMAL'],
    ] as const)
      for (const [i, state] of run.slice(1).entries()) expect(steps[run[i] ?? 'NORMAL']).to.include(state);
  });

  it('without a power cycle a download does not go back to Normal for a lost block alone, unless the client gives up', () => {
    expect(movesBy(['block stored', 'asked to wait'])).to.deep.equal({
      DOWNLOAD_IN_PROGRESS: ['DOWNLOAD_IN_PROGRESS', 'DOWNLOAD_IN_PROGRESS'],
    });
    expect(names(statusAfter(upgradeStatus.DOWNLOAD_IN_PROGRESS, []))).to.deep.equal([
      'NORMAL',
      'DOWNLOAD_IN_PROGRESS',
    ]);
  });

  it('nothing counts down before an Upgrade End Response, and nobody downloads without an offer', () => {
    expect(names(statusAfter(upgradeStatus.DOWNLOAD_COMPLETE, []))).not.to.include('COUNT_DOWN');
    expect(names(statusAfter(upgradeStatus.DOWNLOAD_COMPLETE, ['upgrade time given']))).to.include('COUNT_DOWN');
    expect(names(statusAfter(upgradeStatus.NORMAL, ['file refused or none']))).to.deep.equal(['NORMAL']);
  });
});
