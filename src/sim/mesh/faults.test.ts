import { expect } from 'chai';
import { InputError } from '../../core/errors.ts';
import { allMessages } from '../../mesh/codec/access.ts';
import { behaviourOf, FAULTS, faultsNamed } from './faults.ts';

/** Numbers of the purposes that a group has. */
const PURPOSES: Readonly<Record<string, number>> = {
  GEN: 4,
  'BLB-S': 23,
  FUS: 15,
  FDS: 21,
  FUC: 5,
  FDC: 5,
  BLC: 6,
};

describe('faults of the simulated mesh node', () => {
  it('have names of their own and do something', () => {
    const names = FAULTS.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    for (const { name, apply, violates, caughtBy } of FAULTS) {
      expect(Object.keys(apply).length, name).to.be.at.least(1);
      expect(violates.length, name).to.be.at.least(1);
      expect(caughtBy.length, name).to.be.at.least(1);
    }
  });

  it('turn every purpose', () => {
    const caught = new Set(FAULTS.flatMap(({ caughtBy }) => caughtBy));
    const purposes = Object.entries(PURPOSES).flatMap(([group, count]) =>
      Array.from({ length: count }, (_, i) => `DFUM/${group}/${String(i + 1).padStart(2, '0')}`),
    );
    expect(purposes.filter((id) => !caught.has(id))).to.deep.equal([]);
    expect([...caught].filter((id) => !purposes.includes(id))).to.deep.equal([]);
  });

  it('name messages as the codec does', () => {
    const known = new Set(allMessages.map(({ name }) => name));
    for (const { name, apply } of FAULTS) {
      const { fields = {}, cut = {}, opcodes = {}, unsent = [], padded = [] } = apply;
      const named = [fields, cut, opcodes].flatMap((table) => Object.keys(table));
      const unknown = [...named, ...unsent, ...padded].filter((message) => !known.has(message));
      expect(unknown, name).to.deep.equal([]);
    }
  });

  it('are asked for by name, several at a time', () => {
    const both = behaviourOf(faultsNamed(['never-completes', 'firmware-kept']));
    expect(both).to.deep.equal({ neverCompletes: true, keepsFirmware: true });
    expect(() => faultsNamed(['firmware-lost'])).to.throw(InputError, /did you mean/);
  });
});
