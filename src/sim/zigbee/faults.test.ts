import { expect } from 'chai';
import { behaviourOf, FAULTS, faultsNamed } from './faults.ts';
import { options, OPTION_TABLE } from './options.ts';

describe('simulated Zigbee nodes: faults', () => {
  it('have names of their own, at least 50 of them', () => {
    const names = FAULTS.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    expect(names.length).to.be.at.least(50);
    expect(names).to.include('lost-block-restarts');
  });
  it('say what they break and who must see it', () => {
    for (const { name, violates, caughtBy } of FAULTS) {
      expect(violates, name).to.not.be.empty;
      for (const id of caughtBy) expect(id, name).to.match(/^ZBOTA\/(CLI|SRV)\/\d{3}$/);
    }
  });
  it('each set a behaviour, and need options that there are', () => {
    for (const { name, apply, needs = {} } of FAULTS) {
      expect(Object.keys(apply), name).to.not.be.empty;
      expect(Object.keys(OPTION_TABLE), name).to.include.members(Object.keys(options(needs)));
    }
  });
  it('are combined in one record, and a wrong name leads to the right one', () => {
    expect(behaviourOf(faultsNamed(['ignores-wait', 'ignores-abort']))).to.deep.equal({
      ignoresWait: true,
      ignoresAbort: true,
    });
    expect(() => faultsNamed(['lost-blocks'])).to.throw(/did you mean lost-block-restarts/);
  });
});
