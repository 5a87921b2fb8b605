import { type Ev, rawOf } from '../core/events.ts';
import type { Log } from '../core/log.ts';
import { findings, malformed, notifications, replies, requests, resets, silences } from './events.ts';
import { printFinding } from './findings.ts';
import { decode, printCode, printMalformed, printMessage } from './message.ts';

/** A line of a timeline: `POST /swu?if=oic.if.rw, 38 octets`, or undefined for events of other layers and for single messages, see {@link printWire}. */
export function printCoap(event: Ev, log: Log): string | undefined {
  const request = requests.read(event, log);
  if (request !== undefined) {
    const query = request.query.length === 0 ? '' : `?${request.query.join('&')}`;
    const note = request.note === undefined ? '' : ` (${request.note})`;
    return `${printCode(request.code)} ${request.path}${query}${octets(request.body)}${note}`;
  }
  const reply = replies.read(event, log);
  if (reply !== undefined)
    return `${printCode(reply.code)}${octets(reply.body)}${reply.complete ? '' : ', not complete'}${to(reply.request)}`;
  const notification = notifications.read(event, log);
  if (notification !== undefined) {
    const { code, seq, body, fresh, last } = notification;
    const rest = `${fresh ? '' : ', late'}${last ? ', the last' : ''}`;
    return `notification ${seq ?? 'without number'}: ${printCode(code)}${octets(body)}${rest}${to(notification.request)}`;
  }
  const silence = silences.read(event, log);
  if (silence !== undefined)
    return `no answer after ${silence.afterMs} ms${silence.acked ? ', though acknowledged' : ''}${to(silence.request)}`;
  const reset = resets.read(event, log);
  if (reset !== undefined) return `reset${to(reset.request)}`;
  const finding = findings.read(event, log);
  if (finding !== undefined) return printFinding(finding);
  const bad = malformed.read(event, log);
  return bad === undefined ? undefined : `malformed: ${bad.text}`;
}

/** The line of a single message, for the detailed timeline: what `coap.message` and clear `datagram` events hold. */
export function printWire(event: Ev): string {
  const decoded = decode(rawOf(event));
  return decoded.ok ? printMessage(decoded.message) : `malformed: ${printMalformed(decoded.defect)}`;
}

function octets(body: Buffer): string {
  return body.length === 0 ? '' : `, ${body.length} octets`;
}

function to(request: { readonly path: string; readonly n: number } | undefined): string {
  return request === undefined ? '' : ` to ${request.path} (event ${request.n})`;
}
