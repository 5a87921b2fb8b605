import { expect } from 'chai';
import { benchClock } from '../core/clock.ts';
import { memorySink } from '../core/events.ts';
import { ixitOf } from '../core/ixit.ts';
import type { Bench } from '../core/standard.ts';
import { timingOf } from '../core/timing.ts';
import { arranger } from './arrange.ts';
import type { Look } from './machine.ts';
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

  /** The bench before a device that shows this, look by look; undefined is a look without answer, and the last goes on for ever. */
  function before(shown: readonly (Look | undefined)[], o: Partial<Bench> = {}): ReturnType<typeof arranger> {
    const left = [...shown];
    const tester = {
      execute: () => Promise.resolve({ kind: 'silence' }),
      registers: () => Promise.resolve(undefined),
    };
    return arranger({
      bench: { ...bench, ...o },
      tester: tester as unknown as Omit<Lwm2mTester, 'internals'>,
      look: () => Promise.resolve(left.length > 1 ? left.shift() : left[0]),
      open: { holds: 'packageA' },
      clear: () => undefined,
    });
  }
  const said = (work: Promise<void>, done: string): Promise<string> =>
    work.then(
      () => done,
      (e: unknown) => String(e),
    );
  const activate = (...shown: readonly (Look | undefined)[]): Promise<string> => said(before(shown).active(), 'active');
  const inactive = { state: 4, result: 2, active: false };
  const active = { ...inactive, active: true };

  it('goes on where looks at the end of the time stay without answer', async () => {
    expect(await activate(inactive, undefined, undefined, active)).to.equal('active');
  });
  it('says what the device shows where it does not go there', async () => {
    expect(await activate(inactive, inactive)).to.match(/does not go to INSTALLED and active: it shows 4\/2\/0/);
  });
  it('resets a device that answers without its state once, and does not wait the long time of a pull', async () => {
    let resets = 0;
    const reset = { reset: () => Promise.resolve(void (resets += 1)) };
    const long = ixitOf({
      instance: 0,
      checkS: 3600,
      pullS: 3600,
      giveUpS: 3600,
      unfinishedS: 3600,
      uninstallS: 3600,
      registerS: 3600,
    });
    const timing = timingOf(LWM2M_TIMING, long, { protocol: 0.001, link: 0.1 });
    const parts = { ixit: long, timing, reset: reset as unknown as NonNullable<Bench['reset']> };
    expect(await said(before(['unreadable'], parts).initial(), 'initial')).to.contain('it shows nothing');
    expect(resets).to.equal(1);
  });
  it('waits on where a readable answer or a lost look comes between unreadable ones', async () => {
    const shown = ['unreadable', undefined, 'unreadable', inactive, 'unreadable', 'unreadable', active] as const;
    const ixit = ixitOf({ instance: 0, activateS: 60 });
    const timing = timingOf(LWM2M_TIMING, ixit, { protocol: 0.05, link: 0.1 });
    expect(await said(before([inactive, ...shown], { ixit, timing }).active(), 'active')).to.equal('active');
  });
  it('says that a silent device shows nothing', async () => {
    expect(await activate(inactive, undefined)).to.contain('it shows nothing');
  });
});
