import { benchClock, wallNow } from '../../core/clock.ts';
import { Reader } from '../../core/layout/cursor.ts';
import { encodeLayout, type Layout, readLayout, type Value } from '../../core/layout/layout.ts';
import type { Impairments } from '../../link/impair.ts';
import type { CommandType, CommandValue } from '../../zigbee/codec/command.ts';
import { decodeFrame, encodeCommand, valueOf } from '../../zigbee/codec/frame.ts';
import { readAttributes, readAttributesResponse } from '../../zigbee/codec/global.ts';
import { type Direction, direction, OTA_CLUSTER } from '../../zigbee/codec/numbers.ts';
import {
  imageBlockRequest,
  imageBlockResponse,
  imageNotify,
  queryNextImageRequest,
  queryNextImageResponse,
} from '../../zigbee/codec/ota.ts';
import { dummyData, type ImageOrder, makeImage } from '../../zigbee/file/make.ts';
import { memoryStore, type Store } from '../store.ts';
import type { Behaviour } from './behaviour.ts';
import { type Saved, ZigbeeDevice } from './device.ts';
import { type Options, options } from './options.ts';
import type { StoredImage } from './server/images.ts';
import { memorySlot, type Slot } from './slot.ts';
import { HOME_AUTOMATION, OTA_ENDPOINT } from './zcl.ts';
import { indications, type Request, requests } from './znp/commands.ts';
import { encodeMt, MtParser, mtType } from './znp/frame.ts';

/** Real time per protocol time in these tests. */
const FACTOR = 0.01;
/** For whatever must come. */
const PATIENCE_MS = 5000;
/** A network that the dongle holds already. */
export const NETWORK = '1a62/00124b0000000001/000102030405060708090a0b0c0d0e0f/15';
/** Endpoint of the host. */
const OWN_ENDPOINT = 1;
/** What a file is for, and what it is. */
export interface Identity {
  readonly manufacturerCode: number;
  readonly imageType: number;
  readonly fileVersion: number;
}
/** The file that the node under test takes. */
export const IDENTITY: Identity = { manufacturerCode: 0x1234, imageType: 0x0001, fileVersion: 2 };

/** A node that does nothing wrong. */
export const factoryBehaviour: Behaviour = {};

/** What a test starts with. */
export interface BenchOrder {
  readonly options?: Partial<Options>;
  readonly behaviour?: Behaviour;
  readonly impairments?: Impairments;
  /** Files of a server. */
  readonly images?: readonly StoredImage[];
  /** Of an earlier bench: the same dongle and node, after a power cut. */
  readonly store?: Store<Saved>;
  readonly slot?: Slot;
}

/** A ZCL frame that the host received. */
export interface Heard {
  readonly data: Buffer;
  readonly at: number;
}

/** A host that speaks to the dongle without a library, for tests of the node behind it. */
export class Bench {
  readonly device: ZigbeeDevice;
  readonly store: Store<Saved>;
  readonly slot: Slot;
  readonly heard: Heard[] = [];
  /** Statuses of data confirms. */
  readonly confirms: number[] = [];
  /** For every frame received: whether it was broadcast. */
  readonly broadcasts: boolean[] = [];
  /** Endpoint that frames are sent from. */
  source = OWN_ENDPOINT;
  /** Device announces. */
  announced = 0;
  readonly #parser = new MtParser();
  #answer: ((data: Buffer) => void) | undefined;
  #changed = (): void => undefined;
  #taken = 0;
  #sequence = 100;

  constructor({ options: changes, behaviour = {}, impairments, images = [], store, slot }: BenchOrder = {}) {
    this.store = store ?? memoryStore<Saved>();
    this.slot = slot ?? memorySlot();
    this.device = new ZigbeeDevice({
      // Patient, so that a busy computer makes no client repeat itself; tests of repeats make it less so.
      options: options({ network: NETWORK, joined: 'yes', blockTimeout: 100, ...changes }),
      behaviour,
      clock: benchClock(wallNow(), FACTOR),
      seed: 7,
      images,
      store: this.store,
      slot: this.slot,
      toHost: (octets) => this.#received(octets),
      ...(impairments === undefined ? {} : { impairments }),
    });
  }

  /** Starts the network and registers an endpoint with the OTA server cluster. */
  async start(): Promise<this> {
    await this.ask(requests.startup, { delay: 0 });
    await this.register(OWN_ENDPOINT);
    return this;
  }

  /** Registers an endpoint with the OTA server cluster. */
  async register(endpoint: number): Promise<void> {
    const clusters = { inCount: 1, inClusters: [OTA_CLUSTER], outCount: 0, outClusters: [] };
    const device = { device: 5, version: 0, latency: 0 };
    await this.ask(requests.register, { endpoint, profile: HOME_AUTOMATION, ...device, ...clusters });
  }

  /** The power of everything is gone. */
  stop(): void {
    this.device.powerOff();
  }

  /** A command to the dongle, and its answer. */
  async ask<Q extends Layout, R extends Layout>(type: Request<Q, R>, value: Value<Q>): Promise<Value<R>> {
    const answer = new Promise<Buffer>((resolve) => {
      this.#answer = resolve;
    });
    const data = encodeLayout(type.request, value, 'little');
    for (const frame of new MtParser().feed(
      encodeMt({ type: mtType.SREQ, subsystem: type.subsystem, id: type.id, data }),
    ))
      this.device.command(frame);
    return readLayout(type.response, new Reader(await answer, 'little'));
  }

