import type { BenchClock } from '../../core/clock.ts';
import { below, seeded } from '../../core/random.ts';
import type { Impairments } from '../../link/impair.ts';
import { Alarm } from '../alarm.ts';
import type { Store } from '../store.ts';
import { Air, type ApsFrame } from './air.ts';
import type { Behaviour } from './behaviour.ts';
import { OtaClient } from './client/client.ts';
import { type ClientState, factoryState } from './client/state.ts';
import { Node } from './node.ts';
import type { Options } from './options.ts';
import type { Orders } from './server/blocks.ts';
import type { StoredImage } from './server/images.ts';
import { type NotifyOrder, notify } from './server/notify.ts';
import { OtaServer } from './server/server.ts';
import { linkKeyOf, WELL_KNOWN_KEY } from './linkKey.ts';
import type { Slot } from './slot.ts';
import { HOME_AUTOMATION, OTA_ENDPOINT } from './zcl.ts';
import { Dongle } from './znp/dongle.ts';
import type { MtFrame } from './znp/frame.ts';
import { Memory } from './znp/memory.ts';
import { type Network, NvMemory, type SavedMemory } from './znp/nv.ts';
import { installCodeOctets } from '../../zigbee/codec/installCode.ts';
import { OTA_CLUSTER } from '../../zigbee/codec/numbers.ts';

/** Everything that survives a power cut, of the dongle and of the node. */
export interface Saved {
  readonly dongle?: SavedMemory;
  /** The network that the node belongs to. */
  readonly network?: string;
  readonly client?: ClientState;
}

/** What the simulation runs on. */
export interface DeviceParts {
  readonly options: Options;
  readonly behaviour: Behaviour;
  readonly clock: BenchClock;
  readonly seed: number;
  readonly impairments?: Impairments;
  readonly store: Store<Saved>;
  readonly slot: Slot;
  /** Files of a server. */
  readonly images?: readonly StoredImage[];
  /** Octets for the host of the dongle. */
  readonly toHost: (octets: Buffer) => void;
}

const SECOND_MS = 1000;
/** Addresses of nodes lie here; the last one is that of the node that only disturbs. */
const ADDRESSES = { from: 0x1000, to: 0xe000, bystander: 0xe001 } as const;
/** EUI-64s of this vendor's devices; the seed follows. */
const VENDOR = '00124b00';

/** A coordinator dongle, and the node under test behind it. */
export class ZigbeeDevice {
  readonly dongle: Dongle;
  readonly node: Node;
  readonly #parts: DeviceParts;
  readonly #air: Air;
  readonly #rebooting: Alarm;
  #saved: Saved;
  #application: OtaClient | OtaServer;
  /** Files that the server hands out, and those that were taken away. */
  readonly #images: StoredImage[];
  readonly #removed: StoredImage[] = [];
  readonly #orders: Orders;
  #notifies = 0;

