import type { Impairment } from '../../link/impair.ts';
import { encodeProxyAdvert } from '../../mesh/codec/adverts.ts';
import { proxyType } from '../../mesh/codec/proxy.ts';
import { type Bearer, ProxyLink } from '../../mesh/stack/proxyLink.ts';
import { scaledSarTiming, testerSarTiming } from '../../mesh/stack/sarTiming.ts';
import type { StateStore } from '../../mesh/stack/stateStore.ts';
import type { Timers } from '../../mesh/stack/timers.ts';
import type { Store } from '../store.ts';
import type { Behaviour } from './behaviour.ts';
import { MeshGatt } from './gatt.ts';
import type { FirmwareFacts } from './image.ts';
import { Countdown } from './model.ts';
import { elementCount, FOUNDATION, makeModels, type NodeModels, savedModels } from './models.ts';
import { MeshNode } from './node.ts';
import type { Options } from './options.ts';
import { Provisionee } from './provisionee.ts';
import { EMPTY_CONFIGURATION, FACTORY, type Saved } from './saved.ts';
import type { H4Pipe } from '../radio/host/pipe.ts';

/** What the simulated node is made of. */
export interface DeviceParts {
  readonly pipe: H4Pipe;
  /** Bluetooth address. */
  readonly address: string;
  readonly uuid: Buffer;
  /** Of what is lost between proxy and network layer. */
  readonly linkSeed: number;
  readonly options: Options;
  readonly behaviour: Behaviour;
  /** Real time, and the factors of protocol and link time. */
  readonly timers: Timers;
  readonly factors: { readonly protocol: number; readonly link: number };
  readonly store: Store<Saved>;
  readonly counters: StateStore;
  readonly impair?: Impairment;
  /** The radio is gone. */
  radioLost(): void;
}

/** Protocol time of the standard: the rest of a proxy message, and how long a fresh node waits for its provisioner to leave. */
const REASSEMBLY_MS = 20_000;
const GOODBYE_MS = 1000;
/** Real time after which the kind of advertising changes, while there are two. */
const ALTERNATE_MS = 120;
const IDENTITY_RANDOM = Buffer.from('706c756d626c696e', 'hex');

/** The simulated node: its memory, its Bluetooth, and what it is at the moment: a device to be provisioned, or a node. */
export class MeshDevice {
  readonly #parts: DeviceParts;
  readonly #protocol: Timers;
  readonly #goodbye: Countdown;
  readonly #advertising: Countdown;
  #saved: Saved;
  #gatt: MeshGatt | undefined;
  #node: MeshNode | undefined;
  #models: NodeModels | undefined;
  #provisionee: Provisionee | undefined;
  #sendProvisioning: (pdus: readonly Buffer[]) => void = () => undefined;
  #identityUntil = 0;
  #booting = false;
  /** What output OOB shows. */
  shown: number | undefined;

  constructor(parts: DeviceParts) {
    this.#parts = parts;
    this.#protocol = scaledTimers(parts.timers, parts.factors.protocol);
    this.#goodbye = new Countdown(parts.timers);
    this.#advertising = new Countdown(parts.timers);
    this.#saved = parts.store.load() ?? FACTORY;
  }

