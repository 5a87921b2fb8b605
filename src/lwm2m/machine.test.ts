import { expect } from 'chai';
import { illegal as illegalBy, type Readings, wrongSteps } from './machine.ts';

const at = (state: number, result: number, active = false) => ({ state, result, active });

/** As {@link illegalBy} by the default readings, unless told. */
const illegal = (seen: ReturnType<typeof at>, deviceErrorOnly0: boolean, o: Partial<Readings> = {}) =>
  illegalBy(seen, { deviceErrorOnly0, activeInInitial: false, uninstalling: false, ...o });

describe('LwM2M update machine', () => {
  it('allows the combinations of the result table', () => {
    const legal = [at(0, 0), at(0, 53), at(1, 1), at(2, 3), at(3, 0), at(3, 58), at(4, 2, true), at(4, 59)];
    expect(legal.map((t) => illegal(t, false))).to.deep.equal(legal.map(() => undefined));
  });
  it('names what is wrong with any other', () => {
    expect(illegal(at(5, 0), false)).to.equal('Update State 5 is none');
    expect(illegal(at(3, 0, true), false)).to.equal('Activation State 1 in 3/0/1');
    for (const wrong of [at(4, 0), at(3, 53), at(1, 52), at(0, 2), at(0, 59)])
      expect(illegal(wrong, false)).to.be.a('string');
  });
  it('leaves a result that Uninstall in DELIVERED kept to the case about it', () => {
    expect([illegal(at(0, 58), false), illegal(at(0, 3), false)]).to.deep.equal([undefined, undefined]);
  });
  it('reads 57 by policy', () => {
    expect([illegal(at(4, 57), false), illegal(at(0, 57), true)]).to.deep.equal([undefined, undefined]);
    expect(illegal(at(4, 57), true)).to.be.a('string');
  });
  it('leaves the result to a device that is uninstalling, and to no other in INSTALLED', () => {
    expect(illegal(at(4, 0), false, { uninstalling: true })).to.equal(undefined);
    expect(illegal(at(4, 53), false, { uninstalling: true })).to.be.a('string');
  });
  it('reads the activation in INITIAL by policy, and in DELIVERED by none', () => {
    expect(illegal(at(0, 0, true), false)).to.be.a('string');
    expect(illegal(at(0, 0, true), false, { activeInInitial: true })).to.equal(undefined);
    expect(illegal(at(3, 0, true), false, { activeInInitial: true })).to.be.a('string');
  });
  it('finds steps against the order of a download and lets unseen ones pass', () => {
    expect(wrongSteps([0, 3])).to.deep.equal([]);
    expect(wrongSteps([0, 1, 2, 3])).to.deep.equal([]);
    expect(wrongSteps([0, 2, 1, 3])).to.deep.equal(['2 -> 1']);
    expect(wrongSteps([0, 4])).to.deep.equal(['0 -> 4']);
  });
});
