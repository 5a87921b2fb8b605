import { benchClock, wallNow } from '../../core/clock.ts';
import type { Peer, Wire } from '../../link/wire.ts';
import { decodeContent, encodeContent, FORMAT } from '../../lwm2m/codec/content.ts';
import { parsePath } from '../../lwm2m/codec/path.ts';
import { opaque } from '../../lwm2m/codec/value.ts';
import { type Block, blockOption, blockSize } from '../coap/blocks.ts';
import { FakeWire, until } from '../coap/fake-wire.ts';
import {
  type Message,
  METHOD,
  type Option,
  OPTION,
  readMessage,
  textOption,
  textsOf,
  uintOf,
  uintOption,
  uriOptions,
  writeMessage,
} from '../coap/message.ts';
import { noSink } from '../process.ts';
import { memoryStore, type Store } from '../store.ts';
import type { Behaviour } from './behaviour.ts';
import { Lwm2mDevice } from './device.ts';
import { type Options, presetOptions } from './options.ts';
import type { Saved } from './saved.ts';

const SERVER: Peer = { address: '127.0.0.1', port: 40_000 };
const SILENCE_MS = 30;
const FACTOR = 0.005;
const NONE = Buffer.alloc(0);

/** What a request differs in from a confirmable GET. */
export interface Ask {
  readonly code?: keyof typeof METHOD;
  readonly type?: 'CON' | 'NON';
  readonly path?: string;
  readonly queries?: readonly string[];
  readonly format?: number;
  readonly accept?: number;
  readonly observe?: 0 | 1;
  readonly block1?: Block;
  readonly payload?: Buffer | string;
  readonly token?: number;
  /** Given again, the message is a repetition. */
  readonly mid?: number;
  readonly extra?: readonly Option[];
  readonly from?: Peer;
}

/** One device without sockets and its server, for unit tests, on a clock 200 times faster. */
export class Testbench {
  readonly clock = benchClock(wallNow(), FACTOR);
  readonly options: Options;
  readonly store: Store<Saved>;
  wire = new FakeWire();
  device: Lwm2mDevice;
  /** The server answers registrations; false: it has forgotten the device, or is not there. */
  server: 'there' | 'forgetful' | 'gone' = 'there';
  /** URIs of the accounts that the device has connected with; undefined without one. */
  readonly accounts: (string | undefined)[] = [];
  private readonly behaviour: Behaviour;
  private readonly locations = new Set<string>();
  private mid = 0;

  constructor(options: Partial<Options> = {}, behaviour: Behaviour = {}, store = memoryStore<Saved>()) {
    this.options = presetOptions({ lifetime: 86_400, storage: 4096, stallMs: 400_000, ...options });
    this.behaviour = behaviour;
    this.store = store;
    this.device = this.powerOn();
  }

  powerOn(): Lwm2mDevice {
    this.wire = new FakeWire();
    const { wire, clock, options, behaviour, store } = this;
    this.device = new Lwm2mDevice({
      wire: this.answering(wire),
      connect: (account) => {
        this.accounts.push(account?.uri);
        return Promise.resolve(SERVER);
      },
      clock,
      link: { ackTimeoutMs: 20, maxRetransmit: 3, lifetimeMs: 10_000, promptMs: 200 },
      awakeMs: 30,
      options,
      behaviour,
      store,
      sink: noSink(),
    });
    return this.device;
  }

  /** Cuts the power, puts it back and waits until the device has registered again. */
  async powerCut(): Promise<void> {
    this.device.close();
    this.powerOn();
    await this.registered();
  }

  async registered(): Promise<void> {
    await until('a registration', () => this.device.isRegistered);
  }

  close(): void {
    this.device.close();
  }

  /** Everything that the device has sent, decoded. */
  sent(): Message[] {
    return this.wire.sent.map(({ data }) => decoded(data));
  }

  /** Register, Update and De-register requests, each once: method, path, queries and links. */
  registrations(): string[] {
    const seen = new Map(this.sent().map((m) => [m.mid, m] as const));
    return [...seen.values()].filter(({ code }) => code.startsWith('0.') && code !== '0.00').map(line);
  }

  /** Notifications with this token. */
  notified(token = 1): Message[] {
    return this.sent().filter(
      (m) => m.type !== 'ACK' && m.token[0] === token && uintOf(m, OPTION.observe) !== undefined,
    );
  }

  /** Puts a request in and waits for what comes back. Throws where nothing does. */
  async ask(ask: Ask): Promise<Message> {
    const found = this.put(ask);
    await until(`an answer to ${JSON.stringify({ ...ask, payload: undefined })}`, () => found() !== undefined);
    return found() as Message;
  }

  /** True where nothing comes back. */
  async silent(ask: Ask): Promise<boolean> {
    const found = this.put(ask);
    await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
    return found() === undefined;
  }

  async code(ask: Ask): Promise<string> {
    return (await this.ask(ask)).code;
  }

  /** The value of a resource as plain text; the code where it cannot be read. */
  async text(path: string): Promise<string> {
    const { code, payload } = await this.ask({ path, accept: FORMAT.text, token: 200 });
    return code === '2.05' ? payload.toString() : code;
  }

