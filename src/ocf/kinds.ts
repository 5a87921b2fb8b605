import {
  EVENT,
  messages,
  notifications,
  replies,
  requests,
  resets,
  type SeenReply,
  type SeenRequest,
  silences,
} from '../coap/events.ts';
import { decode } from '../coap/message.ts';
import { findUint, OPTION } from '../coap/options.ts';
import { type Ev, rawOf } from '../core/events.ts';
import { type Kind, type Log, type Seen, where } from '../core/log.ts';
import { type CborMap, decodeCbor, isCborMap } from './codec/cbor.ts';
import { valueOf } from './schema.ts';
import { readNote } from './notes.ts';

/** CRUDN operations as OCF names them; UPDATE is POST, CREATE is PUT (table 7). */
export type SwuMethod = 'RETRIEVE' | 'UPDATE' | 'CREATE' | 'DELETE';
const METHODS: Readonly<Record<string, SwuMethod>> = {
  '0.01': 'RETRIEVE',
  '0.02': 'UPDATE',
  '0.03': 'CREATE',
  '0.04': 'DELETE',
};

/** A request of the tester to the software update resource. */
export interface SwuRequest {
  readonly method: SwuMethod;
  readonly label: string | undefined;
  readonly client: string;
  /** The body where it is a map. */
  readonly body: CborMap | undefined;
}

/** The body of an answer: a map, or why it is none. */
export interface Content {
  readonly properties: CborMap | undefined;
  readonly problem: string | undefined;
}

/** The device's answer to such a request. */
export interface SwuReply extends Content {
  readonly method: SwuMethod;
  readonly label: string | undefined;
  readonly client: string;
  readonly code: string;
  readonly contentFormat: number | undefined;
  /** Value of the Observe option. */
  readonly observe: number | undefined;
  /** When the request was made. */
  readonly asked: { readonly n: number; readonly ms: number };
  readonly sent: CborMap | undefined;
}

/** The resource as the device showed it at some moment. */
export interface Representation {
  readonly source: 'RETRIEVE' | 'UPDATE' | 'notification';
  readonly properties: CborMap;
  readonly state: unknown;
  readonly result: unknown;
  readonly action: unknown;
  readonly purl: unknown;
  readonly time: unknown;
  readonly label: string | undefined;
  readonly client: string;
  /** The request that it answers, or the registration. */
  readonly asked: { readonly n: number; readonly ms: number };
  /** Observe number of a notification. */
  readonly seq: number | undefined;
  /** False for a notification that a newer one overtook. */
  readonly fresh: boolean;
}

const decoded = new WeakMap<Ev, Content>();

function contentOf(event: Ev | undefined, body: Buffer, complete: boolean): Content {
  const known = event === undefined ? undefined : decoded.get(event);
  if (known !== undefined) return known;
  const content = decodeContent(body, complete);
  if (event !== undefined) decoded.set(event, content);
  return content;
}

function decodeContent(body: Buffer, complete: boolean): Content {
  const none = (problem: string): Content => ({ properties: undefined, problem });
  if (!complete) return none('block-wise body that ended before its end');
  if (body.length === 0) return none('empty body');
  const result = decodeCbor(body);
  if (!result.ok) return none(`body that is ${result.kind} CBOR: ${result.reason}`);
  return isCborMap(result.value) ? { properties: result.value, problem: undefined } : none('body that is no map');
}

function aboutSwu(request: SeenRequest | undefined): { method: SwuMethod; label: string | undefined } | undefined {
  const { subject, label } = readNote(request?.note);
  const method = METHODS[request?.code ?? ''];
  return method !== undefined && (subject === 'swu' || subject === 'look') ? { method, label } : undefined;
}

/** Every request to the resource; with a label, those alone. */
export function asked(method: SwuMethod, label?: string): Kind<SwuRequest> {
  return {
    name: `${method}${label === undefined ? '' : ` (${label})`}`,
    read(event, log) {
      const request = requests.read(event, log);
      const about = aboutSwu(request);
      if (request === undefined || about?.method !== method || (label !== undefined && about.label !== label))
        return undefined;
      const { properties } =
        request.body.length === 0 ? { properties: undefined } : contentOf(event, request.body, true);
      return { method, label: about.label, client: request.channel, body: properties };
    },
  };
}

