import { expect } from 'chai';
import { encode } from '../coap/message.ts';
import { OPTION, uintOption } from '../coap/options.ts';
import { encodeCbor } from './codec/cbor.ts';
import {
  acknowledged,
  answered,
  notified,
  representations,
  retrieved,
  sendings,
  shown,
  unwanted,
  versionRead,
  wasReset,
} from './kinds.ts';
import { REPRESENTATION, TestLog } from './testlog.ts';

describe('OCF readers of the log', () => {
  it('decode the answer to a RETRIEVE, with label, code and when it was asked', () => {
    const t = new TestLog();
    const asked = t.request('GET', 'swu: before');
    t.ms = 5;
    t.reply(asked, '2.05', { ...REPRESENTATION, swupdatestate: 'sva' });
    expect(t.log.first(retrieved('before'))).to.include({ state: 'sva', result: 0, source: 'RETRIEVE', ms: 5 });
    expect(t.log.first(retrieved('before'))?.asked).to.deep.equal({ n: asked, ms: 0 });
    expect(t.log.first(retrieved('after'))).to.equal(undefined);
  });

  it('keep a refusal and a body that is no map apart from representations', () => {
    const t = new TestLog();
    t.reply(t.request('POST', 'swu: bad', { swupdateaction: 'x' }), '4.00');
    t.reply(t.request('GET', 'swu: odd'), '2.05', Buffer.from('05', 'hex'));
    expect(t.log.first(answered('UPDATE', 'bad'))).to.deep.include({ code: '4.00', sent: { swupdateaction: 'x' } });
    expect(t.log.first(answered('RETRIEVE', 'odd'))).to.include({ problem: 'body that is no map' });
    expect(t.log.all(representations)).to.be.empty;
  });

  it('take the answer to an UPDATE for no proof of what is shown', () => {
    const t = new TestLog();
    t.reply(t.request('POST', 'swu: set', {}), '2.04', REPRESENTATION);
    expect(t.log.all(representations)).to.have.lengthOf(1);
    expect(t.log.all(shown)).to.be.empty;
  });

  it('see notifications by the label of their registration', () => {
    const t = new TestLog();
    const registration = t.request('GET', 'swu: observe');
    t.notify(registration, 7, { purl: 'https://bench/a' });
    expect(t.log.first(notified('observe'))).to.include({ purl: 'https://bench/a', seq: 7, fresh: true });
    expect(t.log.first(notified('again'))).to.equal(undefined);
  });

  it('ignore requests about other things', () => {
    const t = new TestLog();
    t.reply(t.request('GET', 'alive'), '2.05', REPRESENTATION);
    t.reply(t.request('GET', 'version: before'), '2.05', { mnfv: '1.0.0' });
    expect(t.log.all(representations)).to.be.empty;
    expect(t.log.first(versionRead('before'))?.properties).to.deep.equal({ mnfv: '1.0.0' });
  });

  it('count every sending of a request as a try', () => {
    const t = new TestLog();
    const request = t.request('POST', 'swu: lost', {});
    const raw = encode({
      type: 'CON',
      code: '0.02',
      mid: 1,
      token: Buffer.of(1),
      options: [],
      payload: Buffer.of(0xa0),
    });
    for (const attempt of [1, 2, 3])
      t.add({
        channel: 'coap',
        type: 'coap.message',
        dir: 'out',
        raw: raw.toString('hex'),
        via: request,
        data: { attempt },
      });
    expect(t.log.all(sendings('UPDATE', 'lost'))).to.have.lengthOf(3);
    expect(t.log.all(sendings('RETRIEVE', 'lost'))).to.be.empty;
  });

  it('tell an acknowledged silence and a reset', () => {
    const t = new TestLog();
    const first = t.request('POST', 'swu: quiet', {});
    t.add({
      channel: 'coap',
      type: 'coap.silence',
      data: { peer: 'iut:5683', request: first, afterMs: 9, acked: true },
    });
    const second = t.request('POST', 'swu: gone', {});
    t.add({ channel: 'coap', type: 'coap.reset', dir: 'in', data: { peer: 'iut:5683', request: second } });
    expect(t.log.first(acknowledged('UPDATE', 'quiet'))).to.include({ label: 'quiet' });
    expect(t.log.first(acknowledged('UPDATE', 'gone'))).to.equal(undefined);
    expect(t.log.first(wasReset('UPDATE', 'gone'))).to.include({ label: 'gone' });
  });

  it('read what an ended observation still sends', () => {
    const t = new TestLog();
    const options = [uintOption(OPTION.observe, 3)];
    const payload = encodeCbor({ ...REPRESENTATION, purl: 'https://bench/late' });
    const raw = encode({ type: 'NON', code: '2.05', mid: 1, token: Buffer.of(1), options, payload });
    const message = t.add({ channel: 'coap', type: 'coap.message', dir: 'in', raw: raw.toString('hex'), data: {} });
    t.add({ channel: 'coap', type: 'coap.stray', dir: 'in', via: message, data: { peer: 'iut:5683', why: 'x' } });
    expect(t.log.first(unwanted)).to.include({ purl: 'https://bench/late', seq: 3 });
  });
});
