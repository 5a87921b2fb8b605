import { EVENT, notifications, replies, requests, type SeenReply } from '../../coap/events.ts';
import { type Ev } from '../../core/events.ts';
import { type Kind, type Log, where } from '../../core/log.ts';
import { type CborMap, decodeCbor, isCborMap } from '../codec/cbor.ts';
import { readNote } from '../notes.ts';
import { type Pstat, readPstat } from './resources.ts';

const GET = '0.01';
const POST = '0.02';

/** The provisioning status as the device showed it at some moment. */
export interface Modes extends Pstat {
  readonly source: 'RETRIEVE' | 'notification';
  readonly label: string | undefined;
  readonly fresh: boolean;
  /** The request that it answers, or the registration. */
  readonly asked: { readonly n: number; readonly ms: number };
}

/** The device's answer to a change of the provisioning status. */
export interface ModesReply {
  readonly label: string | undefined;
  readonly code: string;
  readonly sent: CborMap | undefined;
  readonly asked: { readonly n: number; readonly ms: number };
}

function mapIn(octets: Buffer): CborMap | undefined {
  const decoded = decodeCbor(octets);
  return decoded.ok && isCborMap(decoded.value) ? decoded.value : undefined;
}

function aboutPstat(reply: SeenReply | undefined, code: string): { label: string | undefined } | undefined {
  const { subject, label } = readNote(reply?.request?.note);
  return reply?.dir === 'in' && reply.request?.code === code && subject === 'pstat' ? { label } : undefined;
}

function readModes(event: Ev, log: Log): Modes | undefined {
  const notification = notifications.read(event, log);
  const reply = notification ?? replies.read(event, log);
  const about = aboutPstat(reply, GET);
  const map = about === undefined || reply === undefined || !reply.complete ? undefined : mapIn(reply.body);
  if (map === undefined || reply?.request === undefined || about === undefined || !reply.code.startsWith('2.'))
    return undefined;
  return {
    ...readPstat(map),
    source: notification === undefined ? 'RETRIEVE' : 'notification',
    label: about.label,
    fresh: notification?.fresh ?? true,
    asked: { n: reply.request.n, ms: reply.request.ms },
  };
}

/** Every provisioning status received. */
export const modesShown: Kind<Modes> = { name: 'provisioning status', read: readModes };

/** The provisioning status that was asked for with this label. */
export function modesRead(label: string): Kind<Modes> {
  return where(modesShown, `provisioning status (${label})`, (m) => m.source === 'RETRIEVE' && m.label === label);
}

/** Notifications of the provisioning status. */
export const modesNotified: Kind<Modes> = where(
  modesShown,
  'notification of the provisioning status',
  (m) => m.source === 'notification',
);

/** Answers to changes of the provisioning status with this label. */
export function modesAnswered(label: string): Kind<ModesReply> {
  return {
    name: `answer to the change of the provisioning status (${label})`,
    read(event, log) {
      const reply = replies.read(event, log);
      const about = aboutPstat(reply, POST);
      if (reply?.request === undefined || about === undefined || about.label !== label) return undefined;
      const { n, ms, body } = reply.request;
      return { label, code: reply.code, sent: mapIn(body), asked: { n, ms } };
    },
  };
}

/** The device took the change with this label. */
export function modesTaken(label: string): Kind<ModesReply> {
  return where(modesAnswered(label), `accepted change of the provisioning status (${label})`, (r) =>
    r.code.startsWith('2.'),
  );
}

/** What answered the request that an event holds; undefined for other events and other labels. */
export function answerOf<V extends { readonly asked: { readonly n: number } }>(
  event: Ev,
  log: Log,
  label: string,
  read: (event: Ev) => V | undefined,
): V | undefined {
  if (event.type !== EVENT.request || readNote(requests.read(event, log)?.note).label !== label) return undefined;
  for (const later of log.events) {
    const answer = later.n > event.n ? read(later) : undefined;
    if (answer?.asked.n === event.n) return answer;
  }
  return undefined;
}

/** A change of the provisioning status with this label that was answered, at the moment of its request. */
export function modesDelivered(label: string): Kind<ModesReply> {
  const answered = modesAnswered(label);
  return {
    name: `change of the provisioning status (${label})`,
    read: (event, log) => answerOf(event, log, label, (e) => answered.read(e, log)),
  };
}
