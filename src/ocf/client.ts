import type { EventSink } from '../core/events.ts';
import type { Timing } from '../core/timing.ts';
import { type CoapEndpoint, openCoap } from '../coap/endpoint.ts';
import type { Method } from '../coap/message.ts';
import type { Observation, Observed, ObserveRequest } from '../coap/observe.ts';
import { OPTION, type Option, uintOption } from '../coap/options.ts';
import type { Outcome } from '../coap/request.ts';
import type { Transmission } from '../coap/transmission.ts';
import type { DtlsWire } from '../link/dtls/port.ts';
import { openDtls } from '../link/dtls/wire.ts';
import { openUdp } from '../link/udp.ts';
import type { Peer } from '../link/wire.ts';
import { type CborMap, encodeCbor } from './codec/cbor.ts';
import { CONTENT_FORMAT, encodeVersion, OCF_1_0_0, VERSION_OPTION } from './codec/ocf.ts';
import { noteOf, type Subject } from './notes.ts';

/** One request of a client; what is left out is what a right OCF client sends. */
export interface ClientRequest {
  readonly to: Peer;
  readonly path: string;
  readonly subject: Subject;
  /** Told apart by this in the log. */
  readonly label?: string;
  readonly query?: readonly string[];
  /** A map is encoded; octets go as they are. */
  readonly body?: CborMap | Uint8Array;
  /** Of the body; `null` leaves the option out. */
  readonly contentFormat?: number | null;
  readonly accept?: number;
  /** Only a look: sent twice at most, given up early. */
  readonly look?: boolean;
  /** No second round after a silence: to ask twice would be to ask for two things. */
  readonly once?: boolean;
}

/** A CoAP client on a local port of its own. Its requests go one after the other (RFC 7252 4.7). */
export interface Client {
  /** The channel of its events. */
  readonly name: string;
  readonly local: Peer;
  readonly endpoint: CoapEndpoint;
  /** Of a secured client: its DTLS port. */
  readonly dtls?: DtlsWire;
  /** The latest request got no answer, nor did another one after it: the device is silent altogether. */
  readonly gone: boolean;
  request(method: Method, request: ClientRequest): Promise<Outcome>;
  observe(request: ClientRequest): Promise<Observed>;
  close(): Promise<void>;
}

/** What a secured client needs beside the address. */
export interface Secured {
  /** Makes an association with the peer where there is none; rejects with a BenchError that names the likely cause. A mere look gives up early. */
  connect(dtls: DtlsWire, to: Peer, look: boolean): Promise<void>;
  /** True where the device answers in clear: then a silence is that of the association. */
  answers(): Promise<boolean>;
  /** Gets the key log lines of every association. */
  keyLog(line: string): void;
}

/** Four repetitions as RFC 7252 has them, and one for a mere look. */
const REPETITIONS = { request: 4, look: 1 } as const;
const ACK_RANDOM_FACTOR = 1.5;

function headersOf({ body, contentFormat, accept }: ClientRequest): Option[] {
  const version = encodeVersion(OCF_1_0_0);
  const described: Option[] = [
    uintOption(OPTION.contentFormat, contentFormat ?? CONTENT_FORMAT.ocfCbor),
    { number: VERSION_OPTION.content, value: version },
  ];
  return [
    ...(body === undefined || contentFormat === null ? [] : described),
    uintOption(OPTION.accept, accept ?? CONTENT_FORMAT.ocfCbor),
    { number: VERSION_OPTION.accept, value: version },
  ];
}

const isSilent = (outcome: Outcome): boolean => outcome.kind === 'silence' && !outcome.acked;

/**
 * An observation over DTLS: a silence may have ended the association since, and its end needs one. Where there is none to be had, only the tester forgets the
 * observation.
 */
function reachable(observation: Observation, connect: () => Promise<void>): Observation {
  return {
    request: observation.request,
    get ended() {
      return observation.ended;
    },
    next: (deadlineMs) => observation.next(deadlineMs),
    async cancel(how) {
      if (how === 'reset') return observation.cancel(how);
      const there = await connect().then(
        () => true,
        () => false,
      );
      return observation.cancel(there ? 'request' : 'reset');
    },
  };
}