  /** State, result and activation from one Read of the instance: `3/0/0`. */
  async sra(id = 0): Promise<string> {
    const path = [9, id];
    const { payload } = await this.ask({ path: `/9/${id}`, accept: FORMAT.tlv, token: 201 });
    const read = decodeContent(FORMAT.tlv, path, payload);
    const value = (r: number): unknown => (read.ok ? read.entries.find((e) => e.path[2] === r)?.value?.value : '?');
    return `${String(value(7))}/${String(value(9))}/${Number(value(12))}`;
  }

  /** Waits until the instance shows this. */
  async rest(sra: string, id = 0): Promise<void> {
    const end = performance.now() + 2000;
    let now = await this.sra(id);
    while (now !== sra && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 3));
      now = await this.sra(id);
    }
    if (now !== sra) throw new Error(`/9/${id} is at ${now}, not at ${sra}`);
  }

  execute(path: string, payload = ''): Promise<string> {
    return this.code({ code: 'post', path, payload });
  }

  write(path: string, text: string): Promise<string> {
    return this.code({ code: 'put', path, format: FORMAT.text, payload: text });
  }

  /** Writes a package in one piece; `format` as the codecs write it. */
  push(data: Buffer, id = 0, format: number = FORMAT.opaque): Promise<string> {
    const path = `/9/${id}/2`;
    const at = parsePath(path) ?? [];
    const payload = encodeContent(format, at, [{ path: at, value: opaque(data) }]);
    return this.code({ code: 'put', path, format, payload });
  }

  /** Writes one block of a package. */
  block(data: Buffer, num: number, szx: number, change: Ask = {}): Promise<string> {
    const size = blockSize(szx);
    const more = data.length > (num + 1) * size;
    const payload = data.subarray(num * size, (num + 1) * size);
    const block1 = { num, more, szx };
    return this.code({ code: 'put', path: '/9/0/2', format: FORMAT.opaque, payload, block1, ...change });
  }

  /** Writes a package block by block; gives the code of the last answer, or of the first that ends the transfer. */
  async pushBlocks(data: Buffer, szx: number, id = 0): Promise<string> {
    for (let num = 0; ; num++) {
      const code = await this.block(data, num, szx, { path: `/9/${id}/2` });
      if (code !== '2.31') return code;
    }
  }

  private put(ask: Ask): () => Message | undefined {
    const { code = 'get', type = 'CON', path = '/9/0/7', payload = NONE, token = 1, from = SERVER } = ask;
    this.mid += 1;
    const mid = ask.mid ?? this.mid;
    const start = this.wire.sent.length;
    const option = (number: number, value: number | undefined): Option[] =>
      value === undefined ? [] : [uintOption(number, value)];
    const message: Message = {
      type,
      code: METHOD[code],
      mid,
      token: Buffer.of(token),
      options: [
        ...option(OPTION.observe, ask.observe),
        ...uriOptions(path, ask.queries),
        ...option(OPTION.contentFormat, ask.format),
        ...option(OPTION.accept, ask.accept),
        ...(ask.block1 === undefined ? [] : [blockOption(OPTION.block1, ask.block1)]),
        ...(ask.extra ?? []),
      ],
      payload: Buffer.from(payload),
    };
    this.wire.arrive(writeMessage(message), from);
    const answers = (m: Message): boolean =>
      (m.type === 'ACK' || m.type === 'RST' ? m.mid === mid : m.token[0] === token) && !m.code.startsWith('0.0');
    return () => this.sent().slice(start).find(answers);
  }

  /** A wire whose far end is the server: it answers what the device asks. */
  private answering(wire: FakeWire): Wire {
    const { local, secure } = wire;
    return {
      local,
      secure,
      onReceive: (listener) => wire.onReceive(listener),
      close: () => wire.close(),
      send: async (data, to) => {
        await wire.send(data, to);
        const message = decoded(Buffer.from(data));
        if (message.type !== 'CON' || this.server === 'gone') return;
        const reply = message.code.startsWith('0.') ? this.replyTo(message) : { code: '0.00', options: [] };
        const token = reply.code === '0.00' ? NONE : message.token;
        wire.arrive(writeMessage({ type: 'ACK', mid: message.mid, payload: NONE, token, ...reply }), to);
      },
    };
  }

  private replyTo(message: Message): Pick<Message, 'code' | 'options'> {
    const [, location] = textsOf(message, OPTION.uriPath);
    if (textsOf(message, OPTION.uriPath)[0] === 'bs') return { code: '2.04', options: [] };
    if (location === undefined) {
      const name = `x${this.locations.size}`;
      this.locations.add(name);
      return { code: '2.01', options: ['rd', name].map((segment) => textOption(OPTION.locationPath, segment)) };
    }
    if (this.server === 'forgetful') {
      this.server = 'there';
      return { code: '4.04', options: [] };
    }
    return { code: message.code === METHOD.delete ? '2.02' : '2.04', options: [] };
  }
}

function decoded(data: Buffer): Message {
  const message = readMessage(data);
  if ('malformed' in message) throw new Error(message.malformed);
  return message;
}

function line(m: Message): string {
  const path = textsOf(m, OPTION.uriPath).join('/');
  return `${m.code} ${path}?${textsOf(m, OPTION.uriQuery).join('&')} ${m.payload.toString()}`.trim();
}