/** Every sending of such a request, repetitions too: a try each where the device acknowledges nothing. */
export function sendings(method: SwuMethod, label?: string): Kind<SwuRequest> {
  const request = asked(method, label);
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
export function acknowledged(method: SwuMethod, label?: string): Kind<SwuRequest> {
  const request = asked(method, label);
  return {
    name: `acknowledged ${request.name}`,
    read(event, log) {
      const silence = silences.read(event, log);
      const origin = silence?.request === undefined ? undefined : log.at(silence.request.n);
      return silence?.acked === true && origin !== undefined ? request.read(origin, log) : undefined;
    },
  };
}

/** Such a request that was rejected with a reset. */
export function wasReset(method: SwuMethod, label?: string): Kind<SwuRequest> {
  const request = asked(method, label);
  return {
    name: `reset of ${request.name}`,
    read(event, log) {
      const origin = resets.read(event, log)?.request;
      const made = origin === undefined ? undefined : log.at(origin.n);
      return made === undefined ? undefined : request.read(made, log);
    },
  };
}

function readReply(reply: SeenReply, event: Ev): SwuReply | undefined {
  const about = aboutSwu(reply.request);
  if (about === undefined || reply.request === undefined || reply.dir !== 'in') return undefined;
  const sent = decodeCbor(reply.request.body);
  return {
    ...about,
    ...contentOf(event, reply.body, reply.complete),
    client: reply.channel,
    code: reply.code,
    contentFormat: reply.contentFormat,
    observe: findUint(reply.options, OPTION.observe),
    asked: { n: reply.request.n, ms: reply.request.ms },
    sent: sent.ok && isCborMap(sent.value) ? sent.value : undefined,
  };
}

/** Answers to requests of this kind; with a label, to those alone. */
export function answered(method: SwuMethod, label?: string): Kind<SwuReply> {
  return {
    name: `answer to ${method}${label === undefined ? '' : ` (${label})`}`,
    read(event, log) {
      const reply = replies.read(event, log);
      const value = reply === undefined ? undefined : readReply(reply, event);
      return value?.method === method && (label === undefined || value.label === label) ? value : undefined;
    },
  };
}

function representationOf(
  source: Representation['source'],
  properties: CborMap,
  rest: Pick<Representation, 'label' | 'client' | 'asked' | 'seq' | 'fresh'>,
): Representation {
  return {
    source,
    properties,
    state: valueOf(properties, 'swupdatestate'),
    result: valueOf(properties, 'swupdateresult'),
    action: valueOf(properties, 'swupdateaction'),
    purl: valueOf(properties, 'purl'),
    time: valueOf(properties, 'updatetime'),
    ...rest,
  };
}

function readRepresentation(event: Ev, log: Log): Representation | undefined {
  const notification = notifications.read(event, log);
  const reply = notification ?? replies.read(event, log);
  const value = reply === undefined ? undefined : readReply(reply, event);
  if (reply === undefined || value?.properties === undefined || !value.code.startsWith('2.')) return undefined;
  if (notification === undefined && value.method !== 'RETRIEVE' && value.method !== 'UPDATE') return undefined;
  const source = notification === undefined ? (value.method as 'RETRIEVE' | 'UPDATE') : 'notification';
  const { label, client, asked: origin } = value;
  return representationOf(source, value.properties, {
    label,
    client,
    asked: origin,
    seq: notification?.seq,
    fresh: notification?.fresh ?? true,
  });
}

/** Waiting for a run reads the same events over and over; an event never changes. */
const known = new WeakMap<Ev, { readonly representation: Representation | undefined }>();

/** Every representation received, however it came. */
export const representations: Kind<Representation> = {
  name: 'representation',
  read(event, log) {
    const before = known.get(event);
    if (before !== undefined) return before.representation;
    const representation = readRepresentation(event, log);
    known.set(event, { representation });
    return representation;
  },
};

/** What shows the resource as it is: answers to RETRIEVE and notifications. The answer to an UPDATE may still show old values. */
export const shown: Kind<Representation> = where(representations, 'representation', (r) => r.source !== 'UPDATE');

/** Answers to RETRIEVE alone; with a label, to those alone. */
export function retrieved(label?: string): Kind<Representation> {
  return where(
    representations,
    label === undefined ? 'RETRIEVE' : `RETRIEVE (${label})`,
    (r) => r.source === 'RETRIEVE' && (label === undefined || r.label === label),
  );
}

/** Notifications, the answer to the registration not among them; with a label, of that registration alone. */
export function notified(label?: string): Kind<Representation> {
  return where(
    representations,
    'notification',
    (r) => r.source === 'notification' && (label === undefined || r.label === label),
  );
}

/** A notification of an observation that the tester has ended; it was reset. */
export const unwanted: Kind<{ readonly purl: unknown; readonly seq: number }> = {
  name: 'notification of an ended observation',
  read(event, log) {
    const carrier = event.type === EVENT.stray && event.via !== undefined ? log.at(event.via) : undefined;
    const message = carrier === undefined ? undefined : decode(rawOf(carrier));
    if (carrier === undefined || message?.ok !== true) return undefined;
    const seq = findUint(message.message.options, OPTION.observe);
    const { properties } = contentOf(event, message.message.payload, true);
    return seq === undefined || properties === undefined ? undefined : { purl: valueOf(properties, 'purl'), seq };
  },
};

/** The device's answer to a deregistration. */
export const deregistered: Kind<{ readonly code: string }> = {
  name: 'answered deregistration',
  read(event, log) {
    const reply = replies.read(event, log);
    return reply?.request?.note === 'end of observation' ? { code: reply.code } : undefined;
  },
};

/** What the resource that tells the running version showed. */
export function versionRead(label: string): Kind<{ readonly properties: CborMap }> {
  return {
    name: `running version (${label})`,
    read(event, log) {
      const reply = replies.read(event, log);
      const note = readNote(reply?.request?.note);
      if (reply === undefined || note.subject !== 'version' || note.label !== label) return undefined;
      const { properties } = contentOf(event, reply.body, reply.complete);
      return properties === undefined ? undefined : { properties };
    },
  };
}

/** A representation with the number and time of its event. */
export type SeenRepresentation = Seen<Representation>;
