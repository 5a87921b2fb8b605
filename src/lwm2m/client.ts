import type { CoapEndpoint } from '../coap/endpoint.ts';
import { type Block, blockOption } from '../coap/block.ts';
import { METHOD, type Method } from '../coap/message.ts';
import type { Observed } from '../coap/observe.ts';
import { OPTION, type Option, uintOption, uriOptions } from '../coap/options.ts';
import type { Outcome } from '../coap/request.ts';
import { DriveEnd } from '../core/case.ts';
import type { Bench } from '../core/standard.ts';
import { decodeContent, FORMAT } from './codec/content.ts';
import { type Path, printPath } from './codec/path.ts';
import type { Entry } from './codec/value.ts';
import { transmissionOf } from './door.ts';
import { noteOf, type Operation } from './notes.ts';
import type { Registration, Registry } from './registry.ts';

/** One operation on the data model; what is left out is what a right server sends. */
export interface Ask {
  readonly operation: Operation;
  readonly method: Method;
  readonly path: Path;
  /** Told apart by this in the log. */
  readonly label?: string;
  readonly query?: readonly string[];
  readonly accept?: number;
  readonly payload?: Uint8Array;
  /** Content-Format of the payload. */
  readonly format?: number;
  /** Beyond the above. */
  readonly options?: readonly Option[];
  readonly confirmable?: boolean;
  readonly szx?: number;
  /** Taken up: a refusal that asks for smaller blocks. */
  readonly restartSmaller?: true;
}

/** One block of a transfer that a case makes by hand. */
export interface BlockAsk {
  readonly path: Path;
  readonly block: Block;
  readonly payload: Uint8Array;
  readonly format: number;
}

/** The server's requests to the device that is registered. They go one after the other (RFC 7252 4.7). */
export interface Client {
  request(ask: Ask): Promise<Outcome>;
  /** FETCH observes several places at once. */
  observe(ask: Omit<Ask, 'method' | 'operation'> & { readonly method?: 'FETCH' }): Promise<Observed>;
  /** Options of a request with this path, as the device's root asks for. */
  options(path: Path, rest: readonly Option[], query?: readonly string[]): readonly Option[];
  /** One message with retransmission, written as `lwm2m.step`; its code, or undefined where none came. */
  block(label: string, ask: BlockAsk): Promise<string | undefined>;
  registration(): Registration;
}

/** The event of one message that a case makes by hand: `label`, `what`, `code` (or null), `type` of the answer. */
export const STEP = 'lwm2m.step';

/** The values of a successful answer, if it holds any that can be read. */
export function entriesOf(outcome: Outcome, path: Path): readonly Entry[] | undefined {
  if (outcome.kind !== 'reply' || !outcome.code.startsWith('2.')) return undefined;
  const decoded = decodeContent(outcome.contentFormat, path, outcome.payload);
  return decoded.ok ? decoded.entries : undefined;
}

/** A look is sent twice at most. */
const LOOK_REPETITIONS = 1;

export function openClient(bench: Bench, endpoint: CoapEndpoint, registry: Registry): Client {
  const { timing, events } = bench;
  let queue: Promise<unknown> = Promise.resolve();
  let heardMs = performance.now();
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };
  const registration = (): Registration => {
    const now = registry.current();
    if (now === undefined) throw new DriveEnd('the device is not registered');
    return now;
  };
  const pathText = (path: Path): string => {
    const prefix = (registration().links?.root ?? '/').replace(/\/$/, '');
    return path.length === 0 && prefix !== '' ? prefix : `${prefix}${printPath(path)}`;
  };
  /** A device in queue mode may sleep: what is for it waits for its next Update. */
  const awake = async (): Promise<void> => {
    const { queue: sleeps, lifetimeS } = registration();
    if (!sleeps || performance.now() - heardMs < timing.real('awake')) return;
    await registry.heard(lifetimeS * 1000 * timing.factors.protocol);
    heardMs = performance.now();
  };
  const common = (ask: Omit<Ask, 'method' | 'operation'>, operation: Operation) => ({
    to: registration().peer,
    path: pathText(ask.path),
    query: ask.query ?? [],
    options: [
      ...(ask.format === undefined ? [] : [uintOption(OPTION.contentFormat, ask.format)]),
      ...(ask.accept === undefined ? [] : [uintOption(OPTION.accept, ask.accept)]),
      ...(ask.options ?? []),
    ],
    note: noteOf(operation, ask.label),
    deadlineMs: timing.real(operation === 'look' ? 'look' : 'answer'),
    ...(operation === 'look' ? { timing: transmissionOf(bench, LOOK_REPETITIONS) } : {}),
    ...(ask.payload === undefined ? {} : { payload: ask.payload }),
    ...(ask.confirmable === undefined ? {} : { confirmable: ask.confirmable }),
    ...(ask.szx === undefined ? {} : { szx: ask.szx }),
    ...(ask.restartSmaller === undefined ? {} : { restartSmaller: ask.restartSmaller }),
  });
  const noting = <R extends { readonly kind: string }>(outcome: R): R => {
    if (outcome.kind !== 'silence') heardMs = performance.now();
    return outcome;
  };
  return {
    registration,
    request: (ask) =>
      inTurn(async () => {
        await awake();
        return noting(await endpoint.request({ ...common(ask, ask.operation), method: ask.method }));
      }),
    observe: (ask) =>
      inTurn(async () => {
        await awake();
        const { method = 'GET' } = ask;
        return noting(await endpoint.observe({ ...common(ask, 'observe'), method }));
      }),
    options: (path, rest, query) => [...uriOptions(pathText(path), query), ...rest],
    block: (label, { path, block, payload, format }) =>
      inTurn(async () => {
        const options = [
          ...uriOptions(pathText(path)),
          uintOption(OPTION.contentFormat, format),
          blockOption(OPTION.block1, block),
        ];
        const outgoing = { code: METHOD.PUT, options, payload: Buffer.from(payload) };
        const step = await endpoint.exchange(registration().peer, outgoing, { deadlineMs: timing.real('answer') });
        const code = step.kind === 'reply' ? step.message.code : null;
        const via = step.kind === 'silence' ? step.sent : step.n;
        events.append({
          channel: 'coap',
          type: STEP,
          via,
          data: { label, what: `block ${block.num}`, code, sent: step.sent },
        });
        return code ?? undefined;
      }),
  };
}

/** The format in which the tester reads instances: the one of the version that the device registered with, where it is declared. */
export function readFormat(version: string, declared: (item: string) => boolean): number {
  const order =
    version === '1.0'
      ? ([['6', FORMAT.tlv]] as const)
      : ([
          ['5', FORMAT.senmlCbor],
          ['4', FORMAT.senmlJson],
          ['6', FORMAT.tlv],
          ['8', FORMAT.lwm2mCbor],
        ] as const);
  return order.find(([row]) => declared(`SWMGMT 9/${row}`))?.[1] ?? FORMAT.tlv;
}
