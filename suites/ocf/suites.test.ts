import { expect } from 'chai';
import { register } from '../../src/core/registered.ts';
import { OCF } from '../../src/ocf/standard.ts';
import { OCF_SUITES } from './suites.ts';

/** Purposes per group of the OCF software update suite. */
const PURPOSES = { DISC: 7, READ: 11, UPD: 21, TRIG: 14, SCHED: 13, RES: 14, OBS: 7, LIFE: 6 };

describe('OCF suites', () => {
  const registered = register({ standard: OCF, suites: OCF_SUITES });
  const all = [...registered.cases, ...registered.declared];

  it('hold every purpose once, carried out or declared', () => {
    const counted = Object.fromEntries(
      Object.keys(PURPOSES).map((group) => [group, all.filter((c) => c.id.split('/')[1] === group).length]),
    );
    expect(counted).to.deep.equal(PURPOSES);
    expect(new Set(all.map((c) => c.id)).size).to.equal(93);
  });
  it('carry out every purpose, and those of security for secured devices alone', () => {
    expect(registered.declared).to.deep.equal([]);
    for (const c of all.filter((x) => /\/TRIG\//.test(x.id))) expect(c.when, c.id).to.contain('OCFSWU 8/1');
    expect(all.filter((c) => c.when.includes('OCFSWU 8/1'))).to.have.lengthOf(21);
  });
  it('place every case at an item that its condition names, or at one of its subject', () => {
    for (const c of all) expect(c.item, c.id).to.match(/^OCFSWU \d+\/\d+$/);
    for (const c of all) expect(c.purpose, c.id).to.match(/^\S.{10,}/);
  });
});
