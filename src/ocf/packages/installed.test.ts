import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { DriveEnd } from '../../core/case.ts';
import { benchClock } from '../../core/clock.ts';
import { memorySink } from '../../core/events.ts';
import { ixitOf } from '../../core/ixit.ts';
import { logOf } from '../../core/log.ts';
import { timingOf } from '../../core/timing.ts';
import { OCF_TIMING } from '../timing.ts';
import { nothingNewer } from './installed.ts';
import { packageStand, type Stand } from './stand.ts';

describe('OCF packages that are installed already', () => {
  let folder: string;
  const sink = memorySink();
  const stands: Stand[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-installed-'));
    writeFileSync(join(folder, 'a.pkg'), 'version two');
  });
  afterEach(async () => {
    for (const stand of stands.splice(0)) await stand.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A stand with one package over HTTP, for a device that runs this version, or these in turn. */
  function standFor(...running: string[]): Stand {
    const ixit = ixitOf({ packageOk: join(folder, 'a.pkg') });
    const bench = {
      events: sink,
      clock: benchClock(0, 1, () => 0),
      timing: timingOf(OCF_TIMING, ixit, { protocol: 1, link: 1 }),
      ixit,
      policies: {},
      declared: (item: string) => item === 'OCFSWU 6/3',
      address: () => '',
      has: () => false,
      stateDir: folder,
      privateDir: folder,
    };
    const stand = packageStand(bench, '127.0.0.1', {
      version: () => Promise.resolve(running.length > 1 ? running.shift() : running[0]),
    });
    stands.push(stand);
    return stand;
  }
  const outcome = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'offered').catch((e: unknown) => e);

  it('are offered while another version runs', async () => {
    expect(await outcome(standFor('1.0.0').serve('packageOk'))).to.equal('offered');
  });

  it('end the drive in a later run once their version runs, and say why', async () => {
    const first = standFor('1.0.0');
    await first.serve('packageOk');
    first.installed('2.0.0');
    expect(await outcome(standFor('2.0.0').serve('packageOk'))).to.be.instanceOf(DriveEnd);
    expect(logOf(sink.events, 1).last(nothingNewer)?.reason).to.contain('version 2.0.0');
    expect(await outcome(standFor('1.0.0').serve('packageOk')), 'after a reset').to.equal('offered');
  });

  it('count as installed where another version runs at the next offer, though nobody saw the run end', async () => {
    const stand = standFor('1.0.0', '2.0.0');
    await stand.serve('packageOk');
    expect(await outcome(stand.serve('packageOk'))).to.be.instanceOf(DriveEnd);
  });

  it('do not count as installed where a reset brought another version', async () => {
    const stand = standFor('1.0.0', '0.9.0');
    await stand.serve('packageOk');
    stand.forget();
    expect(await outcome(stand.serve('packageOk'))).to.equal('offered');
  });

  it('do not count as installed where the version before came back', async () => {
    const stand = standFor('1.0.0', '2.0.0', '1.0.0');
    await stand.serve('packageOk');
    expect(await outcome(stand.serve('packageOk'))).to.be.instanceOf(DriveEnd);
    expect(await outcome(stand.serve('packageOk'))).to.equal('offered');
  });

  it('are offered again by a device that only says that it has installed them', async () => {
    const first = standFor('1.0.0');
    await first.serve('packageOk');
    first.installed('1.0.0');
    expect(await outcome(standFor('1.0.0').serve('packageOk'))).to.equal('offered');
  });

  it('do not matter to a server that only refuses', async () => {
    const first = standFor('1.0.0');
    await first.serve('packageOk');
    first.installed('2.0.0');
    const refusing = standFor('2.0.0').serve('packageOk', { behaviour: { kind: 'status', status: 404 } });
    expect(await outcome(refusing)).to.equal('offered');
  });
});
