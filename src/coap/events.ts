import { type Ev, type Json, rawOf } from '../core/events.ts';
import type { Kind, Log } from '../core/log.ts';
import { RULES, type Rule } from './findings.ts';
import { decode, type Message } from './message.ts';
import { findUint, OPTION, type Option } from './options.ts';

/**
 * The event types of this layer. `peer` is always `address:port`; options stand as `number:hex`; `request` is the number of a `coap.request`.
 *
 * | type | dir | raw | via | data |
 * | --- | --- | --- | --- | --- |
 * | `coap.message` | both | the message in clear | in: its datagram; out: the `coap.request` or `coap.reply` it serves | `peer`, out: `attempt` from 1 |
 * | `coap.malformed` | in | the octets | its datagram | `peer`, `rule`, `text` |
 * | `coap.stray` | in | | its `coap.message` | `peer`, `why`: it belongs to nothing under way |
 * | `coap.request` | out: ours, in: the device's | whole body | in: its last `coap.message` | `peer`, `code`, `path`, `query`, `options`, `note` |
 * | `coap.reply` | in: the device's, out: ours | whole body | in: its last `coap.message` | `peer`, `request`, `code`, `options`, `complete` |
 * | `coap.silence` | | | | `peer`, `request`, `afterMs`, `acked` |
 * | `coap.reset` | in | | its `coap.message` | `peer`, `request` |
 * | `coap.notification` | in | whole body | its last `coap.message` | `peer`, `request`, `code`, `options`, `complete`, `seq`, `fresh`, `last` |
 * | `coap.finding` | | | the event that shows it | `rule`, `expected`, `observed`, `request` |
 *
 * Out datagrams name the `coap.message` that they carry as `via`.
 */
export const EVENT = {
  message: 'coap.message',
  malformed: 'coap.malformed',
  stray: 'coap.stray',
  request: 'coap.request',
  reply: 'coap.reply',
  silence: 'coap.silence',
  reset: 'coap.reset',
  notification: 'coap.notification',
  finding: 'coap.finding',
} as const;

/** Options as events hold them. */
export function packOptions(options: readonly Option[]): string[] {
  return options.map((o) => `${o.number}:${o.value.toString('hex')}`);
}

function unpackOptions(data: Json | undefined): Option[] {
  return textsOf(data).map((text) => {
    const [number = '', hex = ''] = text.split(':');
    return { number: Number(number), value: Buffer.from(hex, 'hex') };
  });
}

function textsOf(data: Json | undefined): string[] {
  return Array.isArray(data) ? data.filter((t) => typeof t === 'string') : [];
}

function text(event: Ev, field: string): string {
  const value = event.data?.[field];
  return typeof value === 'string' ? value : '';
}

function number(event: Ev, field: string): number | undefined {
  const value = event.data?.[field];
  return typeof value === 'number' ? value : undefined;
}

function flag(event: Ev, field: string): boolean {
  return event.data?.[field] === true;
}

/** What every decoded event of this layer tells. */
export interface SeenBase {
  readonly channel: string;
  readonly peer: string;
}

function base(event: Ev): SeenBase {
  return { channel: event.channel, peer: text(event, 'peer') };
}

/** One message on the wire, in clear. */
export interface SeenMessage extends SeenBase {
  readonly dir: 'in' | 'out';
  readonly message: Message;
  /** 1 for the first sending, more for repetitions; 1 for everything received. */
  readonly attempt: number;
}

export const messages: Kind<SeenMessage> = {
  name: 'CoAP message',
  read(event) {
    if (event.type !== EVENT.message) return undefined;
    const decoded = decode(rawOf(event));
    if (!decoded.ok) return undefined;
    const dir = event.dir ?? 'in';
    return { ...base(event), dir, message: decoded.message, attempt: number(event, 'attempt') ?? 1 };
  },
};

/** A datagram that is no CoAP message. */
export interface SeenMalformed extends SeenBase {
  readonly rule: string;
  readonly text: string;
  readonly raw: Buffer;
}

export const malformed: Kind<SeenMalformed> = {
  name: 'malformed CoAP message',
  read: (event) =>
    event.type === EVENT.malformed
      ? { ...base(event), rule: text(event, 'rule'), text: text(event, 'text'), raw: rawOf(event) }
      : undefined,
};

