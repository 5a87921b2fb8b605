import { BenchError, messageOf } from '../../core/errors.ts';
import { valueOf } from '../codec/access.ts';
import type { Layout, Value } from '../../core/layout/layout.ts';
import { encodeMessage, type MessageType } from '../codec/message.ts';
import { decodeProxyConfiguration, encodeProxyConfiguration, proxyConfiguration } from '../codec/proxy.ts';
import { Bell } from './bell.ts';
import type { MeshStack, Received, SendOptions } from './meshStack.ts';
import { isLater } from './replay.ts';

/** Limits of one transaction in real milliseconds, already scaled by the caller. */
export interface Deadline {
  /** Gives up when nothing came for so long. */
  readonly withinMs: number;
  /** Sends the request again after so long without an answer. */
  readonly retryMs: number;
}

/** Nothing came in time. It is recorded as a `silence` event, and a judge decides what it means. */
export interface Silence {
  readonly kind: 'silence';
  readonly awaited: string;
  readonly tries: number;
  readonly afterMs: number;
}

/** How a request ended. `malformed`: the answer came, but its parameters do not fit. */
export type Answer<V> =
  | { readonly kind: 'reply'; readonly value: V; readonly received: Received; readonly tries: number }
  | { readonly kind: 'malformed'; readonly received: Received; readonly tries: number }
  | Silence;

/** A wait that is in place before its stimulus is sent. */
export interface Waiting {
  /** The message, or undefined when the time is over or the wait was taken back. */
  readonly result: Promise<Received | undefined>;
  cancel(): void;
}

/** Waits for the first access message that passes the test. */
export function awaitMessage(stack: MeshStack, withinMs: number, test: (received: Received) => boolean): Waiting {
  let end: (received: Received | undefined) => void = () => undefined;
  const result = new Promise<Received | undefined>((resolve) => {
    const cancelTimer = stack.options.timers.after(withinMs, () => end(undefined));
    const stop = stack.onReceive((received) => {
      if (test(received)) end(received);
    });
    end = (received) => {
      cancelTimer();
      stop();
      resolve(received);
    };
  });
  return { result, cancel: () => end(undefined) };
}

/** Waits for a message of one type; a silence is recorded. */
export async function awaitType<L extends Layout>(
  stack: MeshStack,
  type: MessageType<L>,
  withinMs: number,
  test: (value: Value<L>, received: Received) => boolean = () => true,
): Promise<{ readonly kind: 'message'; readonly value: Value<L>; readonly received: Received } | Silence> {
  const received = await awaitMessage(stack, withinMs, (candidate) => {
    const value = valueOf(type, candidate.decoded);
    return value !== undefined && test(value, candidate);
  }).result;
  const value = received && valueOf(type, received.decoded);
  if (received === undefined || value === undefined) return silence(stack, type.name, 0, withinMs);
  return { kind: 'message', value, received };
}

/** Sends a message that nobody answers. */
export async function tell<L extends Layout>(
  stack: MeshStack,
  type: MessageType<L>,
  value: Value<L>,
  options: SendOptions,
): Promise<void> {
  await stack.sendAccess(encodeMessage(type, value), options);
}

/**
 * Sends an acknowledged message until its answer comes or the deadline passes. After more than one try it absorbs late
 * answers to the earlier ones, which could be taken for the answer to the next request: messages carry no transaction number.
 */
export function request<L extends Layout, R extends Layout>(
  stack: MeshStack,
  type: MessageType<L, MessageType<R>>,
  value: Value<L>,
  options: SendOptions & Deadline,
): Promise<Answer<Value<R>>> {
  const { reply } = type;
  if (reply === undefined) return Promise.resolve(silence(stack, `an answer to ${type.name}, which has none`, 0, 0));
  return requestRaw(stack, encodeMessage(type, value), reply, options);
}

