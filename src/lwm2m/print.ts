import { findings, notifications, replies, requests, silences } from '../coap/events.ts';
import { printFinding } from '../coap/findings.ts';
import { printCode } from '../coap/message.ts';
import type { Ev } from '../core/events.ts';
import type { Log } from '../core/log.ts';
import { printPackage } from '../link/packages/print.ts';
import { decodeContent, FORMAT, printFormat } from './codec/content.ts';
import { printResource } from './codec/definitions.ts';
import { type Path, printPath } from './codec/path.ts';
import { printResult, printState, RES } from './codec/swmgmt.ts';
import { type Entry, printValue, type Value } from './codec/value.ts';
import { answered, notified } from './kinds.ts';
import { readNote } from './notes.ts';
import { knocks } from './packages.ts';
import { registering } from './registered.ts';
import { STEP } from './client.ts';

/** Longer bodies are cut for a timeline. An instance of object 9 must fit: activation, which stands last, is what many cases judge. */
const WIDTH = 240;

function cut(text: string): string {
  return text.length > WIDTH ? `${text.slice(0, WIDTH)}…` : text;
}

function printed(path: Path, value: Value): string {
  const [object, , resource] = path;
  if (object === 9 && value.type === 'Integer' && resource === RES.state) return printState(Number(value.value));
  if (object === 9 && value.type === 'Integer' && resource === RES.result) return printResult(Number(value.value));
  return printValue(value);
}

/** `Update State (7) DELIVERED (3), Update Result (9) INITIAL (0)` */
function printEntries(entries: readonly Entry[]): string {
  const parts = entries.map(({ path, value }) => {
    const [object = 0, , resource] = path;
    const name = resource === undefined ? printPath(path) : printResource(object, resource);
    return value === undefined ? name : `${name} ${printed(path, value)}`;
  });
  return cut(parts.join(', '));
}

function printBody(path: Path, format: number | undefined, body: Buffer): string {
  if (body.length === 0) return '';
  if (format === FORMAT.link) return ` ${cut(body.toString('utf8'))}`;
  const decoded = decodeContent(format, path, body);
  return decoded.ok ? ` ${printEntries(decoded.entries)}` : ` ${body.length} octets (${printFormat(format)})`;
}

function printRequest(event: Ev, log: Log): string | undefined {
  const request = requests.read(event, log);
  if (request === undefined) return undefined;
  const { operation, label } = readNote(request.note);
  const query = request.query.length === 0 ? '' : `?${request.query.join('&')}`;
  const what = request.dir === 'in' ? printCode(request.code) : operation;
  const name = label === undefined ? '' : ` (${label})`;
  const size = request.body.length === 0 ? '' : `, ${request.body.length} octets`;
  return `${request.dir === 'out' ? '→' : '←'} ${what} ${request.path}${query}${name}${size}`;
}

/** One line for a timeline; undefined for events that say nothing to a reader, such as the messages that a request consists of. */
export function printEvent(event: Ev, log: Log): string | undefined {
  const registration = registering.read(event, log);
  if (registration !== undefined) {
    const links = registration.links?.links.map((l) => printPath(l.path)).join(' ') ?? '';
    const parameters = [...registration.parameters].map(([name, value]) => `${name}=${value}`).join(' ');
    return cut(`← ${registration.how} ${parameters} ${links}`);
  }
  const request = printRequest(event, log);
  if (request !== undefined) return request;
  const notification = notified().read(event, log);
  const raw = notifications.read(event, log);
  if (notification !== undefined && raw !== undefined)
    return `← notification ${raw.seq ?? 'without number'}${raw.fresh ? '' : ' (overtaken)'} ${printPath(notification.path)}${printBody(notification.path, raw.contentFormat, raw.body)}`;
  const reply = replies.read(event, log);
  if (reply !== undefined) {
    const { operation, label } = readNote(reply.request?.note);
    const answer =
      operation === '' ? undefined : answered(operation as Parameters<typeof answered>[0], label).read(event, log);
    return `${reply.dir === 'in' ? '←' : '→'} ${printCode(reply.code)}${answer === undefined ? '' : printBody(answer.path, reply.contentFormat, reply.body)}`;
  }
  const silence = silences.read(event, log);
  if (silence !== undefined)
    return `  no answer in ${Math.round(silence.afterMs)} ms${silence.acked ? ', acknowledged' : ''}`;
  const finding = findings.read(event, log);
  if (finding !== undefined) return `  ${printFinding(finding)}`;
  if (knocks.read(event, log) !== undefined) return '← datagram to the address where nobody answers';
  return event.type === STEP ? printStep(event) : printPackage(event, log);
}

function printStep(event: Ev): string {
  const [label, what, code, type] = ['label', 'what', 'code', 'type'].map((field) => {
    const value = event.data?.[field];
    return typeof value === 'string' ? value : undefined;
  });
  return `  ${label} (${what}): ${code === undefined ? 'no answer' : printCode(code)}${type === undefined ? '' : ` by ${type}`}`;
}
