import { expect } from 'chai';
import { TesterError } from './errors.ts';
import { ixitOf } from './ixit.ts';
import { scaledTooShort, type TimingTable, timingOf } from './timing.ts';

const table: TimingTable = {
  window: { ms: 4000, class: 'protocol', clause: 'bench' },
  ackTimeout: { ms: 2000, class: 'link', clause: 'RFC 7252 4.8' },
};

describe('timing', () => {
  const timing = timingOf(table, ixitOf({ maxDownloadS: 30, slackMs: 500, vendorUrl: 'x' }), {
    protocol: 0.05,
    link: 0.1,
  });

  it('scales each class by its own factor', () => {
    expect(timing.real('window')).to.equal(200);
    expect(timing.real({ timer: 'ackTimeout', times: 2 })).to.equal(400);
    expect(timing.protocol('ackTimeout')).to.equal(2000);
  });

  it('reads IXIT durations by their unit', () => {
    expect(timing.protocol('maxDownloadS')).to.equal(30_000);
    expect(timing.real('slackMs')).to.equal(25);
  });

  it('knows no other timers', () => {
    expect(() => timing.real('vendorUrl')).to.throw(TesterError, 'no timer vendorUrl');
    expect(() => timing.real('nothing')).to.throw(TesterError);
  });

  it('finds rows that a factor makes too short to be trusted', () => {
    expect(scaledTooShort(table, { protocol: 0.01, link: 1 })).to.deep.equal(['window: 4000 ms × 0.01 = 40 ms']);
    expect(scaledTooShort(table, { protocol: 1, link: 1 })).to.deep.equal([]);
  });
});
