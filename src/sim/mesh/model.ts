import type { Layout, Value } from '../../core/layout/layout.ts';
import type { Decoded } from '../../mesh/codec/access.ts';
import { encodeMessage, type MessageType, rawMessage } from '../../mesh/codec/message.ts';
import type { Timers } from '../../mesh/stack/timers.ts';
import type { Behaviour, Overlay, Situation } from './behaviour.ts';

/** The other end of a message: its address (or a label), and the AppKey. */
export interface Peer {
  readonly address: number;
  readonly app: number;
  /** TTL of what is sent there; the node's default where it is left out. */
  readonly ttl?: number;
}

/** What carries a model's access PDUs away. Resolves to whether they are known to have arrived, or needed not to be. */
export type SendAccess = (pdu: Buffer, to: Peer) => Promise<boolean>;

/** A model of an element. It ignores messages that are none of its own. */
export interface Model {
  readonly id: number;
  receive(message: Decoded, from: Peer): void;
  /** Stops all timers: the power goes. */
  close(): void;
}

/** What every model is made with. */
export interface ModelPort {
  readonly behaviour: Behaviour;
  /** Protocol time. */
  readonly timers: Timers;
  readonly send: SendAccess;
  /** State that survives a power cut has changed. */
  changed(): void;
}

/** Sends a message as the node's faults want it. */
export function sendMessage<L extends Layout>(
  { behaviour, send }: Pick<ModelPort, 'behaviour' | 'send'>,
  type: MessageType<L>,
  value: Value<L>,
  to: Peer,
): Promise<boolean> {
  if (behaviour.unsent?.includes(type.name) === true) return Promise.resolve(false);
  const overlay = behaviour.fields?.[type.name];
  const right = encodeMessage(type, overlay === undefined ? value : overlaid(value, overlay));
  const opcode = behaviour.opcodes?.[type.name];
  const length = type.opcode > 0xff ? 2 : 1;
  const whole = opcode === undefined ? right : rawMessage(opcode, right.subarray(length));
  const cut = whole.subarray(0, Math.max(length, whole.length - (behaviour.cut?.[type.name] ?? 0)));
  return send(behaviour.padded?.includes(type.name) === true ? Buffer.concat([cut, Buffer.alloc(1)]) : cut, to);
}

/** The status for this situation: the right one, or what a fault puts in its place. */
export function statusFor(behaviour: Behaviour, situation: Situation, right: number): number {
  return behaviour.statuses?.[situation] ?? right;
}

/** Groups that are absent stay absent. */
function overlaid<T>(value: T, overlay: Overlay): T {
  const out: Record<string, unknown> = { ...(value as Record<string, unknown>) };
  for (const [name, field] of Object.entries(overlay)) {
    const nested = typeof field === 'object' && !Buffer.isBuffer(field) && !Array.isArray(field);
    if (!nested) out[name] = field;
    else if (out[name] !== undefined) out[name] = overlaid(out[name], field as Overlay);
  }
  return out as T;
}

/** A timer that is set again and again. */
export class Countdown {
  readonly #timers: Timers;
  #cancel: () => void = () => undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Replaces what was set before. */
  set(ms: number, run: () => void): void {
    this.clear();
    this.#cancel = this.#timers.after(ms, run);
  }

  clear(): void {
    this.#cancel();
    this.#cancel = () => undefined;
  }
}