  /** Sends a ZCL frame to the node. */
  async raw(data: Buffer, address = this.device.node.address, endpoint = OTA_ENDPOINT): Promise<void> {
    const head = { sourceEndpoint: this.source, cluster: OTA_CLUSTER, transaction: 1, options: 0, radius: 30 };
    await this.ask(requests.data, { address, endpoint, ...head, data });
  }

  /** Sends a command; an answer repeats the sequence number of what it answers. */
  async send<L extends Layout>(
    type: CommandType<L>,
    value: Value<L>,
    how: { readonly sequence?: number; readonly direction?: Direction; readonly address?: number } = {},
  ): Promise<void> {
    this.#sequence += 1;
    const { sequence = this.#sequence, address } = how;
    const header = { sequence, direction: how.direction ?? direction.SERVER_TO_CLIENT };
    await this.raw(encodeCommand(type, value, header), address, address === undefined ? OTA_ENDPOINT : 0xff);
  }

  /** The next command of this type, skipping others; rejects where none comes in time. */
  async next<C extends CommandType>(type: C): Promise<{ value: CommandValue<C>; sequence: number; at: number }> {
    const limit = performance.now() + PATIENCE_MS;
    for (;;) {
      while (this.#taken < this.heard.length) {
        const heard = this.heard[this.#taken];
        this.#taken += 1;
        if (heard === undefined) break;
        const decoded = decodeFrame(heard.data);
        const value = valueOf(type, decoded);
        if (value !== undefined && decoded.header !== undefined)
          return { value: value as CommandValue<C>, sequence: decoded.header.sequence, at: heard.at };
      }
      const left = limit - performance.now();
      if (left <= 0) throw new Error(`no ${type.name} within ${PATIENCE_MS} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Whether nothing comes for so many protocol seconds; what came is left for `next`. */
  async silent(seconds: number): Promise<boolean> {
    const before = this.heard.length;
    await this.pass(seconds);
    return this.heard.length === before;
  }

  /** So many protocol seconds go by. */
  async pass(seconds: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000 * FACTOR));
  }

  /** Until it holds. */
  async until(holds: () => boolean): Promise<void> {
    for (const limit = performance.now() + PATIENCE_MS; !holds(); await this.pass(0.5))
      if (performance.now() > limit) throw new Error(`never: ${String(holds)}`);
  }

  /** Values of client attributes by id. */
  async attributes(...attributes: readonly number[]): Promise<Map<number, unknown>> {
    await this.send(readAttributes, { attributes });
    const { value } = await this.next(readAttributesResponse);
    return new Map(value.records.map((record) => [record.attribute, record.value?.content ?? record.status]));
  }

  /** Has the node query, and offers this file. Returns after the offer. */
  async offer(file: Buffer, identity: Partial<Identity> = {}): Promise<void> {
    await this.send(imageNotify, { payloadType: 0, queryJitter: 100 });
    const { sequence } = await this.query();
    const offered = { status: 0, ...IDENTITY, ...identity, imageSize: file.length };
    await this.send(queryNextImageResponse, offered, { sequence });
  }

  /** The next query. */
  query() {
    return this.next(queryNextImageRequest);
  }

  /** Answers block requests until the file is complete, or `until` of its octets are sent. */
  async serve(file: Buffer, until = file.length, identity: Partial<Identity> = {}): Promise<void> {
    for (let sent = 0; sent < until; ) {
      const { value, sequence } = await this.next(imageBlockRequest);
      const data = file.subarray(value.fileOffset, value.fileOffset + value.maximumDataSize);
      await this.block(value.fileOffset, data, sequence, identity);
      sent = value.fileOffset + data.length;
    }
  }

  async block(fileOffset: number, data: Buffer, sequence: number, identity: Partial<Identity> = {}): Promise<void> {
    await this.send(imageBlockResponse, { status: 0, ...IDENTITY, ...identity, fileOffset, data }, { sequence });
  }

  #received(octets: Buffer): void {
    for (const { type, subsystem: part, id, data } of this.#parser.feed(octets)) {
      if (type === mtType.SRSP) this.#answer?.(data);
      const is = (indication: { readonly subsystem: number; readonly id: number }): boolean =>
        type === mtType.AREQ && part === indication.subsystem && id === indication.id;
      if (is(indications.confirm)) this.confirms.push(data[0] ?? 0);
      if (is({ subsystem: indications.state.subsystem, id: 0xc1 })) this.announced += 1;
      if (!is(indications.incoming)) continue;
      const { data: frame, broadcast } = readLayout(indications.incoming.layout, new Reader(data, 'little'));
      this.broadcasts.push(broadcast === 1);
      this.heard.push({ data: frame, at: performance.now() });
      this.#changed();
    }
  }
}

/** A file for the node under test. */
export function imageFile(changes: Partial<ImageOrder> = {}, octets = 300): Buffer {
  return makeImage({ ...IDENTITY, elements: [{ tag: 0, data: dummyData(octets) }], integrity: 'before', ...changes });
}
