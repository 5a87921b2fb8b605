import { expect } from 'chai';
import { memorySink } from '../core/events.ts';
import { logOf } from '../core/log.ts';
import { EVENT } from './events.ts';
import { printCoap, printWire } from './print.ts';

describe('CoAP timeline', () => {
  it('has one line for every event of the layer', () => {
    const sink = memorySink(() => 0);
    const peer = '127.0.0.1:5683';
    const add = (type: string, data: object, raw = ''): void => {
      sink.append({ channel: 'coap', type, raw, data: { peer, request: 0, ...data } });
    };
    const whole = { options: ['12:2710'], complete: true };
    add(EVENT.request, { code: '0.02', path: '/swu', query: ['if=oic.if.rw'], options: [], note: 'set purl' }, 'a0');
    add(EVENT.reply, { code: '2.04', ...whole }, 'a0a0');
    add(EVENT.notification, { code: '2.05', ...whole, seq: 7, fresh: false, last: true });
    add(EVENT.silence, { afterMs: 93000, acked: true });
    add(EVENT.reset, {});
    add(EVENT.finding, { rule: 'token', expected: 'ab', observed: 'cd' });
    add(EVENT.malformed, { rule: 'version', text: 'version is not 1 (octet 0, RFC 7252 3)' });
    add(EVENT.message, {}, '40007d35');
    add(EVENT.message, {}, 'c0007d35');
    const log = logOf(sink.events, 1);
    expect(sink.events.map((e) => printCoap(e, log))).to.deep.equal([
      '0.02 POST /swu?if=oic.if.rw, 1 octets (set purl)',
      '2.04 Changed, 2 octets to /swu (event 0)',
      'notification 7: 2.05 Content, late, the last to /swu (event 0)',
      'no answer after 93000 ms, though acknowledged to /swu (event 0)',
      'reset to /swu (event 0)',
      'token (must, RFC 7252 5.3.2): expected ab, observed cd',
      'malformed: version is not 1 (octet 0, RFC 7252 3)',
      undefined,
      undefined,
    ]);
    expect(sink.events.slice(-2).map((e) => printWire(e))).to.deep.equal([
      'CON empty mid=7d35',
      'malformed: version is not 1 (octet 0, RFC 7252 3)',
    ]);
  });
});