/** Opens a client on a free local port, with `secured` one that speaks over DTLS. Rejects with a BenchError where there is no port. */
export async function openClient(
  name: string,
  host: string,
  sink: EventSink,
  timing: Timing,
  secured?: Secured,
): Promise<Client> {
  const below = await openUdp({ host, port: 0, sink, channel: secured === undefined ? name : `${name}.dtls` });
  const dtls =
    secured === undefined
      ? undefined
      : openDtls({
          wire: below,
          sink,
          channel: name,
          timing: { firstTimerMs: timing.real('handshakeTimer'), deadlineMs: timing.real('handshake') },
          keyLog: (line) => secured.keyLog(line),
        });
  const wire = dtls ?? below;
  const transmission = (kind: keyof typeof REPETITIONS): Transmission => ({
    ackTimeoutMs: timing.real('ackTimeout'),
    ackRandomFactor: ACK_RANDOM_FACTOR,
    maxRetransmit: REPETITIONS[kind],
  });
  const endpoint = openCoap({ wire, sink, channel: name, timing: transmission('request') });
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };
  const common = (request: ClientRequest): Omit<ObserveRequest, 'method'> => ({
    to: request.to,
    path: request.path,
    query: request.query ?? [],
    options: headersOf(request),
    note: noteOf(request.subject, request.label),
    deadlineMs: timing.real(request.look === true ? 'poll' : 'exchange'),
    ...(request.look === true ? { timing: transmission('look') } : {}),
  });
  const payloadOf = ({ body }: ClientRequest): { payload?: Uint8Array } => {
    if (body === undefined) return {};
    return { payload: body instanceof Uint8Array ? body : encodeCbor(body) };
  };
  let gone = false;
  const answers = async (to: Peer): Promise<boolean> => {
    if (secured !== undefined) return secured.answers();
    const probe = { to, path: '/oic/res', subject: 'alive', look: true } as const;
    return !isSilent(await endpoint.request({ ...common(probe), method: 'GET' }));
  };
  const connect = async ({ to, look = false }: ClientRequest): Promise<void> => {
    if (secured === undefined || dtls === undefined || dtls.association(to) !== undefined) return;
    await secured.connect(dtls, to, look);
    endpoint.forget(to);
  };
  /**
   * A second round where the first got no answer and the device still answers another request: five lost sendings are rare, but a suite makes thousands of
   * requests; ten of them prove the silence. A look and a proof of life have one round: the run repeats them anyway.
   */
  const twice = async <R>(
    request: ClientRequest,
    work: () => Promise<R>,
    silent: (result: R) => boolean,
  ): Promise<R> => {
    await connect(request);
    const first = await work();
    gone = false;
    if (!silent(first)) return first;
    // A device that was started anew knows nothing of the association; the next request makes another.
    dtls?.forget(request.to);
    if (request.look === true || request.subject === 'alive') return first;
    gone = !(await answers(request.to));
    if (gone || request.once === true) return first;
    await connect(request);
    return work();
  };
  return {
    name,
    local: wire.local,
    endpoint,
    ...(dtls === undefined ? {} : { dtls }),
    get gone() {
      return gone;
    },
    request: (method, request) =>
      inTurn(() =>
        twice(request, () => endpoint.request({ ...common(request), ...payloadOf(request), method }), isSilent),
      ),
    async observe(request) {
      const observed = await inTurn(() =>
        twice(
          request,
          () => endpoint.observe(common(request)),
          (o) => o.kind === 'refused' && isSilent(o.outcome),
        ),
      );
      if (observed.kind === 'refused' || secured === undefined) return observed;
      return { ...observed, observation: reachable(observed.observation, () => connect(request)) };
    },
    async close() {
      endpoint.close();
      await wire.close();
    },
  };
}
