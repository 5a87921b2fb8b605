import { expect } from 'chai';
import { slicesOf } from './alarm.ts';
import { spread } from './order.ts';
import type { Profile } from './profiles.ts';

const profile = (name: string): Profile => ({ name, about: name, ics: `${name}.yaml`, rig: 'rig.yaml', simArgs: [] });
const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `X/A/${i}`);

describe('how a proof shares out its work', () => {
  it('begins with a long job, and hands out the last long one well before the end', () => {
    const order = spread(['L1', 'L2'], ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10']);
    expect(order).to.deep.equal(['L1', 's1', 's2', 's3', 'L2', 's4', 's5', 's6', 's7', 's8', 's9', 's10']);
  });

  it('loses no job where there is only one sort', () => {
    expect(spread(['L1', 'L2'], [])).to.have.members(['L1', 'L2']);
    expect(spread([], ['s1'])).to.deep.equal(['s1']);
  });

  it('cuts the cases of a profile into slices that hold each case once', () => {
    const slices = slicesOf(new Map([[profile('plain'), new Set(ids(46))]]));
    expect(slices).to.have.length(4);
    expect(slices.flatMap((s) => s.cases)).to.have.members(ids(46));
  });

  it('takes different cases of different profiles one after the other', () => {
    const [first, second] = slicesOf(
      new Map([
        [profile('plain'), new Set(ids(30))],
        [profile('strict'), new Set(ids(30))],
      ]),
    );
    expect([first?.profile.name, second?.profile.name]).to.deep.equal(['plain', 'strict']);
    expect(first?.cases).to.not.include.members([...(second?.cases ?? [])]);
  });

  it('leaves out a profile that selects nothing', () => {
    expect(slicesOf(new Map([[profile('plain'), new Set<string>()]]))).to.deep.equal([]);
  });
});
