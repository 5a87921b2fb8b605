import {
  messages,
  notifications,
  replies,
  requests,
  type SeenReply,
  type SeenRequest,
  silences,
} from '../coap/events.ts';
import { isFresher } from '../coap/observe.ts';
import { findUint, OPTION, pathOf } from '../coap/options.ts';
import type { Ev } from '../core/events.ts';
import { type Kind, type Log, type Seen, where } from '../core/log.ts';
import { decodeContent } from './codec/content.ts';
import { parsePath, type Path, samePath } from './codec/path.ts';
import { RES } from './codec/swmgmt.ts';
import type { Entry, Value } from './codec/value.ts';
import { STEP } from './client.ts';
import type { Triple } from './machine.ts';
import { type Operation, readNote } from './notes.ts';

export { messages };

/** A request of the tester to the device. */
export interface Asked {
  readonly operation: string;
  readonly label: string | undefined;
  readonly path: Path;
}

/** The device's answer to such a request. */
export interface Answer extends Asked {
  readonly code: string;
  readonly contentFormat: number | undefined;
  readonly body: Buffer;
  /** The values of a 2.05 whose format carries values. */
  readonly entries: readonly Entry[] | undefined;
  /** Why there are none. */
  readonly problem: string | undefined;
  /** Value of the Observe option. */
  readonly seq: number | undefined;
  /** The request. */
  readonly asked: { readonly n: number; readonly ms: number };
}

/** The path of the data model at the end of a request's path, below whatever root the device has. */
function modelPath(path: string): Path {
  return parsePath(/(?:\/\d+)*$/.exec(path)?.[0] ?? '') ?? [];
}

function aboutModel(request: SeenRequest | undefined): Asked | undefined {
  if (request === undefined || request.dir !== 'out' || request.note === undefined) return undefined;
  return { ...readNote(request.note), path: modelPath(request.path) };
}

/** Every copy of an Execute, those that a case makes by hand too. */
export const executing: Kind<{ readonly path: Path }> = {
  name: 'Execute',
  read(event, log) {
    const about = aboutModel(requests.read(event, log));
    if (about !== undefined) return about.operation === ('execute' satisfies Operation) ? about : undefined;
    const seen = messages.read(event, log);
    const posted = seen?.dir === 'out' && seen.message.code === '0.02';
    return posted ? { path: modelPath(pathOf(seen.message.options)) } : undefined;
  },
};

const LOOKS: readonly string[] = ['look', 'alive'] satisfies Operation[];

function isWanted(about: Asked | undefined, operation: Operation, label: string | undefined): about is Asked {
  return about?.operation === operation && (label === undefined || about.label === label);
}

function called(operation: Operation, label: string | undefined): string {
  return label === undefined ? operation : `${operation} (${label})`;
}

/** Every request of an operation; with a label, those alone. */
export function asked(operation: Operation, label?: string): Kind<Asked> {
  return {
    name: called(operation, label),
    read(event, log) {
      const about = aboutModel(requests.read(event, log));
      return isWanted(about, operation, label) ? about : undefined;
    },
  };
}

/** Every sending of such a request, repetitions too: a try each. */
export function sendings(operation: Operation, label?: string): Kind<Asked> {
  const request = asked(operation, label);
  return {
    name: request.name,
    read(event, log) {
      const message = messages.read(event, log);
      const served = event.via === undefined ? undefined : log.at(event.via);
      return message?.dir === 'out' && served !== undefined ? request.read(served, log) : undefined;
    },
  };
}

/** Such a request that was acknowledged but not answered. */
export function acknowledged(operation: Operation, label?: string): Kind<Asked> {
  const request = asked(operation, label);
  return {
    name: `acknowledged ${request.name}`,
    read(event, log) {
      const silence = silences.read(event, log);
      const origin = silence?.request === undefined ? undefined : log.at(silence.request.n);
      return silence?.acked === true && origin !== undefined ? request.read(origin, log) : undefined;
    },
  };
}

const decoded = new WeakMap<Ev, Pick<Answer, 'entries' | 'problem'>>();

