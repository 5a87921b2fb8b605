import { type Ev, rawOf } from '../core/events.ts';
import type { Layout, Value } from '../core/layout/layout.ts';
import type { Kind, Log } from '../core/log.ts';
import { type Decoded, decodeAccess, valueOf } from './codec/access.ts';
import type { MessageType } from './codec/message.ts';
import { accessOf } from './log.ts';

/** The device's answer to a question of the tester. */
export interface Answered<V> {
  readonly label: string;
  /** Undefined where the octets do not fit the layout. */
  readonly value: V | undefined;
  /** Why they do not; undefined where they do. */
  readonly problem: string | undefined;
  /** Octets of the parameters. */
  readonly length: number;
  readonly src: number;
  /** How often the question was sent. */
  readonly tries: number;
  /** When it was sent first. */
  readonly asked: { readonly n: number; readonly ms: number };
}

const decodings = new WeakMap<Ev, Decoded>();

/** The decoded access PDU of an event; each event is decoded once. */
export function decodedOf(event: Ev): Decoded {
  const known = decodings.get(event);
  if (known !== undefined) return known;
  const decoded = decodeAccess(rawOf(event));
  decodings.set(event, decoded);
  return decoded;
}

function labelOf(event: Ev): string | undefined {
  const label = event.data?.['label'];
  return typeof label === 'string' ? label : undefined;
}

/** Octets of an access PDU after its opcode. */
function parametersLength(raw: Buffer): number {
  const first = raw[0] ?? 0;
  return raw.length - (first < 0x80 ? 1 : first < 0xc0 ? 2 : 3);
}

/** When the question with this label was sent first, counted back from its answer. */
function firstSending(log: Log, answer: Ev, label: string): { n: number; ms: number } {
  let first: Ev = answer;
  let left = Number(answer.data?.['tries'] ?? 1);
  for (let n = answer.n - 1; n >= 0 && left > 0; n--) {
    const event = log.at(n);
    if (event === undefined) break;
    if (event.type !== 'mesh.access' || event.dir !== 'out' || labelOf(event) !== label) continue;
    first = event;
    left--;
  }
  return { n: first.n, ms: first.ms };
}

/** Answers of this type; with a label, those to that question alone. */
export function answer<L extends Layout>(type: MessageType<L>, label?: string): Kind<Answered<Value<L>>> {
  return {
    name: label === undefined ? type.name : `${type.name} (${label})`,
    read(event, log) {
      const own = labelOf(event);
      if (event.type !== 'mesh.answer' || own === undefined || (label !== undefined && own !== label)) return undefined;
      const carrier = event.via === undefined ? undefined : log.at(event.via);
      if (carrier === undefined) return undefined;
      const decoded = decodedOf(carrier);
      if (decoded.kind === 'unknown' || decoded.opcode !== type.opcode) return undefined;
      return {
        label: own,
        value: valueOf(type, decoded),
        problem: decoded.kind === 'malformed' ? decoded.error.message : undefined,
        length: parametersLength(rawOf(carrier)),
        src: Number(carrier.data?.['src']),
        tries: Number(event.data?.['tries'] ?? 1),
        asked: firstSending(log, event, own),
      };
    },
  };
}

/** Every sending of the question with this label, repetitions too: a try each. */
export function sendings(label: string): Kind<{ readonly label: string }> {
  return {
    name: label,
    read: (event) =>
      event.type === 'mesh.access' && event.dir === 'out' && labelOf(event) === label ? { label } : undefined,
  };
}

/** A message of the tester that the device acknowledged on the transport layer. */
export function told(
  label: string,
): Kind<{ readonly label: string; readonly asked: { readonly n: number; readonly ms: number } }> {
  return {
    name: label,
    read: (event, log) =>
      event.type === 'mesh.told' && labelOf(event) === label
        ? { label, asked: firstSending(log, event, label) }
        : undefined,
  };
}

/** The same for every message whose label begins so. */
export function toldAll(prefix: string): ReturnType<typeof told> {
  return {
    name: prefix,
    read(event, log) {
      const label = labelOf(event);
      return label?.startsWith(prefix) === true ? told(label).read(event, log) : undefined;
    },
  };
}

/** What the device was told by its console; a drive goes on only once the console has answered. */
export function said(verb: string): Kind<{ readonly verb: string }> {
  return {
    name: `"${verb}" on the console`,
    read: (e) => (e.type === 'mesh.say' && e.data?.['verb'] === verb ? { verb } : undefined),
  };
}

/** A mark of the drive. */
export function marked(name: string): Kind<{ readonly data: Ev['data'] }> {
  return { name, read: (e) => (e.type === 'mark' && e.data?.['name'] === name ? { data: e.data } : undefined) };
}

/** A message as it came in or went out. */
export interface Message<V> {
  readonly value: V;
  readonly src: number;
  readonly dst: number;
  readonly opcode: number;
}

/** Well-formed messages of one type, from the device unless told otherwise; those that came between two cases belong to the earlier one. */
export function message<L extends Layout>(type: MessageType<L>, dir: 'in' | 'out' = 'in'): Kind<Message<Value<L>>> {
  return {
    name: type.name,
    read(event) {
      if (event.type !== 'mesh.access' || event.dir !== dir || event.data?.['arrange'] === true) return undefined;
      const decoded = decodedOf(event);
      const value = valueOf(type, decoded);
      const access = value === undefined ? undefined : accessOf(event);
      if (value === undefined || access === undefined || decoded.kind !== 'message') return undefined;
      // What the decoder gives is the type's own number: the octets tell which one was sent.
      const first = rawOf(event)[0] ?? 0;
      const opcode = first < 0x80 ? first : decoded.opcode;
      return { value, src: access.src, dst: access.dst, opcode };
    },
  };
}

/** How the device advertised when the tester looked. */
export function looked(label: string): Kind<{ readonly shows: string | null }> {
  return {
    name: `advertisement (${label})`,
    read(event) {
      if (event.type !== 'mesh.looked' || labelOf(event) !== label) return undefined;
      const shows = event.data?.['shows'];
      return { shows: typeof shows === 'string' ? shows : null };
    },
  };
}
