import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError } from '../core/errors.ts';
import { hexNumber, nameOf } from '../core/layout/names.ts';
import type { Bench } from '../core/standard.ts';
import type { Limit } from '../core/timing.ts';
import type { ZigbeeLink } from '../link/zigbee/link.ts';
import { decodeFrame, valueOf } from './codec/frame.ts';
import { readAttributesResponse } from './codec/global.ts';
import { OTA_CLUSTER, upgradeStatus } from './codec/numbers.ts';
import type { Internals, ZigbeeTester } from './tester.ts';

interface Parts {
  readonly bench: Bench;
  readonly tester: Omit<ZigbeeTester, 'internals'>;
  readonly link: ZigbeeLink;
  readonly alive: () => Promise<void>;
  readonly clear: () => void;
}

const STATUS = 0x0006;
const VERSION = 0x0002;
/** Note of everything that only prepares a case. */
const NOTE = 'arrange';
const RESETS = 2;

/** What a client shows of itself. */
interface Shown {
  readonly status: number | undefined;
  /** File version that runs; undefined where the client has no such attribute. */
  readonly version: number | undefined;
}

/** Brings a client to where a case starts; throws a BenchError where it does not go there. */
export function arranger({ bench, tester, link, alive, clear }: Parts): Pick<Internals, 'quiet' | 'normal' | 'fresh'> {
  const { timing } = bench;

  const look = async (): Promise<Shown | undefined> => {
    const seen = new Map<number, number>();
    const stop = link.onArrival(({ cluster, octets }) => {
      if (cluster !== OTA_CLUSTER) return;
      for (const { attribute, value } of valueOf(readAttributesResponse, decodeFrame(octets))?.records ?? [])
        if (typeof value?.content === 'number') seen.set(attribute, value.content);
    });
    const answered = await tester.readAttributes(NOTE, bench.declared('ZBOTA 2/3') ? [STATUS, VERSION] : [STATUS]);
    stop();
    return answered ? { status: seen.get(STATUS), version: seen.get(VERSION) } : undefined;
  };
  const fits = (s: Shown | undefined): boolean =>
    s?.status === upgradeStatus.NORMAL && (s.version ?? ixitVersion()) === ixitVersion();
  const ixitVersion = (): number => bench.ixit.number('runningVersion');
  const until = async (limit: Limit | string): Promise<Shown | undefined> => {
    const end = performance.now() + timing.real(limit);
    for (;;) {
      const now = await look();
      if (fits(now) || performance.now() >= end) return now;
      await sleep(timing.real('pollInterval'));
    }
  };
  const reset = async (): Promise<void> => {
    if (bench.reset === undefined) return;
    await bench.reset.reset();
    await alive();
  };
  /** What the network still carries of the case before must not reach this one. */
  const quiet = (): Promise<void> => sleep(timing.real('inFlight'));
  const normal = async (): Promise<void> => {
    clear();
    let seen = await look();
    for (let i = 0; i < RESETS && !fits(seen); i++) {
      // A download that nobody serves ends by itself; a file that waits to run does not.
      const ends = seen?.status === upgradeStatus.DOWNLOAD_IN_PROGRESS && bench.reset === undefined;
      if (!ends) await reset();
      seen = await until(ends ? { timer: 'maxDownloadS' } : 'rebootS');
    }
    if (fits(seen)) {
      // A query of its own accord would pass for an answer to a notify.
      if (bench.declared('ZBOTA 5/15') && bench.ixit.has('lineNoInterval')) await tester.say('lineNoInterval');
      await quiet();
      return;
    }
    const { status, version } = seen ?? {};
    const shown = [
      status === undefined ? 'no status' : nameOf(upgradeStatus, status),
      version === undefined ? [] : [`version ${hexNumber(version, 8)}`],
    ].flat();
    const way = bench.reset === undefined ? '; the rig has no reset to bring it back' : '';
    throw new BenchError(
      'not-arranged',
      `the client is not in Normal with version ${hexNumber(ixitVersion(), 8)}: it shows ${shown.join(', ')}${way}`,
    );
  };
  return {
    quiet,
    normal,
    async fresh() {
      clear();
      await reset();
      await normal();
    },
  };
}