function contentOf(event: Ev | undefined, reply: SeenReply, path: Path): Pick<Answer, 'entries' | 'problem'> {
  const known = event === undefined ? undefined : decoded.get(event);
  if (known !== undefined) return known;
  const none = (problem: string): Pick<Answer, 'entries' | 'problem'> => ({ entries: undefined, problem });
  let content = none('block-wise body that ended before its end');
  if (reply.complete) {
    const read = decodeContent(reply.contentFormat, path, reply.body);
    content = read.ok ? { entries: read.entries, problem: undefined } : none(read.reason);
  }
  if (event !== undefined) decoded.set(event, content);
  return content;
}

function readAnswer(reply: SeenReply | undefined, event: Ev): Answer | undefined {
  const about = aboutModel(reply?.request);
  if (reply === undefined || about === undefined || reply.request === undefined || reply.dir !== 'in') return undefined;
  const { code, contentFormat, body } = reply;
  const content = code === '2.05' ? contentOf(event, reply, about.path) : { entries: undefined, problem: undefined };
  const seq = findUint(reply.options, OPTION.observe);
  return { ...about, code, contentFormat, body, seq, ...content, asked: { n: reply.request.n, ms: reply.request.ms } };
}

/** Answers to requests of this kind; with a label, to those alone. */
export function answered(operation: Operation, label?: string): Kind<Answer> {
  return {
    name: `answer to ${called(operation, label)}`,
    read(event, log) {
      const answer = readAnswer(replies.read(event, log), event);
      return isWanted(answer, operation, label) ? answer : undefined;
    },
  };
}

/** Success answers: what shows that a request was delivered and taken. */
export function taken(operation: Operation, label?: string): Kind<Answer> {
  const answer = answered(operation, label);
  return where(answer, `accepted ${called(operation, label)}`, (a) => a.code.startsWith('2.'));
}

/** The message that carried an answer, for its type. */
export function carrier(operation: Operation, label: string): Kind<{ readonly type: string }> {
  const answer = answered(operation, label);
  return {
    name: answer.name,
    read(event, log) {
      if (answer.read(event, log) === undefined) return undefined;
      const origin = event.via === undefined ? undefined : log.at(event.via);
      const message = origin === undefined ? undefined : messages.read(origin, log);
      return message === undefined ? undefined : { type: message.message.type };
    },
  };
}

/**
 * True where the device may have got a message of this request more than once: the tester repeated one before its answer came. A device without memory for
 * message ids then answers the repetition anew.
 */
export function wasRepeated(log: Log, answer: { readonly asked: { readonly n: number }; readonly n: number }): boolean {
  const copies = new Map<number, number>();
  for (let n = answer.asked.n; n <= answer.n; n++) {
    const event = log.at(n);
    if (event?.dir !== 'out') continue;
    if (event.type === 'coap.message' && event.via === answer.asked.n && Number(event.data?.['attempt'] ?? 1) > 1)
      return true;
    if (event.type !== 'datagram' || event.via === undefined) continue;
    copies.set(event.via, (copies.get(event.via) ?? 0) + 1);
    if ((copies.get(event.via) ?? 0) > 1 && log.at(event.via)?.via === answer.asked.n) return true;
  }
  return false;
}

/** The three resources of one instance as one answer or notification showed them. */
export interface Snapshot extends Triple {
  readonly instance: number;
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly source: 'read' | 'notification';
  readonly label: string | undefined;
  /** The Read, or the registration of the observation. */
  readonly asked: { readonly n: number; readonly ms: number };
}

export type SeenSnapshot = Seen<Snapshot>;

/** The value of one resource of an instance. */
export function valueAt(entries: readonly Entry[], path: Path): Value | undefined {
  return entries.find((e) => samePath(e.path, path))?.value;
}

/** A number, also where a device sends it with another type (a case of its own judges types). */
function numberOf(value: Value | undefined): number | undefined {
  if (value?.type === 'Boolean') return value.value ? 1 : 0;
  return value?.type === 'Integer' || value?.type === 'Float' ? Number(value.value) : undefined;
}

function textOf(value: Value | undefined): string | undefined {
  return value?.type === 'String' ? value.value : undefined;
}

