import { expect } from 'chai';
import type { Kind } from '../../src/core/log.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { dataRequests, endRequests, queries } from '../../src/zigbee/kinds.ts';
import { perhapsEnd, start, type T } from './moves.ts';

/** A client that asks for an image after every notify, and for data after so many offers. */
function client(begins: number) {
  let notified = 0;
  const t = {
    mark: () => undefined,
    offer: () => undefined,
    declared: () => true,
    notify: () => Promise.resolve(void (notified += 1)),
    perhaps: (kind: Kind<object>) => {
      const comes = kind.name === queries.name || (kind.name === dataRequests.name && notified >= begins);
      return Promise.resolve(comes ? { fileOffset: 0, n: notified, ms: 0 } : undefined);
    },
  } as unknown as T;
  return { t, notified: () => notified };
}

describe('Zigbee moves: waiting for the end of a download', () => {
  /** Timers that were waited for, of a client that ends the download after so many of them. */
  const waits = async (whole: boolean, ends: number): Promise<readonly string[]> => {
    const timers: string[] = [];
    const t = {
      perhaps: (kind: Kind<object>, { timer }: { timer: string }) => {
        timers.push(timer);
        const came = kind.name === endRequests.name ? timers.length >= ends : whole;
        return Promise.resolve(came ? { n: 0, ms: 0 } : undefined);
      },
    } as unknown as T;
    await perhapsEnd(t, { imageSize: 1 });
    return timers;
  };
  it('gives a client that has the whole file the time to check it, and no other', async () => {
    expect(await waits(true, 1)).to.deep.equal(['maxDownloadS']);
    expect(await waits(true, 2)).to.deep.equal(['maxDownloadS', 'inFlight', 'maxVerifyS']);
    expect(await waits(false, 2)).to.deep.equal(['maxDownloadS', 'inFlight']);
  });
});

describe('Zigbee moves: starting a download', () => {
  const offer = { file: { octets: Buffer.alloc(1), manufacturerCode: 1, imageType: 1, fileVersion: 1, imageSize: 1 } };

  it('offers once to a client that begins', async () => {
    const { t, notified } = client(1);
    expect(await start(t, offer)).to.include({ fileOffset: 0 });
    expect(notified()).to.equal(1);
  });
  it('offers again where an offer led to nothing, as a late answer to another query may have taken its place', async () => {
    const { t, notified } = client(3);
    expect(await start(t, offer)).to.include({ fileOffset: 0 });
    expect(notified()).to.equal(3);
  });
  it('gives a client up that never begins', async () => {
    const { t, notified } = client(Infinity);
    expect(await start(t, offer)).to.equal(undefined);
    expect(notified()).to.equal(TRIES);
  });
});
