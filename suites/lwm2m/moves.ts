import type { Drive } from '../../src/core/case.ts';
import type { Kind } from '../../src/core/log.ts';
import type { Limit } from '../../src/core/timing.ts';
import { RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { showing, type Snapshot } from '../../src/lwm2m/kinds.ts';
import { fetches, type Offer, type PackageName, pulling } from '../../src/lwm2m/packages.ts';
import type { Lwm2mTester } from '../../src/lwm2m/tester.ts';
import { ITEM } from './items.ts';

export type T = Lwm2mTester & Drive;

/** The instance under test. */
export function own(t: Pick<T, 'ixit'>): number {
  return t.ixit.number('instance');
}

/** All instances that the device declares. */
export function allInstances(t: Pick<T, 'ixit'>): number[] {
  return t.ixit.text('instances').split(',').map(Number);
}

/** One Read of the instance. */
export async function see(t: T, label: string, instance = own(t)): Promise<void> {
  await t.read([9, instance], label);
}

/** Execute of a resource of the instance; what is waited for afterwards counts from here. */
export async function run(t: T, resource: number, label: string, argument?: string, instance = own(t)): Promise<void> {
  t.mark(label);
  await t.execute([9, instance, resource], label, argument);
}

/** So many limits, one after the other, are waited for a pull that makes progress in each: an hour where `pullS` is a minute. */
const ROUNDS = 20;

/**
 * The next thing that is wanted, within the limit. One on `no-progress` begins anew where the device sent anything to the package server meanwhile: losses
 * stretch a pull, and how fast a package is fetched is nobody's requirement.
 */
async function waitFor(t: T, wanted: Kind<Snapshot>, { of, ...limit }: Limit): Promise<Snapshot | undefined> {
  if (of !== 'no-progress') return t.perhaps(wanted, limit);
  // A wait that ended at every block would read the whole log as often.
  let progress = -1;
  const either: Kind<Snapshot> = {
    name: wanted.name,
    read(event, log) {
      if (pulling.read(event, log) !== undefined) progress = Math.max(progress, event.n);
      return wanted.read(event, log);
    },
  };
  for (let round = 0; round < ROUNDS; round++) {
    const before = progress;
    const seen = await t.perhaps(either, limit);
    if (seen !== undefined || progress === before) return seen;
  }
  return undefined;
}

/**
 * Looks until the instance shows what fits. When the time is over without it, one Read with all its repetitions tells what there is: looks may have been
 * lost on the link. Undefined where that does not show it either.
 */
async function look(
  t: T,
  wanted: ReturnType<typeof showing>,
  limit: Limit,
  instance: number,
): Promise<Snapshot | undefined> {
  t.watch(instance);
  const found = await waitFor(t, wanted, limit);
  await t.rest();
  if (found !== undefined) return found;
  await t.read([9, instance], `last look for ${wanted.name}`);
  return t.perhaps(wanted, { timer: 'pollInterval' });
}

/** Looks until the instance shows what fits; ends the drive where it does not in time. */
export async function until(
  t: T,
  name: string,
  fits: (s: Snapshot) => boolean,
  limit: Limit,
  instance = own(t),
): Promise<void> {
  if (!(await perhaps(t, name, fits, limit, instance))) t.stop(`no ${name} in time`);
}

/** As {@link until}, but goes on where it does not in time. */
export async function perhaps(
  t: T,
  name: string,
  fits: (s: Snapshot) => boolean,
  limit: Limit,
  instance = own(t),
): Promise<boolean> {
  return (await look(t, showing(instance, name, fits), limit, instance)) !== undefined;
}

/** From the last progress of a download to its end, check included. */
export const DOWNLOAD: Limit = { timer: 'pullS', times: 3, of: 'no-progress' };
export const CHECK: Limit = { timer: 'checkS' };
export const INSTALL: Limit = { timer: 'installS' };
export const UNINSTALL: Limit = { timer: 'uninstallS' };
export const ACTIVATE: Limit = { timer: 'activateS' };

/** The package is there, or the download has failed. */
export const ended = (s: Snapshot): boolean => s.state === 3 || (s.state === 0 && s.result >= 50);

/** Pushes a package and waits for the end of its check. */
export async function push(t: T, name: PackageName, label: string): Promise<void> {
  t.mark(label);
  await t.push(own(t), name, label);
  await until(t, 'end of the download', ended, CHECK);
}

/** Has a package pulled and waits for the end of its check. */
export async function pull(t: T, uri: string, label: string): Promise<void> {
  t.mark(label);
  await t.pull(own(t), uri, label);
  await t.until(fetches, { timer: 'pullS' });
  await until(t, 'end of the download', ended, DOWNLOAD);
}

/** Push where the device takes it, else pull. */
export async function download(t: T, name: PackageName, label: string): Promise<void> {
  if (t.declared(ITEM.PUSH)) await push(t, name, label);
  else await pull(t, await t.serve(name), label);
}

/** Install, until the machine has moved or the installation has failed. */
export async function install(t: T, label: string): Promise<void> {
  await run(t, RES.install, label);
  await until(t, 'end of the installation', (s) => s.state === 4 || s.result >= 50, INSTALL);
}

/** Uninstall, until the machine has moved. */
export async function uninstall(t: T, label: string, argument?: string): Promise<void> {
  await run(t, RES.uninstall, label, argument);
  await until(t, 'end of the uninstallation', (s) => s.state === 0, UNINSTALL);
}

/** A pull in so many blocks, each late, that a case can act midway. */
export const SLOW: Offer = { blocks: 8, slow: true };

/** A pull that takes several seconds, from the moment at which the device asks for the package. Returns its URL. */
export async function slowPull(t: T, label: string, name: PackageName = 'packageA'): Promise<string> {
  const url = await t.serve(name, SLOW);
  t.mark(label);
  await t.pull(own(t), url, label);
  await t.until(fetches, { timer: 'pullS' });
  return url;
}

/** A slow pull that the device shows: some show it when they have asked for the package, some when its first block is there. */
export async function runningPull(t: T, label: string): Promise<void> {
  await slowPull(t, label);
  await perhaps(t, 'DOWNLOAD STARTED', (s) => s.state !== 0 || ended(s), { timer: 'pullS' });
}

/** DOWNLOAD STARTED: a slow pull, or the first block of a push where the device cannot pull. */
export async function startDownload(t: T): Promise<void> {
  if (t.declared(ITEM.PULL_COAP)) {
    await runningPull(t, 'download');
    return;
  }
  const payload = t.content('packageA').subarray(0, 64);
  t.mark('download');
  await t.block('download', {
    path: [9, own(t), RES.package],
    block: { num: 0, more: true, szx: 2 },
    payload,
    format: 42,
  });
}

/** DOWNLOADED: pushes the package whose check takes long, until the device shows the state. */
export async function startCheck(t: T): Promise<void> {
  t.mark('download');
  await t.push(own(t), 'packageSlowCheck', 'download');
  await until(t, 'DOWNLOADED', (s) => s.state === 2, { timer: 'slowCheck' });
}

/** Waits as long as a device may try to reach a server that does not answer: the repetitions of its own protocol, then what the IXIT says. */
export async function giveUp(t: T): Promise<void> {
  if (await perhaps(t, 'end of the download', ended, { timer: 'exchange', times: 1.1 })) return;
  t.mark('repetitions over');
  await until(t, 'end of the download', ended, { timer: 'giveUpS' });
}

/** Block size exponent of transfers that a case makes by hand: 64 octets. */
export const HAND_SZX = 2;

/** One block of a package, sent by hand; its code. */
export async function sendBlock(t: T, name: PackageName, num: number, label: string): Promise<string | undefined> {
  const size = 16 << HAND_SZX;
  const whole = t.content(name);
  const payload = whole.subarray(num * size, (num + 1) * size);
  const block = { num, more: (num + 1) * size < whole.length, szx: HAND_SZX };
  return t.block(label, { path: [9, own(t), RES.package], block, payload, format: 42 });
}

/** How many such blocks a package has. */
export function blocksOf(t: T, name: PackageName): number {
  return Math.ceil(t.content(name).length / (16 << HAND_SZX));
}

/** The blocks of a package from one number on, until one is not taken; true where all were. */
export async function sendBlocks(t: T, name: PackageName, from: number): Promise<boolean> {
  for (let num = from; num < blocksOf(t, name); num++)
    if (!(await sendBlock(t, name, num, `block ${num}`))?.startsWith('2.')) return false;
  return true;
}
