import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import { BenchError, printError } from '../core/errors.ts';
import { memorySink } from '../core/events.ts';
import { timingOf } from '../core/timing.ts';
import { ixitOf } from '../core/ixit.ts';
import { ask, groupBy, waysBy } from './multicast.ts';

describe('a multicast query', () => {
  const timing = timingOf({ leisure: { ms: 50, class: 'link', clause: 'RFC 7252 8.2' } }, ixitOf({}), {
    protocol: 1,
    link: 1,
  });
  const query = { label: 'by type', rt: 'oic.r.softwareupdate', tries: 1, ours: () => true };

  it('by an interface that this computer does not have is a fault of the bench that names it', async () => {
    const e: unknown = await ask({ ...query, ...groupBy('192.0.2.1', false) }, memorySink(), timing).catch(
      (e: unknown) => e,
    );
    expect(e).to.be.instanceOf(BenchError);
    expect(printError(e)).to.contain('cannot send multicast by 192.0.2.1');
  });

  it('by the name of an interface goes to the IPv4 group from its address', () => {
    const name = Object.entries(networkInterfaces()).find(([, all]) =>
      all?.some((a) => a.address === '127.0.0.1'),
    )?.[0];
    expect(waysBy(name ?? '')[0]).to.deep.equal({
      group: { address: '224.0.1.187', port: 5683 },
      iface: '127.0.0.1',
    });
    expect(waysBy('127.0.0.1')[0]).to.deep.equal(waysBy(name ?? '')[0]);
  });

  it('by an interface of another computer is refused by name', () => {
    expect(() => waysBy('nonesuch0')).to.throw(BenchError, 'found nonesuch0');
  });
});
