import { findings, messages, notifications, replies, requests, silences } from '../coap/events.ts';
import { printFinding } from '../coap/findings.ts';
import { printCode } from '../coap/message.ts';
import type { Ev } from '../core/events.ts';
import type { Log } from '../core/log.ts';
import { type CborMap, type CborValue, decodeCbor, isCborMap } from './codec/cbor.ts';
import { instantOf } from './instant.ts';
import { unwanted } from './kinds.ts';
import { discovered } from './links.ts';
import { readNote } from './notes.ts';
import { printPackage } from '../link/packages/print.ts';
import { SCHEDULE } from './run.ts';
import { printValue } from './value.ts';

/** Longer bodies are cut for a timeline. */
const WIDTH = 200;

/** What tells most stands first, so that a cut line still shows it. */
const FIRST = ['swupdatestate', 'swupdateresult', 'swupdateaction', 'updatetime', 'purl'];

/** `swupdatestate idle, swupdateresult 0`: texts as they are, in quotes where they look like something else. */
function printMap(map: CborMap): string {
  const names = [...FIRST.filter((name) => name in map), ...Object.keys(map).filter((name) => !FIRST.includes(name))];
  const quoted = (value: unknown): string =>
    typeof value === 'string' && /^$|^[\d{["]/.test(value) && instantOf(value) === undefined
      ? JSON.stringify(value)
      : printValue(value);
  return names.map((name) => `${name} ${quoted(map[name])}`).join(', ');
}

/** Links are told by where they lead. */
function printDecoded(value: CborValue): string {
  if (isCborMap(value)) return printMap(value);
  const hrefs = Array.isArray(value) ? value.flatMap((link) => (isCborMap(link) ? [link['href']] : [])) : [];
  return hrefs.length > 0 ? `links ${hrefs.map((href) => printValue(href)).join(' ')}` : printValue(value);
}

function body(octets: Buffer): string {
  if (octets.length === 0) return '';
  const decoded = decodeCbor(octets);
  const text = decoded.ok
    ? printDecoded(decoded.value)
    : `${octets.length} octets, no CBOR: ${octets.subarray(0, 16).toString('hex')}`;
  return ` ${text.length > WIDTH ? `${text.slice(0, WIDTH)}…` : text}`;
}

/** One line for a timeline; undefined for events that say nothing to a reader, such as the messages that a request consists of. */
export function printEvent(event: Ev, log: Log): string | undefined {
  const request = requests.read(event, log);
  if (request !== undefined) {
    const query = request.query.length === 0 ? '' : `?${request.query.join('&')}`;
    const { label } = readNote(request.note);
    return `${request.dir === 'out' ? '→' : '←'} ${printCode(request.code)} ${request.path}${query}${label === undefined ? '' : ` (${label})`}${body(request.body)}`;
  }
  const discovery = discovered().read(event, log);
  if (discovery !== undefined)
    return `← ${printCode(discovery.code)} ${discovery.multicast ? `multicast, from ${discovery.from}, ` : ''}links ${discovery.links.map((l) => l.href).join(' ')}`;
  const notification = notifications.read(event, log);
  if (notification !== undefined)
    return `← notification ${notification.seq ?? 'without number'}${notification.fresh ? '' : ' (overtaken)'}${body(notification.body)}`;
  const reply = replies.read(event, log);
  if (reply !== undefined) return `${reply.dir === 'in' ? '←' : '→'} ${printCode(reply.code)}${body(reply.body)}`;
  const ended = unwanted.read(event, log);
  if (ended !== undefined) return `← notification ${ended.seq} of an ended observation, purl ${printValue(ended.purl)}`;
  const silence = silences.read(event, log);
  if (silence !== undefined)
    return `  no answer in ${Math.round(silence.afterMs)} ms${silence.acked ? ', acknowledged' : ''}`;
  const finding = findings.read(event, log);
  if (finding !== undefined) return `  ${printFinding(finding)}`;
  if (messages.read(event, log) !== undefined) return undefined;
  return printPackage(event, log) ?? printSchedule(event);
}

function printSchedule(event: Ev): string | undefined {
  if (event.type !== SCHEDULE) return undefined;
  const { action, time, inMs } = event.data ?? {};
  return `  schedule ${printValue(action)} at ${printValue(time)}, in ${Math.round(Number(inMs))} ms`;
}
