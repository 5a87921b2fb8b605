import { BenchError } from '../../core/errors.ts';
import type { EventSink, Json } from '../../core/events.ts';
import { decodeAccess, type Decoded } from '../codec/access.ts';
import { decodeBeacon, encodeSecureBeacon, type NetworkNews } from '../codec/beacons.ts';
import { FrameError } from '../../core/layout/cursor.ts';
import { UNSEGMENTED_OCTETS } from '../codec/lowerTransport.ts';
import type { NetworkPdu } from '../codec/network.ts';
import { type ProxyMessage, proxyType } from '../codec/proxy.ts';
import { openAccess, sealAccess } from '../codec/upperTransport.ts';
import { NetworkCounters } from './counters.ts';
import { type IvState, receivingIvIndex } from './ivIndex.ts';
import { type KeyName, type KeyRing, type NamedKey, printKey } from './keyRing.ts';
import { type Delivery, LowerTransport, type UpperPdu } from './lowerTransport.ts';
import { type Bearer, ProxyLink } from './proxyLink.ts';
import { type Begun, ReplayList } from './replay.ts';
import type { SarTiming } from './sarTiming.ts';
import type { StateStore } from './stateStore.ts';
import type { Timers } from './timers.ts';

/** What a stack is made of. */
export interface MeshStackOptions {
  readonly keys: KeyRing;
  /** Unicast addresses of the tester behind the one proxy connection; the first is the primary one. */
  readonly elements: readonly number[];
  /** Keeps sequence numbers and IV index; `iv` counts only while it is empty. */
  readonly store: StateStore;
  readonly iv: IvState;
  readonly sink: EventSink;
  readonly timers: Timers;
  readonly sar: SarTiming;
  readonly defaultTtl: number;
  /** Time for a proxy message to become complete: 20 s by the standard, already scaled. */
  readonly proxyReassemblyMs: number;
}

/** How to send an access PDU. */
export interface SendOptions {
  /** A unicast or group address, or the 16-octet label of a virtual one. */
  readonly to: number | Buffer;
  readonly key: KeyName;
  /** One of the tester's elements; the primary one where it is left out. */
  readonly from?: number;
  readonly ttl?: number;
  /** 64-bit check; makes the message a segmented one. */
  readonly longMic?: boolean;
  /** Segmented even where one PDU would do. */
  readonly segmented?: boolean;
}

/** An access message that came in. `n` is the event that recorded it. */
export interface Received {
  readonly n: number;
  readonly src: number;
  readonly dst: number;
  readonly begun: Begun;
  readonly key: KeyName;
  readonly ttl: number;
  readonly pdu: Buffer;
  readonly decoded: Decoded;
}

type Listener<T> = (value: T) => void;
const CHANNEL = 'mesh';

/**
 * The tester's node: network, transport and access layers over one proxy connection (Mesh Protocol 3). Records every network
 * PDU (`mesh.network`), access PDU (`mesh.access`), beacon (`mesh.beacon`) and refusal (`mesh.refused`) in the sink.
 */
export class MeshStack {
  readonly options: MeshStackOptions;
  readonly replay = new ReplayList();
  /** What was delivered, by the time at which its source began to send it. */
  readonly #delivered = new ReplayList();
  readonly #counters: NetworkCounters;
  readonly #lower: LowerTransport;
  readonly #subscriptions = new Set<number>([0xffff]);
  readonly #received = new Set<Listener<Received>>();
  readonly #proxyMessages = new Set<Listener<{ pdu: NetworkPdu; n: number }>>();
  #link: ProxyLink | undefined;
  #deferredNews: NetworkNews | undefined;