function snapshotOf(answer: Answer, source: Snapshot['source']): Snapshot | undefined {
  const { entries } = answer;
  const at = entries?.find((e) => e.path[2] === RES.state)?.path;
  const instance = at?.[1];
  if (entries === undefined || instance === undefined) return undefined;
  const of = (resource: number): Value | undefined => valueAt(entries, [9, instance, resource]);
  const [state, result, active] = [RES.state, RES.result, RES.activation].map((r) => numberOf(of(r)));
  if (state === undefined || result === undefined || active === undefined) return undefined;
  const { label, asked: origin } = answer;
  const [name, version] = [RES.name, RES.version].map((r) => textOf(of(r)));
  return { instance, state, result, active: active === 1, name, version, source, label, asked: origin };
}

/** State, result and activation wherever one message of the device shows them together: Reads and notifications of an instance, composite ones. */
export const snapshots: Kind<Snapshot> = {
  name: 'state, result and activation',
  read(event, log) {
    const notification = notifications.read(event, log);
    const answer = readAnswer(notification ?? replies.read(event, log), event);
    if (answer === undefined) return undefined;
    const whole = answer.path.length === 0 || (answer.path.length === 2 && answer.path[0] === 9);
    return whole ? snapshotOf(answer, notification === undefined ? 'read' : 'notification') : undefined;
  },
};

/** The answer to the labelled Read of an instance. */
export function shown(label: string): Kind<Snapshot> {
  return where(snapshots, `state (${label})`, (s) => s.source === 'read' && s.label === label);
}

/** Any snapshot of an instance that fits. */
export function showing(instance: number, name: string, fits: (s: Snapshot) => boolean): Kind<Snapshot> {
  return where(snapshots, name, (s) => s.instance === instance && fits(s));
}

/** A notification of one observation. */
export interface Notified extends Answer {
  readonly fresh: boolean;
  readonly last: boolean;
}

/** Notifications of the observation with this label; of all without. The answer to the registration is not among them. */
export function notified(label?: string): Kind<Notified> {
  return {
    name: label === undefined ? 'notification' : `notification (${label})`,
    read(event, log) {
      const notification = notifications.read(event, log);
      const answer = readAnswer(notification, event);
      if (notification === undefined || answer === undefined) return undefined;
      if (label !== undefined && answer.label !== label) return undefined;
      return { ...answer, fresh: notification.fresh, last: notification.last };
    },
  };
}

/** A notification of one resource, with its value. */
export function toldValue(label: string, fits: (value: Value) => boolean): Kind<Notified> {
  return where(notified(label), `notification (${label}) with the value`, (n) => {
    const value = n.entries === undefined ? undefined : valueAt(n.entries, n.path);
    return value !== undefined && fits(value);
  });
}

/** Every message on the wire that looks like a notification, wanted or not. */
export const observeMessages: Kind<{ readonly seq: number }> = {
  name: 'message with the Observe option',
  read(event, log) {
    const seen = messages.read(event, log);
    if (seen?.dir !== 'in' || seen.message.type === 'ACK' || !seen.message.code.startsWith('2.')) return undefined;
    const seq = findUint(seen.message.options, OPTION.observe);
    return seq === undefined ? undefined : { seq };
  },
};

/** One message that a case made by hand, and the code that came back. */
export interface Stepped {
  readonly label: string;
  readonly what: string;
  /** Undefined where none came. */
  readonly code: string | undefined;
  /** Type of the message that came back. */
  readonly type: string | undefined;
}

/** Every step with this label. */
export function stepped(label: string): Kind<Stepped> {
  const text = (event: Ev, field: string): string | undefined => {
    const value = event.data?.[field];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    name: label,
    read: (event) =>
      event.type === STEP && text(event, 'label') === label
        ? { label, what: text(event, 'what') ?? '', code: text(event, 'code'), type: text(event, 'type') }
        : undefined,
  };
}

/** A Read that only served the tester's own polling. */
export function isLook(operation: string): boolean {
  return LOOKS.includes(operation);
}

/** True where the number of one notification is newer than that of another (RFC 7641 3.4). */
export function isNewer(
  later: { readonly seq: number; readonly ms: number },
  earlier: { readonly seq: number; readonly ms: number },
): boolean {
  return isFresher(later, earlier);
}
