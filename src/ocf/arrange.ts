import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError } from '../core/errors.ts';
import type { Bench } from '../core/standard.ts';
import type { Watcher } from '../core/watch.ts';
import { type CborMap, isCborMap } from './codec/cbor.ts';
import type { Device } from './device.ts';
import { isRest } from './machine.ts';
import type { Stand } from './packages/stand.ts';
import type { Internals, OcfTester } from './tester.ts';
import { valueOf } from './schema.ts';
import { isSecured } from './target.ts';

interface Parts {
  readonly bench: Bench;
  readonly device: Device;
  readonly tester: Omit<OcfTester, 'internals'>;
  readonly stand: Stand;
  readonly watch: Watcher;
  /** What earlier cases left behind: a schedule that may still be pending, an upgrade that may have been installed. */
  readonly open: { pending: boolean; upgraded: boolean };
}

/** Label of everything that only prepares a case. */
const LABEL = 'arrange';

/** Brings the device to where a case starts; what a device does not do for it is left to the case to see. */
export function arranger({
  bench,
  device,
  tester,
  stand,
  open,
}: Parts): Pick<Internals, 'atRest' | 'idle' | 'otherResult'> {
  const { timing } = bench;
  const read = (): Promise<CborMap | undefined> => device.glance(LABEL);

  /** Looks until the representation fits or the time is over; gives the last one. */
  const until = async (fits: (r: CborMap) => boolean, limitMs: number): Promise<CborMap | undefined> => {
    const end = performance.now() + limitMs;
    for (;;) {
      const now = await read();
      if (now !== undefined && fits(now)) return now;
      if (performance.now() >= end) return now;
      if (now === undefined) await device.look();
      await sleep(timing.real('pollInterval'));
    }
  };
  const longestRun = (): number => timing.real('maxDownloadS') + timing.real('maxUpgradeS') + timing.real('rebootS');
  const resting = (r: CborMap): boolean => isRest(valueOf(r, 'swupdatestate'));
  /** The representation has fitted for so long that it is no stage on the way: figure 1 shows `idle` during the check. */
  const stays = async (fits: (r: CborMap) => boolean, limitMs: number): Promise<void> => {
    let since: number | undefined;
    const windowMs = timing.real('restWindow');
    await until((r) => {
      since = fits(r) ? (since ?? performance.now()) : undefined;
      return since !== undefined && performance.now() - since >= windowMs;
    }, limitMs);
  };
  /** A run of its own, from schedule to the representation that fits. */
  const runUntil = async (action: 'isac' | 'isvv', purl: string, fits: (r: CborMap) => boolean): Promise<void> => {
    await tester.schedule(action, { purl, label: LABEL });
    await stays(fits, timing.real('scheduleLead') * 2 + timing.real('maxDownloadS'));
    await tester.cancel(LABEL);
  };

  /** Forces a device out of a run that does not end: reset before power, whichever the rig has. */
  const force = async (): Promise<CborMap | undefined> => {
    if (bench.reset !== undefined) await tester.factoryReset();
    else if (bench.power !== undefined) {
      await tester.off();
      await tester.on();
    }
    return until(resting, longestRun());
  };

  const atRest = async (): Promise<CborMap> => {
    // A look hides why a device cannot be reached; this tells.
    await device.target();
    const first = await until(resting, longestRun());
    const there = first !== undefined && resting(first) ? first : await force();
    if (there === undefined || !isCborMap(there) || !resting(there))
      throw new BenchError('not-at-rest', `the device does not come to rest (${JSON.stringify(there ?? 'no answer')})`);
    if (open.pending || valueOf(there, 'swupdateaction') !== 'idle') await tester.cancel(LABEL);
    return there;
  };

  const idle = async (): Promise<CborMap> => {
    const isIdle = (r: CborMap): boolean => valueOf(r, 'swupdatestate') === 'idle';
    const there = await atRest();
    const installed = open.upgraded && valueOf(there, 'swupdateresult') === 1;
    open.upgraded = false;
    if (installed) stand.installed(await device.version());
    if (isIdle(there) && !installed) return there;
    // A reset takes the owner of a secured device away: what leads to idle without one comes first.
    if (!installed && isSecured(bench) && bench.ixit.has('packageOld')) {
      await runUntil('isac', await tester.serve('packageOld'), isIdle);
      const now = await atRest();
      if (isIdle(now)) return now;
    }
    if (bench.reset !== undefined) {
      await tester.factoryReset();
      return atRest();
    }
    // What is installed is not newer any more: the next package of the folder is.
    if (installed) stand.consume();
    if (!isIdle(there) && bench.ixit.has('packageOld'))
      await runUntil('isac', await tester.serve('packageOld'), isIdle);
    return atRest();
  };

  return {
    atRest: async () => void (await atRest()),
    idle: async () => void (await idle()),
    async otherResult(code) {
      const has = (r: CborMap): boolean => valueOf(r, 'swupdateresult') === code;
      const refuse = async (): Promise<void> => {
        if (!bench.ixit.has('packageOk')) return;
        const status = code === 404 ? 500 : 404;
        const purl = await tester.serve('packageOk', { behaviour: { kind: 'status', status } });
        await runUntil('isvv', purl, (r) => valueOf(r, 'swupdateresult') === status);
      };
      const reset = async (): Promise<void> => {
        if (bench.reset !== undefined) await tester.factoryReset();
        await atRest();
      };
      if (!has(await idle())) return;
      for (const way of isSecured(bench) ? [refuse, reset] : [reset, refuse]) {
        await way();
        if (!has(await idle())) return;
      }
    },
  };
}
