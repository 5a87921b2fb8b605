import type { Ev } from '../core/events.ts';
import { type Log, logOf } from '../core/log.ts';
import { packOptions } from '../coap/events.ts';
import { type Option, OPTION, uintOption } from '../coap/options.ts';
import type { CborMap } from './codec/cbor.ts';
import { encodeCbor } from './codec/cbor.ts';

/** A right representation, for logs that unit tests write by hand. */
export const REPRESENTATION: CborMap = {
  purl: 'https://bench/none',
  swupdateaction: 'idle',
  swupdatestate: 'idle',
  swupdateresult: 0,
  updatetime: '1970-01-01T00:00:00Z',
};

const CODES = { GET: '0.01', POST: '0.02', PUT: '0.03', DELETE: '0.04' } as const;

/** Writes the events of a case by hand, as a recorder would. Times are in milliseconds of protocol time, factor 1. */
export class TestLog {
  readonly events: Ev[] = [];
  ms = 0;

  add(event: Omit<Ev, 'n' | 'ms'>): number {
    const n = this.events.length;
    this.events.push({ n, ms: this.ms, ...event });
    return n;
  }

  request(method: keyof typeof CODES, note: string, body?: CborMap): number {
    const raw = body === undefined ? '' : encodeCbor(body).toString('hex');
    return this.add({
      channel: 'coap',
      type: 'coap.request',
      dir: 'out',
      raw,
      data: { peer: 'iut:5683', code: CODES[method], path: '/oc/swu', query: [], options: [], note },
    });
  }

  reply(request: number, code: string, body?: CborMap | Buffer, options: readonly Option[] = []): number {
    const octets = body === undefined || Buffer.isBuffer(body) ? (body ?? Buffer.alloc(0)) : encodeCbor(body);
    return this.add({
      channel: 'coap',
      type: 'coap.reply',
      dir: 'in',
      raw: octets.toString('hex'),
      data: { peer: 'iut:5683', request, code, options: packOptions(options), complete: true },
    });
  }

  /** A RETRIEVE with its answer, which differs from the right one in these properties. */
  retrieve(changes: CborMap = {}, note = 'look'): number {
    return this.reply(this.request('GET', note), '2.05', { ...REPRESENTATION, ...changes });
  }

  /** A notification of the registration. */
  notify(registration: number, seq: number, changes: CborMap = {}, fresh = true): number {
    return this.add({
      channel: 'coap',
      type: 'coap.notification',
      dir: 'in',
      raw: encodeCbor({ ...REPRESENTATION, ...changes }).toString('hex'),
      data: {
        peer: 'iut:5683',
        request: registration,
        code: '2.05',
        options: packOptions([uintOption(OPTION.observe, seq)]),
        complete: true,
        seq,
        fresh,
        last: false,
      },
    });
  }

  /** A schedule with the answer to its UPDATE. */
  schedule(action: string, inMs: number, code = '2.04', label = 'run', purl = 'https://bench/p0'): number {
    this.add({
      channel: 'ocf',
      type: 'ocf.schedule',
      data: { action, purl, time: '2030-01-01T00:00:00Z', inMs, label },
    });
    const body = { purl, swupdateaction: action, updatetime: '2030-01-01T00:00:00Z' };
    return this.reply(this.request('POST', `swu: ${label}`, body), code, REPRESENTATION);
  }

  packageRequest(served = 'packageOk', path = '/p0'): number {
    const data = { method: 'GET', path, served, scheme: 'https', from: 'iut' };
    return this.add({ channel: 'packages', type: 'package.request', dir: 'in', data });
  }

  get log(): Log {
    return logOf(this.events, 1);
  }
}