/** A whole request; `dir` out is ours, in is the device's. */
export interface SeenRequest extends SeenBase {
  readonly dir: 'in' | 'out';
  readonly code: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly options: readonly Option[];
  readonly contentFormat: number | undefined;
  readonly body: Buffer;
  readonly note: string | undefined;
}

function readRequest(event: Ev): SeenRequest | undefined {
  if (event.type !== EVENT.request) return undefined;
  const options = unpackOptions(event.data?.['options']);
  return {
    ...base(event),
    dir: event.dir ?? 'out',
    code: text(event, 'code'),
    path: text(event, 'path'),
    query: textsOf(event.data?.['query']),
    options,
    contentFormat: findUint(options, OPTION.contentFormat),
    body: rawOf(event),
    note: text(event, 'note') || undefined,
  };
}

export const requests: Kind<SeenRequest> = { name: 'CoAP request', read: readRequest };

/** The request that an event belongs to. */
export interface OfRequest extends SeenBase {
  readonly request: (SeenRequest & { readonly n: number; readonly ms: number }) | undefined;
}

function ofRequest(event: Ev, log: Log): OfRequest {
  const n = number(event, 'request');
  const found = n === undefined ? undefined : log.at(n);
  const request = found === undefined ? undefined : readRequest(found);
  return {
    ...base(event),
    request: found === undefined || request === undefined ? undefined : { ...request, n: found.n, ms: found.ms },
  };
}

/** A whole answer; `dir` in is the device's, out is ours. */
export interface SeenReply extends OfRequest {
  readonly dir: 'in' | 'out';
  readonly code: string;
  readonly options: readonly Option[];
  readonly contentFormat: number | undefined;
  readonly body: Buffer;
  /** False where a block-wise body ended before its end. */
  readonly complete: boolean;
}

function readAnswer(event: Ev, log: Log): SeenReply {
  const options = unpackOptions(event.data?.['options']);
  return {
    ...ofRequest(event, log),
    dir: event.dir ?? 'in',
    code: text(event, 'code'),
    options,
    contentFormat: findUint(options, OPTION.contentFormat),
    body: rawOf(event),
    complete: flag(event, 'complete'),
  };
}

export const replies: Kind<SeenReply> = {
  name: 'CoAP reply',
  read: (event, log) => (event.type === EVENT.reply ? readAnswer(event, log) : undefined),
};

/** A whole notification of an observed resource; the first answer to the registration is a reply. */
export interface SeenNotification extends SeenReply {
  /** Value of the Observe option; undefined where it is missing. */
  readonly seq: number | undefined;
  /** Newer than all before it (RFC 7641 3.4). */
  readonly fresh: boolean;
  /** Ends the observation. */
  readonly last: boolean;
}

export const notifications: Kind<SeenNotification> = {
  name: 'CoAP notification',
  read: (event, log) =>
    event.type === EVENT.notification
      ? {
          ...readAnswer(event, log),
          seq: number(event, 'seq'),
          fresh: flag(event, 'fresh'),
          last: flag(event, 'last'),
        }
      : undefined,
};

/** A request that was not answered in time. */
export interface SeenSilence extends OfRequest {
  readonly afterMs: number;
  /** The device acknowledged, but never answered. */
  readonly acked: boolean;
}

export const silences: Kind<SeenSilence> = {
  name: 'CoAP silence',
  read: (event, log) =>
    event.type === EVENT.silence
      ? { ...ofRequest(event, log), afterMs: number(event, 'afterMs') ?? 0, acked: flag(event, 'acked') }
      : undefined,
};

/** A request that was answered with a reset. */
export const resets: Kind<OfRequest> = {
  name: 'CoAP reset',
  read: (event, log) => (event.type === EVENT.reset ? ofRequest(event, log) : undefined),
};

/** What the layer noticed about the peer; see `findings.ts`. */
export interface SeenFinding extends OfRequest {
  readonly rule: Rule;
  readonly level: (typeof RULES)[Rule]['level'];
  readonly expected: string;
  readonly observed: string;
  readonly at: number | undefined;
}

export const findings: Kind<SeenFinding> = {
  name: 'CoAP finding',
  read(event, log) {
    const rule = text(event, 'rule');
    if (event.type !== EVENT.finding || !isRule(rule)) return undefined;
    return {
      ...ofRequest(event, log),
      rule,
      level: RULES[rule].level,
      expected: text(event, 'expected'),
      observed: text(event, 'observed'),
      at: event.via,
    };
  },
};

function isRule(name: string): name is Rule {
  return Object.hasOwn(RULES, name);
}