  constructor(parts: DeviceParts) {
    const { store, seed, options } = parts;
    this.#parts = parts;
    const saved = store.load();
    this.#air = new Air(options.hop, parts.impairments);
    this.#rebooting = new Alarm(parts.clock);
    this.#images = [...(parts.images ?? [])];
    this.#orders = factoryOrders(options);
    const serial = (seed >>> 0).toString(16).padStart(8, '0');
    const given = networkOf(options.network);
    const joined =
      options.joined === 'yes' && given !== undefined ? { network: `${given.extendedPan}/${given.key}` } : {};
    this.#saved = saved ?? joined;
    const memory = new NvMemory(this.#saved.dongle, (dongle) => this.#save({ dongle }));
    const ownIeee = `${VENDOR}${serial}`;
    const donglesMemory = new Memory(memory, `f${ownIeee.slice(1)}`);
    if (given !== undefined && donglesMemory.network === undefined) donglesMemory.provide(given);
    this.dongle = new Dongle({
      air: this.#air,
      memory: donglesMemory,
      toHost: parts.toHost,
      networkChanged: () => this.node.networkChanged(),
    });
    const random = seeded(seed);
    const code = options.installCode === 'none' ? undefined : installCodeOctets(options.installCode);
    const linkKey = code === undefined ? WELL_KNOWN_KEY : linkKeyOf(code);
    this.node = new Node(
      { address: ADDRESSES.from + below(random, ADDRESSES.to - ADDRESSES.from), ieee: ownIeee, linkKey },
      { air: this.#air, parent: this.dongle },
      { saved: this.#saved.network, remember: (network) => this.#remember(network) },
    );
    this.#application = this.#boot();
    this.node.powerOn(this.#application);
  }

  /** What runs on the node. Throws where that is a server. */
  get client(): OtaClient {
    if (this.#application instanceof OtaClient) return this.#application;
    throw new Error('the node is a server');
  }

  /** What runs on the node. Throws where that is a client. */
  get server(): OtaServer {
    if (this.#application instanceof OtaServer) return this.#application;
    throw new Error('the node is a client');
  }

  /** What the application of a server was told. */
  get orders(): Orders {
    return this.#orders;
  }

  get images(): readonly StoredImage[] {
    return this.#images;
  }

  /** Sends an Image Notify for this file; false where there is none of that number. */
  notify(number: number, order: NotifyOrder): boolean {
    const image = this.#images[number];
    if (image === undefined) return false;
    this.#notifies = (this.#notifies + 1) & 0xff;
    const { options, behaviour } = this.#parts;
    notify(this.node, image, order, { options, behaviour, sequence: this.#notifies });
    return true;
  }

  /** Takes a file away from the server; it can be put back by `restore`. */
  remove(number: number): boolean {
    const [image] = this.#images.splice(number, 1);
    if (image !== undefined) this.#removed.push(image);
    return image !== undefined;
  }

  /** Puts back all files that were taken away; nobody is notified of it. */
  restore(): void {
    this.#images.splice(0, Infinity, ...(this.#parts.images ?? []));
    this.#removed.length = 0;
    if (this.#parts.behaviour.notifiesUnasked === true) this.notify(0, { payloadType: 0, jitter: 100 });
  }

  /** Back to the state of the factory; the network stays. */
  factoryReset(): void {
    if (this.#application instanceof OtaClient) this.#application.factoryReset();
    else {
      this.restore();
      delete this.#orders.wait;
      delete this.#orders.period;
      Object.assign(this.#orders, factoryOrders(this.#parts.options));
    }
    this.powerOff();
    this.powerOn();
  }

  /** A command of the host. */
  command(frame: MtFrame): void {
    this.dongle.command(frame);
  }

  powerOff(): void {
    this.#rebooting.clear();
    this.node.powerOff();
  }

  powerOn(): void {
    if (this.node.powered) return;
    if (this.#parts.behaviour.losesFilesAtRestart === true) this.#images.length = 0;
    this.#application = this.#boot();
    this.node.powerOn(this.#application);
  }

  /** Off, and on again after the time that a restart takes. */
  reboot(): void {
    const { clock, options, behaviour } = this.#parts;
    this.node.powerOff();
    if (behaviour.silentAfterUpgrade === true) return;
    this.#rebooting.set(clock.protocolNow() + options.rebootS * SECOND_MS, () => this.powerOn());
  }

  /** Another node of the network sends this to the node under test. */
  disturb(data: Buffer): void {
    const frame: Omit<ApsFrame, 'source'> = {
      sourceEndpoint: OTA_ENDPOINT,
      to: { address: this.node.address },
      endpoint: OTA_ENDPOINT,
      profile: HOME_AUTOMATION,
      cluster: OTA_CLUSTER,
      data,
      acknowledged: true,
    };
    this.#air.send({ ...frame, source: ADDRESSES.bystander });
  }

  /** The firmware as it is after power on: what it knows is what was saved. */
  #boot(): OtaClient | OtaServer {
    const { options, behaviour, clock, seed, slot } = this.#parts;
    if (options.role === 'server') {
      const files = { images: this.#images, removed: this.#removed };
      return new OtaServer({ options, behaviour, clock, ...files, orders: this.#orders }, this.node);
    }
    const state = structuredClone(this.#saved.client ?? factoryState(options));
    return new OtaClient(
      {
        options,
        behaviour,
        clock,
        slot,
        state,
        random: seeded(seed),
        ieee: this.node.ieee,
        save: () => this.#save({ client: state }),
        reboot: () => this.reboot(),
      },
      this.node,
    );
  }

  #remember(network: string | undefined): void {
    const { network: _old, ...rest } = this.#saved;
    this.#saved = rest;
    this.#save(network === undefined ? {} : { network });
  }

  #save(change: Saved): void {
    this.#saved = { ...this.#saved, ...change };
    this.#parts.store.save(this.#saved);
  }
}

/** What a server does when nobody told it otherwise. */
function factoryOrders(options: Options): Orders {
  const delay = Number(options.delay);
  return { authorised: true, rejects: false, aborts: false, delay, holds: false, cancels: false };
}

/** Reads `PAN/EXTENDED-PAN/KEY/CHANNEL`; undefined for an empty text or one that is none. */
export function networkOf(text: string): Network | undefined {
  const found = /^([0-9a-f]{1,4})\/([0-9a-f]{16})\/([0-9a-f]{32})\/(1[1-9]|2[0-6])$/.exec(text.toLowerCase());
  if (found === null) return undefined;
  const [, pan = '', extendedPan = '', key = '', channel = ''] = found;
  return { pan: Number.parseInt(pan, 16), extendedPan, key, channel: Number(channel) };
}