  constructor(options: MeshStackOptions) {
    this.options = options;
    this.#counters = new NetworkCounters(options.store, options.iv);
    this.#lower = new LowerTransport(
      {
        timers: options.timers,
        replay: this.replay,
        takeSeq: () => this.#counters.take().seq,
        sendNetwork: (pdu, via) => this.#sendNetwork(pdu, via),
        isOwn: (address) => options.elements.includes(address),
        deliver: (upper, n) => this.#upper(upper, n),
        control: (opcode, parameters, heard) => {
          this.#record('mesh.control', 'in', parameters, heard.n, { opcode, src: heard.pdu.src, dst: heard.pdu.dst });
        },
      },
      options.sar,
    );
  }

  /** The address that messages come from unless told otherwise. */
  get primary(): number {
    return this.options.elements[0] ?? 0;
  }

  /** IV index and update state as last learnt from a beacon. */
  get iv(): IvState {
    return this.#counters.iv;
  }

  /** When the newest message was begun that was delivered from this source; undefined where none was. */
  newestFrom(src: number): Begun | undefined {
    return this.#delivered.newest(src);
  }

  /** Sequence numbers left before the network needs an IV update. */
  get sequenceNumbersLeft(): number {
    return this.#counters.left;
  }

  /** Whether a connection is in use. */
  get connected(): boolean {
    return this.#link !== undefined;
  }

  /** Takes a connection into use; an earlier one is given up. When it ends by itself the stack detaches from it. */
  attach(bearer: Bearer): void {
    this.detach();
    this.#link = new ProxyLink(bearer, this.options.timers, this.options.proxyReassemblyMs, {
      message: (message) => this.#message(message),
      problem: (text) => void this.#record('mesh.refused', 'in', undefined, undefined, { reason: text }),
      closed: (reason) => {
        this.#record('mesh.closed', 'in', undefined, undefined, { reason });
        this.detach();
      },
    });
  }

  /** Ends the connection: what waits for it fails. */
  detach(): void {
    this.#link?.close();
    this.#link = undefined;
    this.#lower.close();
  }

  /** Orderly end: gives unused sequence numbers back. */
  close(): void {
    this.detach();
    this.#counters.close();
  }

  /** Makes messages to this group or virtual address reach our listeners. */
  subscribe(address: number): void {
    this.#subscriptions.add(address);
  }

  /** Calls the listener for every access message to us; returns the call that stops it. */
  onReceive(listener: Listener<Received>): () => void {
    return subscribeTo(this.#received, listener);
  }

  /** The same for proxy configuration messages. */
  onProxyConfiguration(listener: Listener<{ pdu: NetworkPdu; n: number }>): () => void {
    return subscribeTo(this.#proxyMessages, listener);
  }

  /** Sends an access PDU. Rejects with BenchError where there is no connection or no sequence number. */
  async sendAccess(pdu: Buffer, options: SendOptions): Promise<Delivery> {
    const key = this.options.keys.get(options.key);
    const label = typeof options.to === 'number' ? undefined : options.to;
    const dst = typeof options.to === 'number' ? options.to : this.options.keys.addLabel(options.to);
    const src = options.from ?? this.primary;
    const ttl = options.ttl ?? this.options.defaultTtl;
    const mic = options.longMic === true ? 8 : 4;
    const octets = pdu.length + mic;
    const segmented = options.segmented === true || mic === 8 || octets > UNSEGMENTED_OCTETS.access;
    const data = { src, dst, ttl, key: printKey(options.key), ...(label && { label: label.toString('hex') }) };
    const via = this.#record('mesh.access', 'out', pdu, undefined, data);
    const { akf, aid } = key;
    const use = akf ? 'app' : 'dev';
    const delivery = await this.#lower.send(
      { akf, aid, octets, szmic: mic === 8, segmented, src, dst, ttl },
      (seq) => {
        const context = {
          key: key.key,
          use,
          seq,
          src,
          dst,
          ivIndex: this.#sendingIndex(),
          mic,
          ...(label && { label }),
        } as const;
        return sealAccess(pdu, context);
      },
      via,
    );
    if (delivery.kind === 'failed')
      this.#record('mesh.undelivered', 'out', undefined, via, { reason: delivery.reason });
    this.#followDeferred();
    return delivery;
  }

  /** Sends a proxy configuration message (6.6). */
  sendProxyConfiguration(message: Buffer): Promise<void> {
    const { seq, ivIndex } = this.#counters.take();
    const pdu: NetworkPdu = { ctl: true, ttl: 0, seq, src: this.primary, dst: 0, transport: message };
    const payload = this.options.keys.network.seal(pdu, ivIndex, 'proxy');
    this.#record('mesh.proxy', 'out', message, undefined, { src: pdu.src, seq });
    return this.#send({ type: proxyType.PROXY_CONFIGURATION, payload });
  }

  /**
   * Starts or finishes an IV update as the network's manager, and tells the network by a beacon. A node follows only when it
   * has been 96 hours in the state that this ends (3.11.5), or is in the IV update test mode.
   */
  async updateIv(kind: 'start' | 'finish'): Promise<void> {
    this.#counters.follow({ kind });
    const { ivIndex, updating } = this.#counters.iv;
    const payload = encodeSecureBeacon({ keyRefresh: false, ivUpdate: updating, ivIndex }, this.options.keys.beacons);
    this.#record('mesh.beacon', 'out', payload, undefined, { ivIndex, ivUpdate: updating });
    await this.#send({ type: proxyType.MESH_BEACON, payload });
  }

  #sendingIndex(): number {
    const { ivIndex, updating } = this.#counters.iv;
    return updating ? ivIndex - 1 : ivIndex;
  }

  #sendNetwork(pdu: NetworkPdu, via: number | undefined): Promise<void> {
    const payload = this.options.keys.network.seal(pdu, this.#sendingIndex());
    this.#record('mesh.network', 'out', payload, via);
    return this.#send({ type: proxyType.NETWORK_PDU, payload });
  }

  #send(message: ProxyMessage): Promise<void> {
    if (this.#link === undefined)
      return Promise.reject(new BenchError('mesh-link', 'no proxy connection: nothing can be sent'));
    return this.#link.send(message);
  }

  /** Sorts what the connection brings; whatever it is, it ends here. */
  #message({ type, payload }: ProxyMessage): void {
    try {
      switch (type) {
        case proxyType.NETWORK_PDU:
          return this.#network(payload);
        case proxyType.MESH_BEACON:
          return this.#beacon(payload);
        case proxyType.PROXY_CONFIGURATION:
          return this.#proxyConfiguration(payload);
        default:
          this.#record('mesh.refused', 'in', payload, undefined, { reason: `proxy message of type ${type}` });
      }
    } catch (error) {
      // A bench error (a full disk) must not end the connection from within its call-back: the next sending will meet it too.
      if (!(error instanceof FrameError) && !(error instanceof BenchError)) throw error;
      const reason = error instanceof FrameError ? `malformed: ${error.message}` : error.message;
      this.#record('mesh.refused', 'in', payload, undefined, { reason });
    }
  }

  /** Opens a network PDU and hands it on where it is for one of our addresses. */
  #network(payload: Buffer): void {
    const n = this.#record('mesh.network', 'in', payload);
    const ivIndex = receivingIvIndex(this.#counters.iv, (payload[0] ?? 0) >> 7);
    const pdu = this.options.keys.network.open(payload, ivIndex);
    if ('refused' in pdu) {
      this.#record('mesh.refused', 'in', undefined, n, { reason: pdu.refused });
      return;
    }
    const { elements } = this.options;
    if (elements.includes(pdu.src)) return;
    if (elements.includes(pdu.dst) || this.#subscriptions.has(pdu.dst)) this.#lower.receive({ pdu, ivIndex, n });
  }

  /** Opens an access PDU, records it and tells the listeners. */
  #upper(upper: UpperPdu, n: number): void {
    const opened = this.#open(upper);
    const { src, dst, ttl, segments } = upper;
    if (opened === undefined) {
      this.#record('mesh.refused', 'in', undefined, n, { reason: 'no key opens this access message', src, dst });
      return;
    }
    const { key, pdu, label } = opened;
    const { seq, ivIndex } = upper;
    const virtual = label && { label: label.toString('hex') };
    const data = { src, dst, ttl, seq, key: printKey(key.name), segments, ...virtual };
    const event = this.#record('mesh.access', 'in', pdu, n, data);
    const begun = { ivIndex, seq };
    this.#delivered.accept(src, ivIndex, seq);
    const received = { n: event, src, dst, begun, key: key.name, ttl, pdu, decoded: decodeAccess(pdu) };
    for (const listener of this.#received) listener(received);
  }

  /** Tries every key with this AID and every label with this virtual address: both are only hashes. */
  #open(upper: UpperPdu): { key: NamedKey; pdu: Buffer; label: Buffer | undefined } | undefined {
    const { seq, src, dst, ivIndex } = upper;
    const mic = upper.szmic ? 8 : 4;
    for (const key of this.options.keys.candidates(upper, src, dst)) {
      for (const label of this.options.keys.labels(dst)) {
        const use = key.akf ? 'app' : 'dev';
        const pdu = openAccess(upper.upper, {
          key: key.key,
          use,
          seq,
          src,
          dst,
          ivIndex,
          mic,
          ...(label && { label }),
        });
        if (pdu !== undefined) return { key, pdu, label };
      }
    }
    return undefined;
  }

  /** Follows the IV index of an authenticated beacon; others are only recorded. */
  #beacon(payload: Buffer): void {
    const beacon = decodeBeacon(payload, this.options.keys.beacons);
    if (beacon.kind === 'secure' || beacon.kind === 'private') {
      const { keyRefresh, ivUpdate, ivIndex } = beacon;
      this.#record('mesh.beacon', 'in', payload, undefined, { kind: beacon.kind, keyRefresh, ivUpdate, ivIndex });
      this.#deferredNews = beacon;
      this.#followDeferred();
    } else {
      this.#record('mesh.beacon', 'in', payload, undefined, { kind: beacon.kind });
    }
  }

  /** An IV index must not change under a segmented message (3.11.5): news waits until all of them have ended. */
  #followDeferred(): void {
    if (this.#deferredNews === undefined || this.#lower.busy) return;
    const news = this.#deferredNews;
    this.#deferredNews = undefined;
    this.#counters.follow({ kind: 'beacon', news });
  }

  #proxyConfiguration(payload: Buffer): void {
    const ivIndex = receivingIvIndex(this.#counters.iv, (payload[0] ?? 0) >> 7);
    const pdu = this.options.keys.network.open(payload, ivIndex, 'proxy');
    if ('refused' in pdu) {
      this.#record('mesh.refused', 'in', payload, undefined, { reason: `proxy configuration: ${pdu.refused}` });
      return;
    }
    const n = this.#record('mesh.proxy', 'in', pdu.transport, undefined, { src: pdu.src, seq: pdu.seq });
    for (const listener of this.#proxyMessages) listener({ pdu, n });
  }

  #record(
    type: string,
    dir: 'in' | 'out',
    raw?: Buffer,
    via?: number,
    data?: { readonly [key: string]: Json },
  ): number {
    const event = {
      channel: CHANNEL,
      type,
      dir,
      ...(raw && { raw }),
      ...(via !== undefined && { via }),
      ...(data && { data }),
    };
    return this.options.sink.append(event).n;
  }
}

function subscribeTo<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
