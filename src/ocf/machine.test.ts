import { expect } from 'chai';
import { STATES, type StateName } from './codec/swu.ts';
import { atypicalSteps, isRest, isWorking, STATE_TABLE } from './machine.ts';

const NAMES = Object.keys(STATES) as StateName[];

describe('OCF update states', () => {
  it('table 3 lets every state follow every other one', () => {
    for (const name of NAMES) expect(STATE_TABLE[name].from).to.have.members(NAMES.filter((n) => n !== name));
  });
  it('a state is one of work or one of rest', () => {
    expect(NAMES.filter((n) => isWorking(n))).to.deep.equal(['svv', 'upgrading']);
    expect(NAMES.filter((n) => isRest(n))).to.deep.equal(['idle', 'nsa', 'sva']);
    expect([isRest('ready'), isWorking(undefined)]).to.deep.equal([false, false]);
  });

  const typical: readonly (readonly StateName[])[] = [
    ['idle', 'nsa', 'svv', 'sva', 'upgrading', 'idle'],
    ['idle', 'svv', 'sva'],
    ['idle', 'nsa', 'idle'],
    ['svv', 'svv', 'idle'],
    // Notifications may be left out.
    ['nsa', 'sva', 'upgrading'],
    ['svv', 'upgrading'],
    ['idle', 'sva'],
    ['upgrading', 'sva'],
    [],
  ];
  for (const run of typical)
    it(`${run.join(', ') || 'no state'} is the typical order`, () => {
      expect(atypicalSteps(run)).to.deep.equal([]);
    });
  const odd: readonly (readonly [readonly StateName[], string])[] = [
    [['sva', 'svv'], 'sva -> svv'],
    [['idle', 'upgrading', 'svv', 'sva'], 'upgrading -> svv'],
    [['sva', 'nsa', 'idle'], 'sva -> nsa'],
  ];
  for (const [run, step] of odd)
    it(`${run.join(', ')}: ${step}`, () => {
      expect(atypicalSteps(run)).to.deep.equal([step]);
    });
});
