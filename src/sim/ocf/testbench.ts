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
const PATIENCE_MS = 40;

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

/** One device without sockets, for unit tests: talked to in datagrams that the codec package makes, on a clock 200 times faster. */
export class Testbench {
  readonly clock: BenchClock = benchClock(wallNow(), 0.005);
  readonly options: Options;
  readonly store: Store<Saved>;
  wire = new FakeWire();
  group = new FakeWire();
  device: OcfDevice;
  deaths = 0;
  private readonly behaviour: Behaviour;
  private mid = 0;

  constructor(options: Partial<Options> = {}, behaviour: Behaviour = {}, store = memoryStore<Saved>()) {
    this.options = presetOptions(options);
    this.behaviour = behaviour;
    this.store = store;
    this.device = this.powerOn();
  }

  powerOn(): OcfDevice {
    this.wire = new FakeWire();
    this.group = new FakeWire();
    const { wire, group, clock, options, behaviour, store } = this;
    this.device = new OcfDevice({
      wire,
      multicast: group,
      clock,
      link: { ackTimeoutMs: 20, maxRetransmit: 2, lifetimeMs: 10_000, promptMs: 10 },
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

  /** Sends a request and waits for what comes back with its message id (of a NON: its token); undefined where nothing does. */
  async ask(ask: Ask = {}): Promise<Told | undefined> {
    const start = this.wire.sent.length;
    this.put(ask, this.wire);
    const answered = (): Told | undefined =>
      this.sent()
        .slice(start)
        .find((m) =>
          ask.type === 'NON' ? m.token[0] === (ask.token ?? 1) : (m.ack || m.reset) && m.messageId === this.mid,
        );
    const end = performance.now() + PATIENCE_MS;
    while (answered() === undefined && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 1));
    return answered();
  }

  /** As `ask`, for a request that must be answered. */
  async must(ask: Ask = {}): Promise<Told> {
    const answer = await this.ask(ask);
    if (answer === undefined) throw new Error(`no answer to ${JSON.stringify(ask)}`);
    return answer;
  }

  /** Sends to the group address and gives what came back. */
  async askGroup(ask: Ask): Promise<Told[]> {
    const start = this.wire.sent.length;
    this.put({ type: 'NON', ...ask }, this.group);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return this.sent().slice(start);
  }

  /** The representation by the default interface. */
  async read(): Promise<CborMap> {
    return (await this.must()).map;
  }

  /** A whole UPDATE, `inS` seconds of protocol time from now; made again where a busy computer let the time pass before it arrived. */
  async update(action: string, purl: string, inS: number): Promise<void> {
    for (let tries = 0; tries < 5; tries++) {
      const updatetime = writeTime(Math.round(this.clock.protocolNow() + inS * 1000));
      const answer = await this.must({ code: 'POST', body: { purl, swupdateaction: action, updatetime } });
      if (answer.code === '2.04') return;
    }
    throw new Error(`UPDATE ${action} in ${inS} s was refused`);
  }

  /** Waits until what was asked for has run: this state, no run going on, no action left. */
  async rest(state: string): Promise<void> {
    const settled = (): boolean => {
      const { machine, action } = this.store.load() ?? {};
      return machine?.run === undefined && machine?.state === state && action === 'idle';
    };
    await until(`state ${state} at rest (${this.device.summary})`, settled);
  }

  /** Waits until the state has been reached, at rest or not. */
  async waitFor(state: string): Promise<void> {
    await until(`state ${state} (${this.device.summary})`, () => this.device.summary.startsWith(`${state} `));
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

/** A package server on a free loopback port for one test. */
export async function serve(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/p`, server };
}
