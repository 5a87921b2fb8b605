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
import type { Slot } from './slot.ts';
import { HOME_AUTOMATION, OTA_ENDPOINT } from './zcl.ts';
import { Dongle } from './znp/dongle.ts';
import type { MtFrame } from './znp/frame.ts';
import { Memory } from './znp/memory.ts';
import { type Network, NvMemory, type SavedMemory } from './znp/nv.ts';
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
  #client: OtaClient;

  constructor(parts: DeviceParts) {
    const { store, seed, options } = parts;
    this.#parts = parts;
    this.#saved = store.load() ?? {};
    this.#air = new Air(parts.impairments);
    this.#rebooting = new Alarm(parts.clock);
    const serial = (seed >>> 0).toString(16).padStart(8, '0');
    const memory = new NvMemory(this.#saved.dongle, (dongle) => this.#save({ dongle }));
    const given = networkOf(options.network);
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
    const joined = options.joined === 'yes' && given !== undefined ? `${given.extendedPan}/${given.key}` : undefined;
    this.node = new Node(
      { address: ADDRESSES.from + below(random, ADDRESSES.to - ADDRESSES.from), ieee: ownIeee },
      { air: this.#air, parent: this.dongle },
      { saved: this.#saved.network ?? joined, remember: (network) => this.#remember(network) },
    );
    this.#client = this.#boot();
    this.node.powerOn(this.#client);
  }

  /** What runs on the node. */
  get client(): OtaClient {
    return this.#client;
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
    this.#client = this.#boot();
    this.node.powerOn(this.#client);
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
  #boot(): OtaClient {
    const { options, behaviour, clock, seed, slot } = this.#parts;
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

/** Reads `PAN/EXTENDED-PAN/KEY/CHANNEL`; undefined for an empty text or one that is none. */
export function networkOf(text: string): Network | undefined {
  const found = /^([0-9a-f]{1,4})\/([0-9a-f]{16})\/([0-9a-f]{32})\/(1[1-9]|2[0-6])$/.exec(text.toLowerCase());
  if (found === null) return undefined;
  const [, pan = '', extendedPan = '', key = '', channel = ''] = found;
  return { pan: Number.parseInt(pan, 16), extendedPan, key, channel: Number(channel) };
}
