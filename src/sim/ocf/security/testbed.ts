import type { BenchClock } from '../../../core/clock.ts';
import { newAuthority } from '../../../link/dtls/certificates.ts';
import type { ClientCredentials, OwnCertificate } from '../../../link/dtls/credentials.ts';
import type { AssociationInfo } from '../../../link/dtls/info.ts';
import type { DtlsWire } from '../../../link/dtls/port.ts';
import { openDtls } from '../../../link/dtls/wire.ts';
import { openUdp, type UdpWire } from '../../../link/udp.ts';
import { type CborMap, type CborValue, decodeCbor, encodeCbor, isCborMap } from '../../../ocf/codec/cbor.ts';
import { Endpoint } from '../../coap/endpoint.ts';
import { METHOD, OPTION, readMessage, uintOf, uintOption, uriOptions } from '../../coap/message.ts';
import { until } from '../../coap/fake-wire.ts';
import { noSink } from '../../process.ts';
import { memoryStore } from '../../store.ts';
import type { Behaviour } from '../behaviour.ts';
import { OcfDevice } from '../device.ts';
import { type Options, presetOptions } from '../options.ts';
import type { Saved } from '../store.ts';
import { StopClock, UNHURRIED } from '../testbench.ts';
import { ownerKey, PIN_IDENTITY, pinKey, uuidOctets } from './keys.ts';
import { METHODS } from './states.ts';

const HOST = '127.0.0.1';
const LINK = { ackTimeoutMs: 2000, maxRetransmit: 2, lifetimeMs: 600_000, promptMs: 500 };
/** Longer than any answer takes on a busy computer. */
const PATIENCE_MS = 4000;
const OCF_CBOR = 10_000;

export const OWNER = '11111111-2222-4333-8444-555555555555';
export const DEVICE = 'a0a1a2a3-a4a5-46a7-88a9-aaabacadaeaf';
export const NORMAL = 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256';

/** One answer: code and body, or the reason why there is none. */
export interface Told {
  readonly code: string;
  readonly map: CborMap;
  readonly list: readonly CborMap[];
}

/** Asks a device: on its clear port, or over the DTLS association that `connect` made. */
export class Client {
  readonly dtls: DtlsWire;
  info: AssociationInfo | undefined;
  private readonly bench: SecureBench;
  private readonly clear: Endpoint;
  private readonly secure: Endpoint;
  private readonly wires: readonly { close(): Promise<void> }[];

  constructor(bench: SecureBench, clear: UdpWire, below: UdpWire) {
    this.bench = bench;
    this.dtls = openDtls({ wire: below, sink: noSink(), channel: 'coaps' });
    const nothing = () => ({ code: '4.04' });
    this.clear = new Endpoint(clear, LINK, nothing, [2049, 2053]);
    this.secure = new Endpoint(this.dtls, LINK, nothing, [2049, 2053]);
    this.wires = [clear, this.dtls];
  }

  async connect(credentials: ClientCredentials, deadlineMs = PATIENCE_MS): Promise<AssociationInfo> {
    this.info = await this.dtls.connect(this.bench.dtls.local, credentials, { deadlineMs });
    return this.info;
  }

  /** `path` with its query: `/oic/sec/doxm?owned=false`. */
  async ask(channel: 'clear' | 'secure', code: keyof typeof METHOD, path: string, body?: CborValue): Promise<Told> {
    const [href = '', query = ''] = path.split('?');
    const uri = uriOptions(href, query === '' ? [] : query.split('&'));
    const options = body === undefined ? uri : [...uri, uintOption(OPTION.contentFormat, OCF_CBOR)];
    const [endpoint, to] =
      channel === 'clear' ? [this.clear, this.bench.clear.local] : [this.secure, this.bench.dtls.local];
    const payload = body === undefined ? undefined : encodeCbor(body);
    const outcome = await endpoint.request(to, METHOD[code], options, payload, PATIENCE_MS);
    if (!outcome.ok) return { code: outcome.why, map: {}, list: [] };
    const decoded = decodeCbor(outcome.message.payload);
    const value = decoded.ok ? decoded.value : {};
    const list = Array.isArray(value) ? (value as CborMap[]) : [];
    return { code: outcome.message.code, map: list.length > 0 ? {} : (value as CborMap), list };
  }

