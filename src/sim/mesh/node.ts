import { type LinkFate, linkFate, type Impairment } from '../../link/impair.ts';
import { encodeSecureBeacon } from '../../mesh/codec/beacons.ts';
import type { NetworkPdu } from '../../mesh/codec/network.ts';
import {
  decodeProxyConfiguration,
  encodeProxyConfiguration,
  proxyConfiguration,
  proxyType,
  splitProxy,
} from '../../mesh/codec/proxy.ts';
import { receivingIvIndex } from '../../mesh/stack/ivIndex.ts';
import { KeyRing } from '../../mesh/stack/keyRing.ts';
import { MeshStack, type Received } from '../../mesh/stack/meshStack.ts';
import type { Bearer } from '../../mesh/stack/proxyLink.ts';
import type { SarTiming } from '../../mesh/stack/sarTiming.ts';
import type { StateStore } from '../../mesh/stack/stateStore.ts';
import type { Timers } from '../../mesh/stack/timers.ts';
import { noSink } from '../process.ts';
import { ConfigurationServer } from './configuration.ts';
import { COMPANY } from './image.ts';
import type { Model, Peer, SendAccess } from './model.ts';
import { proxyBearer, ProxyFilter } from './proxyBearer.ts';
import type { Saved, SavedConfiguration, SavedNetwork } from './saved.ts';

/** Models of one element, the foundation's aside. */
export type MakeModels = (sendFrom: (element: number) => SendAccess) => readonly (readonly Model[])[];

/** What a node is made of. Link times are real and already scaled. */
export interface NodeParts {
  readonly network: SavedNetwork;
  readonly models: MakeModels;
  readonly foundation: readonly number[];
  readonly lowPower: boolean;
  readonly timers: Timers;
  readonly sar: SarTiming;
  readonly reassemblyMs: number;
  readonly counters: StateStore;
  readonly impair?: Impairment;
  readonly seed: number;
  /** What is saved now. */
  saved(): Saved;
  configure(configuration: SavedConfiguration): void;
  leave(): void;
}

/** A provisioned node: proxy, network and transport below, its models above, and the configuration that decides between them. */
export class MeshNode {
  readonly elements: readonly (readonly Model[])[];
  readonly stack: MeshStack;
  readonly #parts: NodeParts;
  readonly #keys: KeyRing;
  readonly #configuration: ConfigurationServer;
  readonly #fate: LinkFate;
  #filter = new ProxyFilter();
  #bearer: Bearer | undefined;

