import { expect } from 'chai';
import { ixitOf } from '../../src/core/ixit.ts';
import { type Kind, logOf } from '../../src/core/log.ts';
import type { Limit } from '../../src/core/timing.ts';
import { snapshots } from '../../src/lwm2m/kinds.ts';
import { CHECK, DOWNLOAD, ended, perhaps, startDownload, type T } from './moves.ts';
import { Written } from './written.ts';

/** A drive whose waits see the events of a log one by one, each once; where time passes in it, and at its end, their limit does. `limits`: what was waited with. */
function driveOver(w: Written): { readonly t: T; readonly limits: Limit[] } {
  const log = logOf(w.events, 1);
  const limits: Limit[] = [];
  let next = 0;
  const t = {
    ixit: ixitOf({ instance: 0 }),
    watch: () => undefined,
    rest: () => Promise.resolve(),
    read: () => Promise.resolve(),
    perhaps(kind: Kind<object>, limit: Limit) {
      limits.push(limit);
      while (next < w.events.length) {
        const event = w.events[next++];
        if (event?.type === 'pause.over') return Promise.resolve(undefined);
        const seen = event === undefined ? undefined : kind.read(event, log);
        if (seen !== undefined) return Promise.resolve(seen);
      }
      return Promise.resolve(undefined);
    },
  };
  return { t: t as unknown as T, limits };
}

/** So many blocks are fetched, each in a time of its own, then the package is there. */
function pulled(blocks: number): Written {
  const w = new Written();
  for (let i = 0; i < blocks; i++) {
    w.add({ type: 'coap.message', dir: 'in', data: { peer: 'p' } }, 'packages');
    w.wait(1000);
  }
  w.shows(3, 3);
  return w;
}

/** Verbs of a device that pulls. */
const PULLING = {
  declared: () => true,
  serve: () => Promise.resolve('coap://127.0.0.1/package'),
  mark: () => undefined,
  pull: () => Promise.resolve(),
  until: () => Promise.resolve(),
};

describe('LwM2M drives: a pull', () => {
  it('has begun when the device shows it, which may be after it asked for the package', async () => {
    const w = new Written();
    w.shows(0, 0);
    w.shows(1, 1);
    const { t, limits } = driveOver(w);
    await startDownload({ ...t, ...PULLING } as unknown as T);
    expect([limits, await t.perhaps(snapshots, CHECK)]).to.deep.equal([[{ timer: 'pullS' }, CHECK], undefined]);
  });

  it('is waited for anew as long as the device fetches', async () => {
    const { t, limits } = driveOver(pulled(3));
    expect(await perhaps(t, 'end of the download', ended, DOWNLOAD)).to.equal(true);
    expect(limits).to.deep.equal(Array.from({ length: 4 }, () => ({ timer: 'pullS', times: 3 })));
  });

  it('that shows no end is given up once nothing is fetched any more', async () => {
    const w = new Written();
    w.add({ type: 'coap.message', dir: 'in', data: { peer: 'p' } }, 'packages');
    w.shows(1, 1);
    const { t, limits } = driveOver(w);
    expect(await perhaps(t, 'end of the download', ended, DOWNLOAD)).to.equal(false);
    expect(limits).to.deep.equal([
      { timer: 'pullS', times: 3 },
      { timer: 'pullS', times: 3 },
      { timer: 'pollInterval' },
    ]);
  });

  it('that never ends is given up all the same', async () => {
    const { t } = driveOver(pulled(100));
    expect(await perhaps(t, 'end of the download', ended, DOWNLOAD)).to.equal(false);
  });

  it('is no reason to wait longer for anything else', async () => {
    const { t, limits } = driveOver(pulled(3));
    expect(await perhaps(t, 'end of the push', ended, CHECK)).to.equal(false);
    expect(limits).to.deep.equal([{ timer: 'checkS' }, { timer: 'pollInterval' }]);
  });
});