  /** Switches the power on. Rejects with a BenchError where the radio does not answer. */
  async start(): Promise<void> {
    this.#gatt = await MeshGatt.open(this.#parts.pipe, this.#parts.address, {
      connected: (bearer) => this.#connected(bearer),
      listening: () => this.#node?.greet(),
      disconnected: () => this.#disconnected(),
      closed: () => this.#parts.radioLost(),
    });
    await this.#up();
  }

  /** Firmware id, phases and network, for a person. */
  get summary(): string {
    const { network, firmwareId } = this.#saved;
    const where = network === undefined ? 'unprovisioned' : `node ${network.unicast.toString(16).padStart(4, '0')}`;
    return `${where} firmware ${firmwareId} update ${this.#models?.update?.phase ?? 0}`;
  }

  get firmwareId(): string {
    return this.#saved.firmwareId;
  }

  /** Factory state, and a restart. */
  async reset(): Promise<void> {
    this.#down();
    this.#save(FACTORY);
    await this.#up();
  }

  /** Input OOB: somebody enters this number. */
  enter(value: number): void {
    this.#sendProvisioning(this.#provisionee?.entered(value) ?? []);
  }

  /** Its models; undefined while it is unprovisioned. */
  get models(): NodeModels | undefined {
    return this.#models;
  }

  /** The AppKey that its clients use: the one of the lowest index. */
  get appKey(): number | undefined {
    const [first] = this.#saved.configuration.appKeys.map(({ index }) => index).sort((a, b) => a - b);
    return first;
  }

  /** The Update Server's BLOB Transfer Server expects a BLOB of another use, which keeps it busy. False where it is busy already. */
  occupyBlob(blobId: string, timeoutBase: number, ttl = 0xff): boolean {
    return this.#models?.updateBlob?.prepare(blobId, timeoutBase, ttl) ?? false;
  }

  /** Ends what `occupyBlob` began. */
  freeBlob(): void {
    this.#models?.updateBlob?.cancel();
  }

  // Life

  #down(): void {
    this.#booting = true;
    this.#goodbye.clear();
    this.#advertising.clear();
    this.#node?.close();
    this.#node = undefined;
    this.#models = undefined;
    this.#gatt?.disconnect();
  }

  async #up(): Promise<void> {
    const { network } = this.#saved;
    this.#booting = false;
    if (network !== undefined) this.#openNode();
    this.#gatt?.serve(network === undefined ? 'provisioning' : 'proxy');
    if (this.#gatt?.connected !== true) await this.#advertise();
  }

  /** A restart that takes its time. */
  #reboot(): void {
    const { options, factors, timers, behaviour } = this.#parts;
    this.#down();
    void this.#gatt?.hide();
    if (behaviour.silentAfterApply === true) return;
    timers.after(options.bootMs * factors.link, () => void this.#up());
  }

  #save(saved: Saved): void {
    this.#saved = saved;
    this.#parts.store.save(saved);
  }

  #openNode(): void {
    const { network } = this.#saved;
    if (network === undefined) return;
    const { options, behaviour, timers, factors, counters, impair, linkSeed } = this.#parts;
    this.#node = new MeshNode({
      network,
      foundation: FOUNDATION,
      lowPower: options.lowPower === 'yes',
      models: (sendFrom) => {
        this.#models = makeModels(
          {
            options,
            behaviour,
            timers: this.#protocol,
            saved: () => this.#saved,
            changed: () => this.#keep(),
            install: (firmware) => this.#install(firmware),
          },
          sendFrom,
        );
        return this.#models.elements;
      },
      timers,
      sar: scaledSarTiming(testerSarTiming, factors.link),
      reassemblyMs: REASSEMBLY_MS * factors.link,
      counters,
      ...(impair && { impair }),
      seed: linkSeed,
      saved: () => this.#saved,
      configure: (configuration) => this.#save({ ...this.#saved, configuration }),
      leave: () => this.#leave(),
    });
  }

  /** What the models want kept. */
  #keep(): void {
    if (this.#models === undefined) return;
    this.#save({ ...this.#saved, ...savedModels(this.#models) });
  }

  /** New firmware runs after a restart; what it changes was announced. */
  #install({ firmwareId, additional }: FirmwareFacts): void {
    const { network: _network, nextComposition = this.#saved.composition, ...rest } = this.#saved;
    const base = { ...rest, firmwareId: firmwareId.toString('hex') };
    if (additional === 3) this.#save({ ...base, configuration: EMPTY_CONFIGURATION });
    else if (additional === 0) this.#save({ ...this.#saved, firmwareId: base.firmwareId });
    else this.#save({ ...this.#saved, firmwareId: base.firmwareId, nextComposition: nextComposition + 1 });
    this.#reboot();
  }

  /** Node Reset: the network is forgotten, the firmware stays. */
  #leave(): void {
    const { firmwareId, composition, nextComposition } = this.#saved;
    this.#save({ ...FACTORY, firmwareId, composition: nextComposition ?? composition });
    this.#reboot();
  }

  // Connections

  #connected(bearer: Bearer): void {
    this.#advertising.clear();
    if (this.#node !== undefined) this.#node.attach(bearer);
    else this.#serveProvisioning(bearer);
  }

  #disconnected(): void {
    this.#goodbye.clear();
    if (this.#booting) return;
    this.#node?.stack.detach();
    if (this.#node === undefined && this.#saved.network !== undefined) void this.#up();
    else void this.#advertise();
  }

  async #advertise(): Promise<void> {
    const { uuid, timers } = this.#parts;
    const { network } = this.#saved;
    if (network === undefined) return this.#gatt?.advertise(Buffer.concat([uuid, Buffer.alloc(2)]));
    const netKey = Buffer.from(network.netKey, 'hex');
    const show = async (identity: boolean): Promise<void> => {
      const kind = identity ? 'node identity' : 'network id';
      const owner = { netKey, address: network.unicast };
      if (this.#booting || this.#gatt?.connected === true) return;
      await this.#gatt?.advertise(encodeProxyAdvert(kind, owner, IDENTITY_RANDOM));
      if (timers.now() < this.#identityUntil) this.#advertising.set(ALTERNATE_MS, () => void show(!identity));
      else if (identity) this.#advertising.set(ALTERNATE_MS, () => void show(false));
    };
    await show(false);
  }

  #serveProvisioning(bearer: Bearer): void {
    const { options, factors, timers } = this.#parts;
    // What an earlier try showed is no longer to be seen.
    this.shown = undefined;
    const device = new Provisionee({
      elements: elementCount(options),
      hmac: options.hmac === 'yes',
      ...(options.static !== '' && { staticOob: Buffer.from(options.static, 'hex') }),
      output: options.output === 'yes',
      input: options.input === 'yes',
      show: (value) => {
        this.shown = value;
      },
    });
    this.#provisionee = device;
    this.#sendProvisioning = (pdus) => {
      const sent = pdus.map((payload) => link.send({ type: proxyType.PROVISIONING_PDU, payload }));
      void Promise.all(sent).catch(() => undefined);
    };
    const link = new ProxyLink(bearer, timers, REASSEMBLY_MS * factors.link, {
      message: ({ type, payload }) => {
        if (type !== proxyType.PROVISIONING_PDU) return;
        this.#sendProvisioning(device.receive(payload));
        const { result } = device;
        if (result === undefined || this.#saved.network !== undefined) return;
        const { netKey, keyIndex, flags, ivIndex, unicast } = result.data;
        const network = {
          netKey: netKey.toString('hex'),
          netKeyIndex: keyIndex,
          ivIndex,
          updating: (flags & 2) !== 0,
          unicast,
          deviceKey: result.deviceKey.toString('hex'),
        };
        this.#save({ ...this.#saved, network, configuration: EMPTY_CONFIGURATION });
        this.#identityUntil = timers.now() + options.identityMs * factors.protocol;
        this.#goodbye.set(GOODBYE_MS * factors.link, () => this.#gatt?.disconnect());
      },
      problem: () => undefined,
      closed: () => undefined,
    });
  }
}

/** Protocol time on a real clock. */
function scaledTimers(timers: Timers, factor: number): Timers {
  return { now: () => timers.now() / factor, after: (ms, run) => timers.after(ms * factor, run) };
}
