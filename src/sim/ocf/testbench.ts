import { createServer, type RequestListener, type Server } from 'node:http';
import { generate, parse, type ParsedPacket } from 'coap-packet';
import { benchClock, type BenchClock, wallNow } from '../../core/clock.ts';
import type { Peer } from '../../link/wire.ts';
import { type CborMap, type CborValue, decodeCbor, encodeCbor } from '../../ocf/codec/cbor.ts';
import { FakeWire, until } from '../coap/fake-wire.ts';
import { noSink } from '../process.ts';
import { memoryStore, type Store } from '../store.ts';
import type { Behaviour } from './behaviour.ts';
import { OcfDevice } from './device.ts';
import { type Options, presetOptions } from './options.ts';
import type { Saved } from './store.ts';
import { writeTime } from './time.ts';

const TESTER: Peer = { address: '127.0.0.1', port: 40_000 };
/** Turns of the event loop in which a device that answers at all has answered: it does so without a timer. */
const ANSWER_TURNS = 10;
/** Real milliseconds for the few answers that wait for a timer. */
const PATIENCE_MS = 10_000;
/** Real time per protocol time. */
const FACTOR = 0.005;
/**
 * No timer but those of the update itself may run out on a busy computer: a download without progress is given up after
 * ten real seconds, an unacknowledged notification is repeated after one.
 */
export const UNHURRIED: Partial<Options> = { stallMs: 10_000 / FACTOR };
const LINK = { ackTimeoutMs: 1000, maxRetransmit: 2, lifetimeMs: 600_000, promptMs: 10 };

/** What a request differs in from a confirmable GET of the software update resource. */
export interface Ask {
  readonly code?: string;
  readonly path?: string;
  readonly queries?: readonly string[];
  readonly body?: CborValue;
  readonly raw?: Buffer;
  readonly options?: readonly { readonly name: string; readonly value: Buffer }[];
  readonly token?: number;
  readonly type?: 'CON' | 'NON';
  readonly from?: Peer;
}

export interface Told extends ParsedPacket {
  readonly map: CborMap;
  readonly list: readonly CborMap[];
}

/** A clock that can be stopped, and then goes on where it stood. */
export class StopClock {
  readonly clock: BenchClock = benchClock(wallNow(), FACTOR, () => this.wall());
  private stoodMs = 0;
  private since: number | undefined = wallNow();

  run(): void {
    if (this.since !== undefined) this.stoodMs += wallNow() - this.since;
    this.since = undefined;
  }

  stop(): void {
    this.since ??= wallNow();
  }

  private wall(): number {
    return (this.since ?? wallNow()) - this.stoodMs;
  }
}

/**
 * One device without sockets, for unit tests: talked to in datagrams that the codec package makes. Its clock is 200 times faster, and runs
 * only while the test waits for something (`pass`, `until`, `rest`, `waitFor`): between two steps of a test no time passes, however busy the computer is.
 */
export class Testbench {
  private readonly time = new StopClock();
  readonly clock: BenchClock = this.time.clock;
  readonly options: Options;
  readonly store: Store<Saved>;
  wire = new FakeWire();
  group = new FakeWire();
  device: OcfDevice;
  deaths = 0;
  private readonly behaviour: Behaviour;
  private onSave: (() => void) | undefined;
  private mid = 0;

  constructor(options: Partial<Options> = {}, behaviour: Behaviour = {}, store = memoryStore<Saved>()) {
    this.options = presetOptions({ ...UNHURRIED, ...options });
    this.behaviour = behaviour;
    this.store = {
      load: () => store.load(),
      save: (saved) => {
        store.save(saved);
        this.onSave?.();
      },
    };
    this.device = this.powerOn();
  }

  powerOn(): OcfDevice {
    this.wire = new FakeWire();
    this.group = new FakeWire();
    const { wire, group, clock, options, behaviour, store } = this;
    this.device = new OcfDevice({
      wire,
      multicast: [group],
      clock,
      link: LINK,
      options,
      behaviour,
      store,
      seed: 1,
      sink: noSink(),
      die: () => {
        this.deaths += 1;
      },
    });
    return this.device;
  }

  /** Cuts the power and, unless told otherwise, puts it back at once. */
  powerCut(stayOff = false): void {
    this.device.close();
    if (!stayOff) this.powerOn();
  }

  close(): void {
    this.device.close();
  }

  /** Everything that the device has sent, decoded. */
  sent(): Told[] {
    return this.wire.sent.map(({ data }) => told(parse(data)));
  }

  /** Sends a request and gives what comes back with its message id (of a NON: its token); undefined where nothing does. */
  async ask(ask: Ask = {}): Promise<Told | undefined> {
    const answered = this.send(ask);
    for (let turn = 0; turn < ANSWER_TURNS && answered() === undefined; turn++) await turnOfLoop();
    return answered();
  }

