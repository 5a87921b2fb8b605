import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { BenchError } from '../core/errors.ts';
import { acquireLease, type Holder, type Lease } from './lease.ts';

describe('lease', () => {
  let dir = '';
  const taken: Lease[] = [];
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'plumbline-lease-'))));
  afterEach(() => {
    for (const lease of taken.splice(0)) lease.release();
    rmSync(dir, { recursive: true });
  });
  const acquire = async (o: Partial<Parameters<typeof acquireLease>[1]> = {}): Promise<Lease> => {
    const lease = await acquireLease(dir, { run: 'mine', ...o });
    taken.push(lease);
    return lease;
  };
  const refused = (o: Partial<Parameters<typeof acquireLease>[1]> = {}): Promise<string> =>
    acquire(o).then(
      () => 'granted',
      (e: unknown) => (e as BenchError).message,
    );

  it('is held by one run, and tells the other who holds it', async () => {
    await acquire({ run: 'first' });
    expect(await refused()).to.match(/in use by run first \(process \d+ on .+, since .+\).*--wait/);
  });

  it('is free again once released, and leaves one file', async () => {
    (await acquire()).release();
    await acquire();
    expect(readdirSync(dir)).to.deep.equal(['lease-2.json']);
  });

  it('is waited for, and says once for whom', async () => {
    const first = await acquire({ run: 'first' });
    setTimeout(() => first.release(), 100);
    const told: Holder[] = [];
    await acquire({ waitMs: 3_000, waiting: (holder) => told.push(holder) });
    expect(told.map((h) => h.run)).to.deep.equal(['first']);
  });

  it('is taken over when its holder has not beaten for the time of expiry, by one of many', async () => {
    const dead: Holder = { id: 'x', pid: 1, host: 'h', run: 'dead', since: '', released: false };
    writeFileSync(join(dir, 'lease-7.json'), JSON.stringify(dead));
    expect(await refused()).to.match(/run dead/);
    const old = new Date(Date.now() - 30_000);
    utimesSync(join(dir, 'lease-7.json'), old, old);
    const results = await Promise.all(Array.from({ length: 5 }, (_, i) => refused({ run: `r${i}` })));
    expect(results.filter((r) => r === 'granted')).to.have.length(1);
    expect(readdirSync(dir)).to.deep.equal(['lease-8.json']);
  });

  it('beats, so that a living holder is not taken over', async () => {
    const times = { beatMs: 20, expiryMs: 150 };
    await acquire({ run: 'alive', times });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await refused({ times })).to.match(/run alive/);
  });

  it('notices that somebody else has it', async () => {
    const lost = new Promise<BenchError>((resolve) => {
      void acquire({ times: { beatMs: 10, expiryMs: 1000 }, lost: resolve });
    });
    const thief: Holder = { id: 'x', pid: 2, host: 'there', run: 'theirs', since: '', released: false };
    writeFileSync(join(dir, 'lease-1.json'), JSON.stringify(thief));
    expect((await lost).message).to.equal('the lease of the rig was lost: run theirs (process 2 on there) has it');
  });
});