/** The same for octets of any kind: for tests that send what is not allowed. */
export async function requestRaw<R extends Layout>(
  stack: MeshStack,
  pdu: Buffer,
  reply: MessageType<R>,
  options: SendOptions & Deadline,
): Promise<Answer<Value<R>>> {
  const { timers } = stack.options;
  const start = timers.now();
  const left = (): number => options.withinMs - (timers.now() - start);
  const answers: Received[] = [];
  // What was begun before something that has been delivered already cannot answer a question that is asked now.
  const before = typeof options.to === 'number' ? stack.newestFrom(options.to) : undefined;
  const bell = new Bell(timers);
  const stop = stack.onReceive((received) => {
    if (typeof options.to === 'number' && options.to < 0x8000 && received.src !== options.to) return;
    if (received.decoded.opcode !== reply.opcode) return;
    if (before !== undefined && !isLater(received.begun, before)) return;
    answers.push(received);
    bell.ring();
  });
  try {
    let tries = 0;
    while (answers.length === 0 && (tries === 0 || left() > 0)) {
      tries++;
      const sending = watch(stack.sendAccess(pdu, options), bell);
      while (!sending.ended && answers.length === 0 && left() > 0) await bell.wait(left());
      if (sending.error !== undefined) throw sending.error;
      if (answers.length === 0 && left() > 0) await bell.wait(Math.min(options.retryMs, left()));
    }
    const [received] = answers;
    if (received === undefined) return silence(stack, reply.name, tries, timers.now() - start);
    const settled = timers.now() + options.retryMs;
    while (answers.length < tries && timers.now() < settled) await bell.wait(settled - timers.now());
    const value = valueOf(reply, received.decoded);
    return value === undefined ? { kind: 'malformed', received, tries } : { kind: 'reply', value, received, tries };
  } finally {
    stop();
  }
}

/** Rings when the sending has ended, well or not; an error is kept, so that it is never unhandled. */
function watch(sent: Promise<unknown>, bell: Bell): { ended: boolean; error?: Error } {
  const sending: { ended: boolean; error?: Error } = { ended: false };
  const end = (error?: unknown): void => {
    sending.ended = true;
    if (error !== undefined)
      sending.error = error instanceof Error ? error : new BenchError('mesh-send', messageOf(error), { cause: error });
    bell.ring();
  };
  sent.then(() => end(), end);
  return sending;
}

/** What a proxy said about its filter, and its address. */
export interface FilterStatus {
  readonly kind: 'filter status';
  readonly filter: number;
  readonly listSize: number;
  readonly proxy: number;
}

/**
 * Sets the filter type and adds addresses (6.6). The first thing to do on a connection: a Filter Status proves keys, IV
 * index and sequence numbers in one step.
 */
export async function setFilter(
  stack: MeshStack,
  filter: number,
  addresses: readonly number[],
  withinMs: number,
): Promise<FilterStatus | Silence> {
  const { setFilterType, addAddresses } = proxyConfiguration;
  const status = await proxyExchange(stack, encodeProxyConfiguration(setFilterType, { filter }), withinMs);
  if (status.kind === 'silence' || addresses.length === 0) return status;
  const added = { addresses: addresses.map((address) => ({ address })) };
  return proxyExchange(stack, encodeProxyConfiguration(addAddresses, added), withinMs);
}

/** Takes addresses out of the filter list. */
export function removeFromFilter(
  stack: MeshStack,
  addresses: readonly number[],
  withinMs: number,
): Promise<FilterStatus | Silence> {
  const removed = { addresses: addresses.map((address) => ({ address })) };
  return proxyExchange(stack, encodeProxyConfiguration(proxyConfiguration.removeAddresses, removed), withinMs);
}

/** A proxy answers every configuration message with a Filter Status. */
async function proxyExchange(stack: MeshStack, message: Buffer, withinMs: number): Promise<FilterStatus | Silence> {
  let stop: () => void = () => undefined;
  let cancelTimer: () => void = () => undefined;
  const heard = new Promise<FilterStatus | undefined>((resolve) => {
    cancelTimer = stack.options.timers.after(withinMs, () => resolve(undefined));
    stop = stack.onProxyConfiguration(({ pdu }) => {
      const status = decodeProxyConfiguration(proxyConfiguration.filterStatus, pdu.transport);
      if (status !== undefined) resolve({ kind: 'filter status', ...status, proxy: pdu.src });
    });
  });
  try {
    await stack.sendProxyConfiguration(message);
    return (await heard) ?? silence(stack, 'Filter Status', 1, withinMs);
  } finally {
    stop();
    cancelTimer();
  }
}

/** Records that nothing came; what that means is a judge's matter. */
function silence(stack: MeshStack, awaited: string, tries: number, afterMs: number): Silence {
  stack.options.sink.append({ channel: 'mesh', type: 'silence', data: { awaited, tries, afterMs } });
  return { kind: 'silence', awaited, tries, afterMs };
}
