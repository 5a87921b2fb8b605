import { expect } from 'chai';
import { benchClock } from '../core/clock.ts';
import { memorySink } from '../core/events.ts';
import { ixitOf } from '../core/ixit.ts';
import type { Bench } from '../core/standard.ts';
import { timingOf } from '../core/timing.ts';
import { arranger } from './arrange.ts';
import type { Triple } from './machine.ts';
import type { Lwm2mTester } from './tester.ts';
import { LWM2M_TIMING } from './timing.ts';

describe('LwM2M arrangement', () => {
  const ixit = ixitOf({ instance: 0, activateS: 0.001 });
  const bench: Bench = {
    events: memorySink(),
    clock: benchClock(0, 1),
    timing: timingOf(LWM2M_TIMING, ixit, { protocol: 0.05, link: 0.1 }),
    ixit,
    policies: {},
    declared: () => true,
    address: () => '',
    has: () => false,
    stateDir: '',
    privateDir: '',
  };

  /** Activates a device that shows this, look by look; undefined is a look without answer, and the last goes on for ever. */
  function activate(...shown: readonly (Triple | undefined)[]): Promise<string> {
    const left = [...shown];
    const parts = {
      bench,
      tester: { execute: () => Promise.resolve({ kind: 'silence' }) } as unknown as Omit<Lwm2mTester, 'internals'>,
      look: () => Promise.resolve(left.length > 1 ? left.shift() : left[0]),
      open: { holds: 'packageA' as const },
      clear: () => undefined,
    };
    return arranger(parts)
      .active()
      .then(
        () => 'active',
        (e: unknown) => String(e),
      );
  }
  const inactive = { state: 4, result: 2, active: false };
  const active = { ...inactive, active: true };

  it('goes on where looks at the end of the time stay without answer', async () => {
    expect(await activate(inactive, undefined, undefined, active)).to.equal('active');
  });
  it('says what the device shows where it does not go there', async () => {
    expect(await activate(inactive, inactive)).to.match(/does not go to INSTALLED and active: it shows 4\/2\/0/);
  });
  it('says that a silent device shows nothing', async () => {
    expect(await activate(inactive, undefined)).to.contain('it shows nothing');
  });
});