  /** As `ask`, for a request that must be answered, at once or later. */
  async must(ask: Ask = {}): Promise<Told> {
    const answered = this.send(ask);
    const end = performance.now() + PATIENCE_MS;
    while (answered() === undefined && performance.now() < end) await turnOfLoop();
    const answer = answered();
    if (answer === undefined) throw new Error(`no answer to ${JSON.stringify(ask)}`);
    return answer;
  }

  /** Sends to the group address and gives what came back. */
  async askGroup(ask: Ask): Promise<Told[]> {
    const start = this.wire.sent.length;
    this.put({ type: 'NON', ...ask }, this.group);
    for (let turn = 0; turn < ANSWER_TURNS; turn++) await turnOfLoop();
    return this.sent().slice(start);
  }

  /** The representation by the default interface. */
  async read(): Promise<CborMap> {
    return (await this.must()).map;
  }

  /** A whole UPDATE, `inS` seconds of protocol time from now; throws where the device refuses it. */
  async update(action: string, purl: string, inS: number): Promise<void> {
    const updatetime = writeTime(Math.round(this.clock.protocolNow() + inS * 1000));
    const { code } = await this.must({ code: 'POST', body: { purl, swupdateaction: action, updatetime } });
    if (code !== '2.04') throw new Error(`UPDATE ${action} in ${inS} s was answered with ${code}`);
  }

  /** Lets so many seconds of protocol time pass. */
  async pass(seconds: number): Promise<void> {
    const end = this.clock.protocolNow() + seconds * 1000;
    await this.until(`${seconds} s to pass`, () => this.clock.protocolNow() >= end);
  }

  /** Lets time pass until a condition holds. */
  async until(what: string, holds: () => boolean): Promise<void> {
    this.time.run();
    try {
      await until(what, holds);
    } finally {
      this.time.stop();
    }
  }

  /** Lets time pass until what was asked for has run: this state, no run going on, no action left. */
  async rest(state: string): Promise<void> {
    const settled = (): boolean => {
      const { machine, action } = this.store.load() ?? {};
      return machine?.run === undefined && machine?.state === state && action === 'idle';
    };
    await this.until(`state ${state} at rest`, settled);
  }

  /** Lets time pass until the state is reached, at rest or not, and stops it there, so that the state is still the same when the test goes on. */
  async waitFor(state: string): Promise<void> {
    let reached = false;
    const look = (): void => {
      reached ||= this.device.summary.startsWith(`${state} `);
      if (reached) this.time.stop();
    };
    this.onSave = look;
    try {
      this.time.run();
      look();
      await until(`state ${state}`, () => reached);
    } finally {
      this.onSave = undefined;
      this.time.stop();
    }
  }

  /** Sends a request; what it gives back looks for the answer. */
  private send(ask: Ask): () => Told | undefined {
    const start = this.wire.sent.length;
    this.put(ask, this.wire);
    const { mid } = this;
    return () =>
      this.sent()
        .slice(start)
        .find((m) =>
          ask.type === 'NON' ? m.token[0] === (ask.token ?? 1) : (m.ack || m.reset) && m.messageId === mid,
        );
  }

  private put(ask: Ask, wire: FakeWire): void {
    const { code = 'GET', path = '/oc/swu', queries = [], body, raw, type = 'CON', token = 1 } = ask;
    this.mid += 1;
    const payload = raw ?? (body === undefined ? Buffer.alloc(0) : encodeCbor(body));
    const options = [
      ...path
        .slice(1)
        .split('/')
        .map((value) => ({ name: 'Uri-Path' as const, value: Buffer.from(value) })),
      ...queries.map((value) => ({ name: 'Uri-Query' as const, value: Buffer.from(value) })),
      ...(ask.options ?? []),
      ...(payload.length > 0 && ask.options?.some(({ name }) => name === 'Content-Format') !== true
        ? [{ name: 'Content-Format' as const, value: Buffer.from('2710', 'hex') }]
        : []),
    ];
    const packet = {
      code,
      messageId: this.mid,
      token: Buffer.of(token),
      options,
      payload,
      confirmable: type === 'CON',
    };
    wire.arrive(generate(packet), ask.from ?? TESTER);
  }
}

function told(packet: ParsedPacket): Told {
  const decoded = decodeCbor(packet.payload);
  const value = decoded.ok ? decoded.value : undefined;
  return { ...packet, map: (value ?? {}) as CborMap, list: Array.isArray(value) ? (value as CborMap[]) : [] };
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A package server on a free loopback port for one test. */
export async function serve(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/p`, server };
}
