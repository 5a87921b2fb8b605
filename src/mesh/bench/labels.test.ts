import { expect } from 'chai';
import { memorySink } from '../../core/events.ts';
import { logOf } from '../../core/log.ts';
import { updateCancel } from '../codec/messages/update.ts';
import { message, sendings } from '../kinds.ts';
import { labelsOn } from './labels.ts';

const PLAYED = 3;

describe('labels of mesh messages', () => {
  const bench = () => {
    const events = memorySink();
    const labels = labelsOn(events, (address) => address === PLAYED);
    const access = (dir: 'in' | 'out', src: number): void =>
      void labels.sink.append({
        channel: 'mesh',
        type: 'mesh.access',
        dir,
        raw: '830e',
        data: { src, dst: 1, key: 'app:0' },
      });
    return { labels, access, log: () => logOf(events.events, 1) };
  };

  it('leave out what comes from the end of a case until the next one begins', () => {
    const { labels, access, log } = bench();
    access('in', 0x0100);
    labels.between(false);
    access('in', 0x0100);
    labels.between(true);
    access('in', 0x0100);
    expect(
      log()
        .all(message(updateCancel))
        .map(({ n }) => n),
    ).to.deep.equal([1]);
  });

  it('count every sending of a question, also over a connection that was lost, and no answer of a played target', async () => {
    const { labels, access, log } = bench();
    for (const tries of [1, 2])
      await labels.during('apply', () => {
        for (let i = 0; i < tries; i++) access('out', 1);
        access('out', PLAYED);
        return Promise.resolve();
      });
    access('out', 1);
    expect(log().all(sendings('apply'))).to.have.length(3);
    expect([labels.count(), labels.count()]).to.deep.equal([3, 0]);
  });
});
