import { expect } from 'chai';
import { behaviourOf, FAULTS, faultsNamed } from './faults.ts';
import { openFaulty, ROWS } from './scenarios.ts';
import type { Testbench } from './testbench.ts';

/** Purposes that can end in a verdict; MUL/05 only records. */
const PURPOSES: Readonly<Record<string, number>> = {
  REG: 15,
  DLP: 16,
  DLU: 15,
  INS: 13,
  UNI: 12,
  ACT: 8,
  DEA: 7,
  REP: 10,
  MUL: 7,
  CMP: 5,
  ROB: 6,
};
const RECORDED = ['SWMGMT/MUL/05'];

describe('simulated LwM2M client: faults', () => {
  it('have names of their own in kebab case, and either a case to catch them or an excuse', () => {
    expect(new Set(FAULTS.map(({ name }) => name)).size).to.equal(FAULTS.length);
    for (const { name, violates, caughtBy, excused, describe, apply } of FAULTS) {
      expect(name).to.match(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(violates, name).to.not.be.empty;
      expect(describe, name).to.not.be.empty;
      expect(apply, name).to.not.be.empty;
      expect(caughtBy.length > 0, `${name} is caught or excused`).to.equal(excused === undefined);
    }
  });
  it('leave no purpose without a device that is wrong in that way', () => {
    const caught = new Set(FAULTS.flatMap(({ caughtBy }) => caughtBy));
    const wanted = Object.entries(PURPOSES).flatMap(([group, count]) =>
      Array.from({ length: count }, (_, i) => `SWMGMT/${group}/${String(i + 1).padStart(2, '0')}`),
    );
    expect(wanted).to.have.length(114);
    expect(wanted.filter((id) => !caught.has(id))).to.deep.equal(RECORDED);
    expect([...caught].filter((id) => !wanted.includes(id))).to.deep.equal([]);
  });
  it('are found by name, and an unknown one is refused with the nearest', () => {
    expect(behaviourOf(faultsNamed(['uri-cut', 'result-55']))).to.deep.equal({
      uriCut: 128,
      results: { 53: 55, 54: 55 },
    });
    expect(() => faultsNamed(['uri-lost'])).to.throw('did you mean uri-ignored');
  });

  describe('make the device wrong', () => {
    let bench: Testbench | undefined;
    afterEach(() => bench?.close());
    for (const [name, scenario, shown, options] of ROWS)
      it(name, async () => {
        bench = await openFaulty(name, { confirmEvery: 1000, ...options });
        expect(await scenario(bench)).to.deep.equal(shown);
      });
    it('every one of them is tried, here or beside its server', () => {
      const elsewhere = [
        'account-lifetime-ignored',
        'composite-write-lost',
        'composite-unnotified',
        'error-page-stored',
        'versions-joined',
        'pull-unchecked',
        'credentials-not-sent',
      ];
      const tried = [...ROWS.map(([name]) => name), ...elsewhere];
      expect(FAULTS.map(({ name }) => name).filter((name) => !tried.includes(name))).to.deep.equal([]);
    });
  });
});
