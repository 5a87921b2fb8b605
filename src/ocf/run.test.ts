import { expect } from 'chai';
import { acceptedInTime, activity, rested } from './run.ts';
import { TestLog } from './testlog.ts';

/** Looks at the device once a second from now on, so many times. */
function looks(t: TestLog, times: number, changes: Parameters<TestLog['retrieve']>[0]): void {
  for (let i = 0; i < times; i++) {
    t.ms += 1000;
    t.retrieve(changes);
  }
}

describe('OCF runs in the log', () => {
  it('a schedule counts as accepted only when it was answered before its time', () => {
    const early = new TestLog();
    early.schedule('isvv', 8000);
    expect(early.log.first(acceptedInTime('run'))).to.include({ code: '2.04' });
    const late = new TestLog();
    late.add({
      channel: 'ocf',
      type: 'ocf.schedule',
      data: { action: 'isvv', purl: '', time: '', inMs: 8000, label: 'run' },
    });
    const request = late.request('POST', 'swu: run', {});
    late.ms = 9000;
    late.reply(request, '2.04', {});
    expect(late.log.first(acceptedInTime('run'))).to.equal(undefined);
    const refused = new TestLog();
    refused.schedule('isvv', 8000, '4.00');
    expect(refused.log.first(acceptedInTime('run'))).to.equal(undefined);
  });

  const signs: readonly (readonly [string, (t: TestLog) => void, string | undefined])[] = [
    ['a package request', (t) => t.packageRequest(), 'package request for packageOk'],
    ['a package request of an earlier case', (t) => t.packageRequest('unknown'), undefined],
    ['a state of work', (t) => t.retrieve({ swupdatestate: 'svv' }), 'state svv'],
    ['another state of rest', (t) => t.retrieve({ swupdatestate: 'nsa' }), 'state nsa after idle'],
    ['another result', (t) => t.retrieve({ swupdateresult: 404 }), 'result 404 after 0'],
    ['the same as before', (t) => t.retrieve(), undefined],
    ['another URL alone', (t) => t.retrieve({ purl: 'https://bench/other' }), undefined],
    ['a notification that a newer one overtook', (t) => t.notify(0, 3, { swupdatestate: 'svv' }, false), undefined],
  ];
  for (const [what, happens, sign] of signs)
    it(`${what} is ${sign === undefined ? 'no sign' : 'a sign'} of work`, () => {
      const t = new TestLog();
      t.retrieve({}, 'swu: before');
      t.schedule('isvv', 8000);
      happens(t);
      expect(t.log.first(activity('run'))?.what).to.equal(sign);
    });

  it('a result of an earlier run that is taken back is no sign of work', () => {
    const t = new TestLog();
    t.retrieve({ swupdateresult: 404 }, 'swu: before');
    t.schedule('isvv', 8000);
    looks(t, 3, { swupdateresult: 0 });
    expect(t.log.first(activity('run'))).to.equal(undefined);
    looks(t, 1, { swupdatestate: 'svv' });
    expect(t.log.first(activity('run'))?.what).to.equal('state svv');
  });

  it('nothing is a sign without a schedule, or with one of another label', () => {
    const t = new TestLog();
    t.packageRequest();
    t.schedule('isvv', 8000, '2.04', 'arrange');
    t.packageRequest();
    expect(t.log.first(activity('run'))).to.equal(undefined);
  });

  it('a request for the package of what only prepared the case is no sign; one for the own package is', () => {
    const t = new TestLog();
    t.schedule('isac', 8000, '2.04', 'arrange', 'https://bench/p6');
    t.schedule('isvv', 8000, '2.04', 'run', 'https://bench/p7');
    t.packageRequest('packageOld', '/p6');
    expect(t.log.first(activity('run'))).to.equal(undefined);
    t.packageRequest('packageOk', '/p7');
    expect(t.log.first(activity('run'))?.what).to.equal('package request for packageOk');
  });

  it('a verification rests in sva once that stands still', () => {
    const t = new TestLog();
    t.retrieve({}, 'swu: before');
    t.schedule('isvv', 8000);
    looks(t, 3, { swupdatestate: 'svv' });
    looks(t, 2, { swupdatestate: 'sva' });
    expect(t.log.first(rested('run')), 'too early').to.equal(undefined);
    looks(t, 2, { swupdatestate: 'sva' });
    expect(t.log.first(rested('run'))).to.include({ state: 'sva' });
  });

  it('idle during a check is no rest (figure 1)', () => {
    const t = new TestLog();
    t.retrieve({}, 'swu: before');
    t.schedule('isac', 8000);
    t.packageRequest();
    looks(t, 10, {});
    expect(t.log.first(rested('run'))).to.equal(undefined);
    looks(t, 4, { swupdatestate: 'nsa' });
    expect(t.log.first(rested('run'))).to.include({ state: 'nsa' });
  });

  it('what stood before the run began is no rest after it', () => {
    const t = new TestLog();
    t.retrieve({ swupdatestate: 'sva' }, 'swu: before');
    t.schedule('isvv', 8000);
    looks(t, 6, { swupdatestate: 'sva' });
    expect(t.log.first(rested('run'))).to.equal(undefined);
  });

  it('an upgrade from sva rests in idle, also where nobody saw it at work', () => {
    const t = new TestLog();
    t.retrieve({ swupdatestate: 'sva', swupdateresult: 1 }, 'swu: before');
    t.schedule('upgrade', 8000);
    looks(t, 2, { swupdatestate: 'sva', swupdateresult: 1 });
    looks(t, 5, { swupdateresult: 1 });
    expect(t.log.first(rested('run'))).to.include({ state: 'idle', result: 1 });
  });

  it('an upgrade does not rest in the states that it passes through', () => {
    const t = new TestLog();
    t.retrieve({ swupdateresult: 404 }, 'swu: before');
    t.schedule('upgrade', 8000);
    looks(t, 5, { swupdatestate: 'nsa' });
    looks(t, 5, { swupdatestate: 'sva' });
    looks(t, 3, { swupdatestate: 'upgrading' });
    expect(t.log.first(rested('run'))).to.equal(undefined);
    looks(t, 4, { swupdateresult: 1 });
    expect(t.log.first(rested('run'))).to.include({ state: 'idle', result: 1 });
  });

  it('a failed run rests with its result even where the state never seemed to change', () => {
    const t = new TestLog();
    t.retrieve({}, 'swu: before');
    t.schedule('isvv', 8000);
    t.packageRequest();
    looks(t, 4, { swupdateresult: 503 });
    expect(t.log.first(rested('run'))).to.include({ result: 503 });
  });

  it('the result of the run before is no end of this one', () => {
    const t = new TestLog();
    t.retrieve({ swupdateresult: 404 }, 'swu: before');
    t.schedule('isvv', 8000);
    t.packageRequest();
    looks(t, 6, { swupdateresult: 404 });
    expect(t.log.first(rested('run'))).to.equal(undefined);
  });
});
