import { expect } from 'chai';
import { BenchError, printError } from '../core/errors.ts';
import { memorySink } from '../core/events.ts';
import { timingOf } from '../core/timing.ts';
import { ixitOf } from '../core/ixit.ts';
import { ask, groupBy } from './multicast.ts';

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
});
