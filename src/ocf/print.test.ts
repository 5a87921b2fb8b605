import { expect } from 'chai';
import { printEvent } from './print.ts';
import { TestLog } from './testlog.ts';

describe('OCF timeline', () => {
  it('prints requests, answers, notifications, schedules and packages in one line each', () => {
    const t = new TestLog();
    t.retrieve({ swupdatestate: 'sva' }, 'swu: before');
    t.schedule('isvv', 8000);
    t.packageRequest();
    t.notify(0, 7, {});
    const lines = t.events.flatMap((e) => printEvent(e, t.log) ?? []);
    expect(lines[0]).to.equal('→ 0.01 GET /oc/swu (before)');
    expect(lines[1]).to.match(/^← 2\.05 Content swupdatestate sva, .*purl https:\/\/bench\/none/);
    expect(lines[2]).to.equal('  schedule isvv at 2030-01-01T00:00:00Z, in 8000 ms');
    expect(lines[3]).to.match(/^→ 0\.02 POST \/oc\/swu \(run\) swupdateaction isvv, updatetime .*, purl /);
    expect(lines[5]).to.equal('← https GET /p0 (packageOk)');
    expect(lines[6]).to.match(/^← notification 7 swupdatestate /);
    expect(lines).to.have.lengthOf(7);
  });
  it('keeps a line readable whatever the body is', () => {
    const t = new TestLog();
    t.reply(t.request('GET', 'look'), '2.05', Buffer.from('ff00ff', 'hex'));
    t.retrieve({ nv: 'v'.repeat(500) });
    const lines = t.events.flatMap((e) => printEvent(e, t.log) ?? []);
    expect(lines[1]).to.equal('← 2.05 Content 3 octets, no CBOR: ff00ff');
    expect(lines[3]?.length).to.be.below(250);
  });
  it('says nothing of marks and messages', () => {
    const t = new TestLog();
    t.add({ channel: 'run', type: 'mark', data: { name: 'x' } });
    t.add({
      channel: 'coap',
      type: 'coap.message',
      dir: 'out',
      raw: '40010001',
      data: { peer: 'iut:5683', attempt: 1 },
    });
    expect(t.events.flatMap((e) => printEvent(e, t.log) ?? [])).to.deep.equal([]);
  });
});
