import type { BenchClock } from '../../../core/clock.ts';
import type { CommandValue } from '../../../zigbee/codec/command.ts';
import { zclStatus } from '../../../zigbee/codec/numbers.ts';
import { type imageBlockRequest, imageBlockResponse, type imagePageRequest } from '../../../zigbee/codec/ota.ts';
import { Alarm } from '../../alarm.ts';
import type { Options } from '../options.ts';
import type { Incoming, Peer, ZclPort } from '../zcl.ts';
import type { ServerBehaviour } from './behaviour.ts';
import { imageOf, type StoredImage } from './images.ts';

/** What the application of the server was told over its console. */
export interface Orders {
  authorised: boolean;
  rejects: boolean;
  /** Seconds by which the next block request is put off. */
  wait?: number;
  /** Minimum block period imposed on clients that announce theirs. */
  period?: number;
  /** The next block request ends the download. */
  aborts: boolean;
  /** Seconds from the end of a download to the upgrade. */
  delay: number;
  holds: boolean;
  cancels: boolean;
}

/** What the server runs on. */
export interface ServerParts {
  readonly options: Options;
  readonly behaviour: ServerBehaviour;
  readonly clock: BenchClock;
  /** Files that can be fetched now. */
  readonly images: readonly StoredImage[];
  /** Files that there were once. */
  readonly removed: readonly StoredImage[];
  readonly orders: Orders;
}

type BlockRequest = CommandValue<typeof imageBlockRequest>;
type PageRequest = CommandValue<typeof imagePageRequest>;
/** Seconds by which the start of a download is put off, where the server does that. */
const START_WAIT = 5;

/** Hands out pieces of files (11.13.6 to 11.13.8). */
export class BlockService {
  readonly #parts: ServerParts;
  readonly #port: ZclPort;
  /** Clients whose download has not been put off yet. */
  readonly #fresh = new Set<string>();
  readonly #pages = new Map<string, Alarm>();
  /** The request answered last, and the client that the server is busy with: for wrong servers. */
  #last = '';
  #busyWith: string | undefined;
  #expected = 0;

  constructor(parts: ServerParts, port: ZclPort) {
    this.#parts = parts;
    this.#port = port;
  }

  /** A client got an offer. */
  offered({ address, endpoint }: Peer): void {
    this.#fresh.add(`${address}/${endpoint}`);
    this.#expected = 0;
  }