  /** Registers as observer over DTLS; what it gives back holds the registration's answer and every notification, as they come. */
  async observe(path: string): Promise<readonly CborMap[]> {
    const seen: CborMap[] = [];
    this.dtls.onReceive((data) => {
      const message = readMessage(data);
      if ('malformed' in message || uintOf(message, OPTION.observe) === undefined) return;
      const decoded = decodeCbor(message.payload);
      if (decoded.ok && isCborMap(decoded.value)) seen.push(decoded.value);
    });
    const options = [{ number: OPTION.observe, value: Buffer.alloc(0) }, ...uriOptions(path)];
    await this.secure.request(this.bench.dtls.local, METHOD.get, options, undefined, PATIENCE_MS);
    return seen;
  }

  get(path: string): Promise<Told> {
    return this.ask('secure', 'get', path);
  }

  post(path: string, body: CborValue): Promise<Told> {
    return this.ask('secure', 'post', path, body);
  }

  async close(): Promise<void> {
    this.clear.close();
    this.secure.close();
    await Promise.all(this.wires.map((wire) => wire.close()));
  }
}

/**
 * A device with security on loopback ports of its own, for unit tests, and clients to talk to it. Its clock runs only while the test waits
 * for something (`until`, `reach`), so that a busy computer changes nothing.
 */
export class SecureBench {
  private readonly time = new StopClock();
  readonly clock: BenchClock = this.time.clock;
  readonly options: Options;
  readonly shown: string[] = [];
  device: OcfDevice;
  readonly clear: UdpWire;
  dtls: DtlsWire;
  readonly root: Awaited<ReturnType<typeof newAuthority>> | undefined;
  private readonly behaviour: Behaviour;
  private readonly certificate: OwnCertificate | undefined;
  private readonly memory = memoryStore<Saved>();
  private onSave: (() => void) | undefined;
  private readonly clients: Client[] = [];

  private constructor(
    options: Options,
    behaviour: Behaviour,
    wires: readonly [UdpWire, UdpWire],
    root?: SecureBench['root'],
    certificate?: OwnCertificate,
  ) {
    this.options = options;
    this.behaviour = behaviour;
    this.clear = wires[0];
    this.dtls = openDtls({ wire: wires[1], sink: noSink(), channel: 'coaps' });
    this.root = root;
    this.certificate = certificate;
    this.device = this.boot();
  }

  static async open(options: Partial<Options>, behaviour: Behaviour = {}): Promise<SecureBench> {
    const wires = [await port(), await port()] as const;
    if (options.security !== 'cert')
      return new SecureBench(presetOptions({ ...UNHURRIED, ...options }), behaviour, wires);
    const root = await newAuthority({ name: 'maker' });
    const own = await (await root.intermediate({ name: 'factory' })).issue({ name: 'lamp' });
    return new SecureBench(presetOptions({ ...UNHURRIED, ...options }), behaviour, wires, root, own);
  }

  /** A further client, with ports of its own. */
  async client(): Promise<Client> {
    const client = new Client(this, await port(), await port());
    this.clients.push(client);
    return client;
  }

