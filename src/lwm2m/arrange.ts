import { setTimeout as sleep } from 'node:timers/promises';
import { DriveEnd } from '../core/case.ts';
import { BenchError, messageOf } from '../core/errors.ts';
import type { Bench } from '../core/standard.ts';
import type { Limit } from '../core/timing.ts';
import { RES, STATE } from './codec/swmgmt.ts';
import { isWorking, type Look, printTriple, type Triple } from './machine.ts';
import type { PackageName } from './packages.ts';
import type { Internals, Lwm2mTester } from './tester.ts';

interface Parts {
  readonly bench: Bench;
  readonly tester: Omit<Lwm2mTester, 'internals'>;
  /** One look at the instance: what it shows, or undefined where it gave no usable answer. */
  readonly look: (instance: number) => Promise<Look | undefined>;
  /** What earlier cases left behind. */
  readonly open: { holds: PackageName | undefined };
  /** Ends pulls: nothing is served any more. */
  readonly clear: () => void;
}

/** Label of everything that only prepares a case. */
const LABEL = 'arrange';
/** A transfer that loss spoilt on a device without memory for message ids is made anew. */
const DELIVERIES = 4;
/** A device that does not go back to INITIAL is made to by reset or power. */
const TRIES = 3;
/** So many looks without answer, one after the other, are the device's silence; so many answers that cannot be read are all that it shows. */
const LOOKS = 3;

