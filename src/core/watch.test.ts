import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { ixitOf } from './ixit.ts';
import { timingOf } from './timing.ts';
import { watcher } from './watch.ts';

const timing = timingOf({ pollInterval: { ms: 10, class: 'protocol', clause: 'bench' } }, ixitOf({}), {
  protocol: 1,
  link: 1,
});

describe('a watch', () => {
  it('looks again and again at what it was started for, one look after the other, until it is stopped', async () => {
    const looked: number[] = [];
    let busy = 0;
    let most = 0;
    const watch = watcher(timing, async (instance: number) => {
      most = Math.max(most, ++busy);
      await sleep(15);
      busy--;
      looked.push(instance);
    });
    watch.start(7);
    watch.start(8);
    expect(watch.running).to.equal(true);
    while (looked.length < 3) await sleep(5);
    await watch.stop();
    const count = looked.length;
    await sleep(60);
    expect(looked.length, 'looks after the stop').to.equal(count);
    expect([...new Set(looked)]).to.deep.equal([7]);
    expect(most).to.equal(1);
    expect(watch.running).to.equal(false);
  });

  it('ends with what a look throws, and tells it who stops it', async () => {
    const watch = watcher(timing, () => Promise.reject(new Error('gone')));
    watch.start();
    await sleep(30);
    const end = await watch.stop().then(
      () => 'nothing',
      (e: Error) => e.message,
    );
    expect(end).to.equal('gone');
  });
});