  /** Cuts the power and puts it back. The clear port stays, the secure one is new. */
  async powerCut(): Promise<void> {
    this.device.close();
    await this.dtls.close();
    this.dtls = openDtls({ wire: await port(), sink: noSink(), channel: 'coaps' });
    this.device = this.boot();
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

  /** Lets time pass until the state of the update is reached, at rest or not, and stops it there. */
  async reach(state: string): Promise<void> {
    let reached = false;
    this.onSave = () => {
      reached ||= this.device.summary.startsWith(`${state} `);
      if (reached) this.time.stop();
    };
    try {
      await this.until(`state ${state}`, () => reached);
    } finally {
      this.onSave = undefined;
    }
  }

  /** Lets time pass until the device ends an association, and stops it there. */
  async disconnected(): Promise<void> {
    let closed = false;
    const deaf = this.dtls.onClosed(() => {
      closed = true;
      this.time.stop();
    });
    await this.until('the end of an association', () => closed);
    deaf();
  }

  /** Lets time pass until the device rests in the state. */
  rest(state: string): Promise<void> {
    return this.until(`rest in ${state}`, () => this.device.summary.startsWith(`${state} `) && !this.device.busy);
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
    this.device.close();
    await Promise.all([this.clear.close(), this.dtls.close()]);
  }

  private boot(): OcfDevice {
    const { clear: wire, clock, options, behaviour, memory, dtls, certificate } = this;
    return new OcfDevice({
      wire,
      secure: { dtls, say: (line) => this.shown.push(line), ...(certificate === undefined ? {} : { certificate }) },
      clock,
      link: LINK,
      options,
      behaviour,
      store: {
        load: () => memory.load(),
        save: (saved) => {
          memory.save(saved);
          this.onSave?.();
        },
      },
      seed: 1,
      sink: noSink(),
      die: () => undefined,
    });
  }
}

function port(): Promise<UdpWire> {
  return openUdp({ host: HOST, port: 0, sink: noSink(), channel: 'coap' });
}

/** What a client has to show at the onboarding association by the method of the device. */
export function credentialsFor({ options, device, root }: SecureBench): ClientCredentials {
  switch (options.security) {
    case 'pin':
      return {
        suites: [NORMAL],
        psk: { identity: Buffer.from(PIN_IDENTITY), key: pinKey(device.pin ?? '', device.deviceId) },
      };
    case 'cert':
      return { trust: { roots: root === undefined ? [] : [root.certificate] } };
    case 'justworks':
    case 'none':
      return { suites: ['TLS_ECDH_anon_WITH_AES_128_CBC_SHA256'] };
  }
}

/** A request of the owner transfer: path and body. */
export type Step = readonly [path: string, body: CborMap];

const OWNER_CRED: CborMap = {
  credtype: 1,
  subjectuuid: OWNER,
  privatedata: { encoding: 'oic.sec.encoding.raw', data: Buffer.alloc(0) },
};

/** The owner transfer after the handshake, up to its end in RFOTM. */
export const TRANSFER: readonly Step[] = [
  ['/oic/sec/pstat', { om: 4 }],
  ['/oic/sec/doxm', { devowneruuid: OWNER }],
  ['/oic/sec/doxm', { deviceuuid: DEVICE }],
  ['/oic/sec/doxm', { rowneruuid: OWNER }],
  ['/oic/sec/acl2', { rowneruuid: OWNER }],
  ['/oic/sec/pstat', { rowneruuid: OWNER }],
  ['/oic/sec/cred', { creds: [OWNER_CRED], rowneruuid: OWNER }],
  ['/oic/sec/doxm', { owned: true }],
];

/** The entries by which the device can be used and found. */
export const ENTRIES: CborMap = {
  aclist2: [
    { subject: { uuid: OWNER }, resources: [{ href: '/oc/swu' }], permission: 6 },
    {
      subject: { conntype: 'anon-clear' },
      resources: [{ href: '/oic/res' }, { href: '/oic/d' }, { href: '/oic/p' }],
      permission: 2,
    },
  ],
};

export const dos = (s: number): Step => ['/oic/sec/pstat', { dos: { s } }];

/** Chooses the method and connects. */
export async function meet(bench: SecureBench): Promise<Client> {
  const client = await bench.client();
  const { security } = bench.options;
  const { oxm } = METHODS[security === 'none' ? 'justworks' : security];
  await client.ask('clear', 'post', '/oic/sec/doxm', { oxmsel: oxm });
  await client.connect(credentialsFor(bench));
  return client;
}

/** Sends the steps over DTLS; the codes of the answers. */
export async function take(client: Client, steps: readonly Step[]): Promise<string[]> {
  const codes: string[] = [];
  for (const [path, body] of steps) codes.push((await client.post(path, body)).code);
  return codes;
}

/** A client that owns the device, in normal operation, connected by the owner's key; `more` is done while provisioning. */
export async function own(bench: SecureBench, more: readonly Step[] = []): Promise<Client> {
  const client = await meet(bench);
  await take(client, [...TRANSFER, dos(2), ['/oic/sec/acl2', ENTRIES], ...more, dos(3)]);
  const { security } = bench.options;
  const { label } = METHODS[security === 'none' ? 'justworks' : security];
  const key = ownerKey(client.info?.exportKeyBlock() ?? Buffer.alloc(0), label, OWNER, DEVICE);
  await client.dtls.disconnect(bench.dtls.local);
  await client.connect({ psk: { identity: uuidOctets(OWNER), key }, suites: [NORMAL] });
  return client;
}