  constructor(parts: NodeParts) {
    this.#parts = parts;
    const { network, impair, seed } = parts;
    this.#fate = linkFate(impair === undefined ? undefined : { seed, in: impair, out: impair });
    this.#keys = new KeyRing(Buffer.from(network.netKey, 'hex'));
    const { unicast } = network;
    // Elements need their models to be counted, and models their element to send from: the stack comes last.
    const late: { stack?: MeshStack } = {};
    this.elements = parts.models((element) => async (pdu, to) => {
      const { address, app, ttl } = to;
      if (late.stack?.connected !== true) return false;
      const options = { to: address, key: { app }, from: unicast + element, ttl: ttl ?? this.#configured.defaultTtl };
      const end = await late.stack.sendAccess(pdu, options).catch(() => undefined);
      return end !== undefined && end.kind !== 'failed';
    });
    const addresses = this.elements.map((_, element) => unicast + element);
    this.#keys.addNode(unicast, addresses.length, Buffer.from(network.deviceKey, 'hex'));
    this.stack = new MeshStack({
      keys: this.#keys,
      elements: addresses,
      store: parts.counters,
      iv: { ivIndex: network.ivIndex, updating: network.updating },
      sink: noSink(),
      timers: parts.timers,
      sar: parts.sar,
      defaultTtl: 7,
      proxyReassemblyMs: parts.reassemblyMs,
    });
    late.stack = this.stack;
    this.#configuration = new ConfigurationServer({
      unicast,
      netKeyIndex: network.netKeyIndex,
      company: COMPANY,
      lowPower: parts.lowPower,
      elements: this.elements.map((models, at) => [
        ...(at === 0 ? parts.foundation : []),
        ...models.map(({ id }) => id),
      ]),
      compositionVersion: (page) => (page === 0 ? parts.saved().composition : parts.saved().nextComposition),
      configuration: () => this.#configured,
      configure: (change) => {
        parts.configure({ ...this.#configured, ...change });
        this.#follow();
      },
      answer: (pdu, to) => this.stack.sendAccess(pdu, { to, key: { dev: unicast } }).then(() => undefined),
      leave: () => parts.leave(),
    });
    this.#follow();
    this.stack.onReceive((received) => this.#receive(received));
    this.stack.onProxyConfiguration(({ pdu }) => this.#filterMessage(pdu.src, pdu.transport));
  }

  get #configured(): SavedConfiguration {
    return this.#parts.saved().configuration;
  }

  /** A client has connected. Its filter begins empty. */
  attach(bearer: Bearer): void {
    this.#filter = new ProxyFilter();
    this.#bearer = bearer;
    const open = (payload: Buffer): NetworkPdu | undefined => this.#open(payload);
    this.stack.attach(proxyBearer(bearer, { fate: this.#fate, filter: this.#filter, open }));
  }

  /** The client listens: tells it the IV index, as a proxy does at the start of a connection. */
  greet(): void {
    const bearer = this.#bearer;
    if (bearer === undefined) return;
    const { ivIndex, updating } = this.stack.iv;
    const payload = encodeSecureBeacon({ keyRefresh: false, ivUpdate: updating, ivIndex }, this.#keys.beacons);
    const parts = splitProxy({ type: proxyType.MESH_BEACON, payload }, bearer.maxOctets);
    for (const part of parts) void bearer.send(part).catch(() => undefined);
  }

  /** The power goes. */
  close(): void {
    for (const models of this.elements) for (const model of models) model.close();
    this.stack.detach();
  }

  #open(payload: Buffer): NetworkPdu | undefined {
    const ivIndex = receivingIvIndex(this.stack.iv, (payload[0] ?? 0) >> 7);
    const pdu = this.#keys.network.open(payload, ivIndex);
    return 'refused' in pdu ? undefined : pdu;
  }

  /** Keys and group addresses of the configuration. */
  #follow(): void {
    const { appKeys, subscriptions } = this.#configured;
    for (const { index, key } of appKeys) this.#keys.addAppKey(index, Buffer.from(key, 'hex'));
    for (const { address, label } of subscriptions) {
      if (label !== undefined) this.#keys.addLabel(Buffer.from(label, 'hex'));
      this.stack.subscribe(address);
    }
  }

  #receive({ key, src, dst, decoded }: Received): void {
    if (decoded.kind !== 'message') return;
    const { unicast } = this.#parts.network;
    if ('dev' in key) {
      if (dst === unicast) this.#configuration.receive(decoded, src);
      return;
    }
    const from: Peer = { address: src, app: key.app };
    for (const [element, models] of this.elements.entries())
      for (const model of models)
        if (this.#bound(element, model.id, key.app) && this.#listens(element, model.id, dst))
          model.receive(decoded, from);
  }

  #bound(element: number, model: number, app: number): boolean {
    const { bindings } = this.#configured;
    return bindings.some((b) => b.element === element && b.model === model && b.app === app);
  }

  #listens(element: number, model: number, dst: number): boolean {
    if (dst < 0x8000) return dst === this.#parts.network.unicast + element;
    const { subscriptions } = this.#configured;
    return subscriptions.some((s) => s.element === element && s.model === model && s.address === dst);
  }

  #filterMessage(src: number, message: Buffer): void {
    const { setFilterType, addAddresses, removeAddresses, filterStatus } = proxyConfiguration;
    const type = decodeProxyConfiguration(setFilterType, message);
    const added = decodeProxyConfiguration(addAddresses, message);
    const removed = decodeProxyConfiguration(removeAddresses, message);
    if (type === undefined && added === undefined && removed === undefined) return;
    if (type !== undefined) this.#filter.setType(type.filter);
    this.#filter.add(added?.addresses.map(({ address }) => address) ?? []);
    this.#filter.remove(removed?.addresses.map(({ address }) => address) ?? []);
    if (type === undefined) this.#filter.heardFrom(src);
    const status = { filter: this.#filter.type, listSize: this.#filter.size };
    void this.stack.sendProxyConfiguration(encodeProxyConfiguration(filterStatus, status)).catch(() => undefined);
  }
}