  stop(): void {
    for (const alarm of this.#pages.values()) alarm.clear();
    this.#pages.clear();
  }

  /** A request for one piece. */
  asked(request: BlockRequest, incoming: Incoming): void {
    const { behaviour } = this.#parts;
    const client = `${incoming.from.address}/${incoming.from.endpoint}`;
    const seen = `${client} ${request.fileOffset}`;
    if (behaviour.ignoresRepeats === true && seen === this.#last) return;
    this.#last = seen;
    this.#busyWith ??= client;
    if (behaviour.servesOneClient === true && this.#busyWith !== client) return;
    if (request.fieldControl !== 0 && behaviour.refusesOptionalFields === true)
      return this.#port.default(incoming, zclStatus.INVALID_FIELD);
    if (this.#putOff(request, incoming, client)) return;
    const data = this.#piece(request, request.fileOffset, request.maximumDataSize, incoming);
    if (data !== undefined) this.#send(request, request.fileOffset, data, incoming);
  }

  /** A request for a page: its pieces one after the other, all with the number of the request. */
  askedForPage(request: PageRequest, incoming: Incoming): void {
    const { behaviour, clock } = this.#parts;
    const client = `${incoming.from.address}/${incoming.from.endpoint}`;
    this.#pages.get(client)?.clear();
    const alarm = new Alarm(clock);
    this.#pages.set(client, alarm);
    const length = behaviour.leavesPageShort === true ? request.pageSize >> 1 : request.pageSize;
    const end = request.fileOffset + length;
    const next = (offset: number): void => {
      const image = imageOf(this.#parts.images, request);
      // A page may reach beyond the end of the file, which ends it.
      if (offset >= end || (offset > request.fileOffset && offset >= (image?.octets.length ?? 0))) return;
      const data = this.#piece(request, offset, Math.min(request.maximumDataSize, end - offset), incoming);
      if (data === undefined) return;
      this.#send(request, offset, data, incoming);
      const spacing = behaviour.ignoresSpacing === true ? 0 : request.responseSpacing;
      alarm.set(clock.protocolNow() + spacing, () => next(offset + data.length));
    };
    next(request.fileOffset);
  }

  /** WAIT_FOR_DATA or ABORT instead of data; false where data may go. */
  #putOff(request: BlockRequest, incoming: Incoming, client: string): boolean {
    const { behaviour, options, orders } = this.#parts;
    const period = orders.period ?? 0;
    const say = (seconds: number): true => {
      const times = { currentTime: 0, requestTime: seconds };
      const wait = { status: zclStatus.WAIT_FOR_DATA, ...times, minimumBlockPeriod: period };
      this.#port.answer(imageBlockResponse, wait, incoming);
      return true;
    };
    if (orders.aborts) {
      orders.aborts = false;
      this.#port.answer(imageBlockResponse, { status: zclStatus.ABORT }, incoming);
      return true;
    }
    if (orders.wait !== undefined) {
      const seconds = orders.wait;
      delete orders.wait;
      return say(seconds);
    }
    if (behaviour.alwaysWaits !== undefined) return say(behaviour.alwaysWaits);
    if (options.serverWait === 'yes' && this.#fresh.delete(client)) return say(START_WAIT);
    const announced = request.minimumBlockPeriod ?? (behaviour.ratesEveryone === true ? 0 : period);
    return announced !== period ? say(0) : false;
  }

  /** The octets at this offset; a Default Response, and undefined, where there are none. */
  #piece(wanted: BlockRequest | PageRequest, offset: number, asked: number, incoming: Incoming): Buffer | undefined {
    const { behaviour, options, images, removed, orders } = this.#parts;
    const found =
      imageOf(images, wanted) ??
      (behaviour.servesAnyIdentity === true ? images[0] : undefined) ??
      (behaviour.servesRemovedFile === true ? imageOf(removed, wanted) : undefined);
    const missing = found === undefined || (offset >= found.octets.length && behaviour.servesBeyondEnd !== true);
    if (missing || (orders.rejects && behaviour.ignoresRejection !== true)) {
      this.#port.default(incoming, zclStatus.NO_IMAGE_AVAILABLE);
      return undefined;
    }
    if (asked === 0 && behaviour.servesNoOctets !== true) {
      this.#port.default(incoming, zclStatus.INVALID_FIELD);
      return undefined;
    }
    if (behaviour.onlyInOrder === true && offset > this.#expected) {
      this.#port.default(incoming, zclStatus.NO_IMAGE_AVAILABLE);
      return undefined;
    }
    const most = Math.min(asked === 0 ? options.maxBlock : asked, options.maxBlock);
    const size = most + (behaviour.sendsMoreThanAsked ?? 0);
    const data = Buffer.from(found.octets.subarray(offset, offset + size));
    this.#expected = offset + data.length;
    const filler = behaviour.padsLastBlock === true || behaviour.servesBeyondEnd === true ? size - data.length : 0;
    const garbled = behaviour.garblesData;
    if (garbled !== undefined) for (const [i, octet] of data.entries()) data[i] = octet ^ garbled;
    return Buffer.concat([data, Buffer.alloc(filler, 0xff)]);
  }

  #send(wanted: BlockRequest | PageRequest, offset: number, data: Buffer, incoming: Incoming): void {
    const { manufacturerCode, imageType, fileVersion } = wanted;
    const fileOffset = offset + (this.#parts.behaviour.shiftsOffset ?? 0);
    const block = { manufacturerCode, imageType, fileVersion, fileOffset, data };
    this.#port.answer(imageBlockResponse, { status: zclStatus.SUCCESS, ...block }, incoming);
  }
}