/** Brings the device to where a case starts; throws a BenchError where it does not go there. */
export function arranger({
  bench,
  tester,
  look,
  open,
  clear,
}: Parts): Pick<Internals, 'initial' | 'clean' | 'idle' | 'delivered' | 'installed' | 'active'> {
  const { timing } = bench;
  const instance = (): number => bench.ixit.number('instance');
  const path = (resource: number): number[] => [9, instance(), resource];

  /** The last wait ended because the device answers and shows no state: more of it would show no more. */
  let unreadable = false;

  /** Looks until what it shows fits or the time is over; gives the last that was seen. Looks get lost: one in vain at the end is none. */
  const until = async (fits: (s: Triple) => boolean, ...limits: (Limit | string)[]): Promise<Triple | undefined> => {
    const end = performance.now() + limits.reduce((sum, limit) => sum + timing.real(limit), 0);
    for (let inVain = 0, unread = 0; ; ) {
      const seen = await look(instance()).catch((e: unknown) => {
        if (e instanceof DriveEnd) return undefined;
        throw e;
      });
      const now = seen === 'unreadable' ? undefined : seen;
      if (now !== undefined && fits(now)) return now;
      if (now !== undefined) unread = 0;
      else if (seen === 'unreadable') unread += 1;
      unreadable = unread >= LOOKS;
      if (unreadable) return undefined;
      inVain = now === undefined ? inVain + 1 : 0;
      if (performance.now() >= end && (now !== undefined || inVain >= LOOKS)) return now;
      await sleep(timing.real('pollInterval'));
    }
  };
  const failed = (wanted: string, seen: Triple | undefined): BenchError =>
    new BenchError(
      'not-arranged',
      `the device does not go to ${wanted}: it shows ${seen === undefined ? 'nothing' : printTriple(seen)}`,
    );
  const execute = async (resource: number): Promise<void> => void (await tester.execute(path(resource), LABEL));

  const resting = (): Promise<Triple | undefined> =>
    until((s) => !isWorking(s.state), 'checkS', 'pullS', 'giveUpS', 'unfinishedS');
  /** Out of a state that the device does not leave by itself: reset before power, whichever the rig has. */
  const force = async (): Promise<void> => {
    if (bench.reset !== undefined) {
      // Until it registers anew the device may still show what it showed before.
      const back = tester.registers({ timer: 'registerS' });
      await bench.reset.reset();
      await back;
    } else if (bench.power !== undefined) {
      await tester.off();
      await tester.on();
    }
  };
  const isInitial = (s: Triple | undefined): boolean => s?.state === STATE.INITIAL;

  const initial = async (): Promise<Triple> => {
    clear();
    let seen = await resting();
    for (let i = 0; i < TRIES && !isInitial(seen); i++) {
      const stuck = seen === undefined || isWorking(seen.state);
      if (stuck || i > 0) await force();
      if (!stuck) await execute(RES.uninstall);
      seen = await until(isInitial, 'uninstallS', ...(stuck || i > 0 ? ['registerS'] : []));
      if (unreadable) break;
    }
    if (seen === undefined || !isInitial(seen)) throw failed('INITIAL', seen);
    open.holds = undefined;
    return seen;
  };
  const deliver = async (name: PackageName): Promise<void> => {
    if (bench.declared('SWMGMT 4/1')) await tester.push(instance(), name, LABEL);
    else await tester.pull(instance(), await tester.serve(name), LABEL);
  };
  const delivered = async (name: PackageName): Promise<Triple> => {
    let seen: Triple | undefined = await until(() => true, 'look');
    if (open.holds === name && seen?.state === STATE.DELIVERED && seen.result !== 58) return seen;
    for (let i = 0; i < DELIVERIES; i++) {
      await initial();
      await deliver(name);
      seen = await until((s) => s.state === STATE.DELIVERED || s.state === STATE.INITIAL, 'pullS', 'checkS');
      if (seen?.state === STATE.INITIAL) seen = await until((s) => s.state === STATE.DELIVERED, 'pollInterval');
      if (seen?.state !== STATE.DELIVERED) continue;
      open.holds = name;
      return seen;
    }
    throw failed(`DELIVERED with ${name}`, seen);
  };
  const installed = async (wanted: boolean): Promise<Triple> => {
    const there = await until(() => true, 'look');
    let seen = there;
    if (open.holds !== 'packageA' || there?.state !== STATE.INSTALLED || there.result !== 2) {
      await delivered('packageA');
      await execute(RES.install);
      seen = await until((s) => s.state === STATE.INSTALLED, 'installS');
    }
    if (seen?.state !== STATE.INSTALLED) throw failed('INSTALLED', seen);
    open.holds = 'packageA';
    // After its reboot the device may not have had the answer to its Register, which it then repeats; until it has, it does not take itself for registered.
    if (bench.declared('SWMGMT 6/3') && there !== seen) await sleep(timing.real({ timer: 'ackTimeout', times: 1.5 }));
    if (seen.active !== wanted) {
      await execute(wanted ? RES.activate : RES.deactivate);
      seen = await until((s) => s.active === wanted, 'activateS');
    }
    open.holds = 'packageA';
    if (seen?.active !== wanted) throw failed(wanted ? 'INSTALLED and active' : 'INSTALLED and inactive', seen);
    return seen;
  };
  /** What ends a drive in a verb is a fault of the bench while a case is only being prepared. */
  const asBench =
    (work: () => Promise<unknown>): (() => Promise<void>) =>
    async () => {
      try {
        await work();
      } catch (e) {
        if (e instanceof DriveEnd) throw new BenchError('not-arranged', messageOf(e), { cause: e });
        throw e;
      }
    };

  const clean = async (): Promise<void> => {
    if ((await initial()).result === 0) return;
    try {
      await installed(false);
    } catch (e) {
      // A device that takes no package after a failure is brought back by reset, so that the case about it can be seen to fail.
      if (!(e instanceof BenchError) || bench.reset === undefined) throw e;
      await force();
    }
    await initial();
  };

  return {
    initial: asBench(initial),
    clean: asBench(clean),
    async idle() {
      const seen = await until(() => true, 'look');
      if (seen === undefined || isWorking(seen.state)) return;
      const fresh = seen.state === STATE.INITIAL && seen.result === 0;
      if (!fresh)
        await clean().catch((e: unknown) => {
          if (!(e instanceof BenchError || e instanceof DriveEnd)) throw e;
        });
    },
    delivered: asBench(() => delivered('packageA')),
    installed: asBench(() => installed(false)),
    active: asBench(() => installed(true)),
  };
}
