import { blobPhase, blobStatus, missingFormat, modelIds, transferMode } from '../../mesh/codec/enums.ts';
import type { Decoded } from '../../mesh/codec/access.ts';
import { bitmapOf, bitsSet } from '../../mesh/codec/fields.ts';
import type { MessageValue } from '../../mesh/codec/message.ts';
import {
  blobBlockGet,
  blobBlockStart,
  type blobBlockStatus,
  blobChunkTransfer,
  blobInformationGet,
  type blobInformationStatus,
  blobPartialBlockReport,
  blobTransferCancel,
  blobTransferGet,
  blobTransferStart,
  type blobTransferStatus,
} from '../../mesh/codec/messages/blob.ts';
import { Asker, type Course } from './asker.ts';
import { type Model, type ModelPort, type Peer, sendMessage } from './model.ts';

/** A BLOB to be sent, and how. */
export interface BlobOrder {
  readonly blobId: string;
  readonly data: Buffer;
  readonly mode: number;
  readonly app: number;
  readonly ttl: number;
  /** Largest block size log and chunk size that the client wants. */
  readonly log: number;
  readonly chunk: number;
  /** Where chunks go in push mode; 0: to every target by its own address. */
  readonly group: number;
  /** Client timeout, protocol milliseconds. */
  readonly limitMs: number;
  /** Ends it from outside. */
  readonly course: Course;
}

/** A server on its way to the whole BLOB. */
export interface BlobTarget {
  readonly address: number;
  lost: boolean;
  /** Status of the last answer. */
  transferStatus: number;
  /** In percent. */
  progress: number;
}

interface Geometry {
  readonly log: number;
  readonly chunk: number;
}

type Information = MessageValue<typeof blobInformationStatus>;
type BlockStatus = MessageValue<typeof blobBlockStatus>;

/** MTU that the client tells. */
const MTU = 380;
/** Twice the longest report interval, and a little. */
const REPORT_LIMIT_MS = 67_000;
const CHUNK_OVERHEAD = 3;

/** BLOB Transfer Client (MshMBT): sends one BLOB at a time to a row of servers. */
export class BlobClient implements Model {
  readonly id = modelIds.BLOB_TRANSFER_CLIENT;
  readonly asker: Asker;
  readonly #port: ModelPort;
  /** Told of a target that is given up. */
  lost: ((address: number) => void) | undefined;

  constructor(port: ModelPort) {
    this.#port = port;
    this.asker = new Asker(port);
  }

  receive(message: Decoded, from: Peer): void {
    this.asker.heard(message, from);
  }

  close(): void {
    this.asker.close();
  }

  /** Asks a server what it takes. */
  information(to: Peer, limitMs: number): Promise<Information | undefined> {
    return this.asker.ask(blobInformationGet, {}, to, limitMs);
  }

  /** Asks a server how far it is. */
  get(to: Peer, limitMs: number): Promise<MessageValue<typeof blobTransferStatus> | undefined> {
    return this.asker.ask(blobTransferGet, {}, to, limitMs);
  }

  /** Sends the BLOB to every target that is not lost; returns when each has it, is lost, or the course was stopped. */
  async send(order: BlobOrder, targets: readonly BlobTarget[]): Promise<void> {
    const geometry = await this.#negotiate(order, targets);
    if (order.course.stopped) return;
    const missing = await this.#start(order, targets, geometry);
    const blocks = Math.ceil(order.data.length / 2 ** geometry.log);
    for (let block = 0; block < blocks && !order.course.stopped; block++) {
      const open = left(targets).filter((target) => missing.get(target)?.has(block) === true);
      if (order.mode === transferMode.PULL)
        await Promise.all(open.map((target) => this.#pullBlock(order, geometry, block, target)));
      else await this.#pushBlock(order, geometry, block, open);
      for (const target of left(targets)) target.progress = Math.floor(((block + 1) * 100) / blocks);
    }
    if (order.course.stopped) return;
    await Promise.all(left(targets).map((target) => this.#finish(order, target)));
  }

  /** Transfer Start alone, whatever comes of it. */
  async announce(order: BlobOrder, address: number): Promise<void> {
    const { mode, blobId, data, log } = order;
    const start = { mode, blobId, size: data.length, blockSizeLog: log, mtu: MTU };
    await this.asker.ask(blobTransferStart, start, peer(order, address), order.limitMs);
  }

  /** Gives the BLOB up at every target. */
  async cancel(order: BlobOrder, targets: readonly BlobTarget[]): Promise<void> {
    await Promise.all(
      targets.map(({ address }) =>
        this.asker.ask(blobTransferCancel, { blobId: order.blobId }, peer(order, address), order.limitMs),
      ),
    );
  }

  // Begin and end

  async #negotiate(order: BlobOrder, targets: readonly BlobTarget[]): Promise<Geometry> {
    const told: Information[] = [];
    await Promise.all(
      left(targets).map(async (target) => {
        const seen = await this.information(peer(order, target.address), order.limitMs);
        if (seen === undefined) this.#drop(order, target, undefined);
        else told.push(seen);
      }),
    );
    const geometry = geometryFor(order, told);
    return { ...geometry, chunk: this.#port.behaviour.chunkSize ?? geometry.chunk };
  }

  /** The blocks that each target lacks. */
  async #start(
    order: BlobOrder,
    targets: readonly BlobTarget[],
    { log }: Geometry,
  ): Promise<Map<BlobTarget, ReadonlySet<number>>> {
    const { mode, blobId, data } = order;
    const start = { mode, blobId, size: data.length, blockSizeLog: log, mtu: MTU };
    const missing = new Map<BlobTarget, ReadonlySet<number>>();
    await Promise.all(
      left(targets).map(async (target) => {
        const seen = await this.asker.ask(blobTransferStart, start, peer(order, target.address), order.limitMs);
        if (seen?.status !== blobStatus.SUCCESS) this.#drop(order, target, seen?.status);
        const blocks = Math.ceil(data.length / 2 ** log);
        const all = bitmapOf(new Set(Array.from({ length: blocks }, (_, block) => block)), blocks);
        missing.set(target, new Set(bitsSet(seen?.transfer?.blocksNotReceived ?? all)));
      }),
    );
    return missing;
  }

  async #finish(order: BlobOrder, target: BlobTarget): Promise<void> {
    if (this.#port.behaviour.skipsTransferGet === true) return;
    const complete = await this.asker.ask(
      blobTransferGet,
      {},
      peer(order, target.address),
      order.limitMs,
      ({ status, phase }) => status !== blobStatus.SUCCESS || phase === blobPhase.TRANSFER_COMPLETE,
    );
    if (complete?.status !== blobStatus.SUCCESS) this.#drop(order, target, complete?.status);
  }

  /** A status that is undefined stands for silence. */
  #drop(order: BlobOrder, target: BlobTarget, status: number | undefined): void {
    if (order.course.stopped) return;
    target.transferStatus = status ?? blobStatus.INTERNAL_ERROR;
    if (this.#port.behaviour.keepsFailedTargets === true && status !== undefined) return;
    target.lost = true;
    this.lost?.(target.address);
  }

  // Blocks

  async #blockStart(
    order: BlobOrder,
    block: number,
    chunkSize: number,
    target: BlobTarget,
  ): Promise<BlockStatus | undefined> {
    const to = peer(order, target.address);
    // A late answer tells of the block before.
    const test = (s: BlockStatus): boolean => s.status !== blobStatus.SUCCESS || s.block === block;
    const seen = await this.asker.ask(blobBlockStart, { block, chunkSize }, to, order.limitMs, test);
    if (seen?.status === blobStatus.SUCCESS) return seen;
    this.#drop(order, target, seen?.status);
    return undefined;
  }

  async #pushBlock(
    order: BlobOrder,
    { log, chunk: chunkSize }: Geometry,
    block: number,
    targets: readonly BlobTarget[],
  ): Promise<void> {
    const part = order.data.subarray(block * 2 ** log, (block + 1) * 2 ** log);
    const chunks = Math.ceil(part.length / chunkSize);
    const lacks = new Map<BlobTarget, readonly number[]>();
    const all = Array.from({ length: chunks }, (_, chunk) => chunk);
    if (this.#port.behaviour.chunksFirst === true)
      await this.#sendChunks(
        order,
        part,
        chunkSize,
        targets.map((target) => [target, all]),
      );
    await Promise.all(
      targets.map(async (target) => {
        const seen = await this.#blockStart(order, block, chunkSize, target);
        if (seen !== undefined) lacks.set(target, missingOf(seen, chunks));
      }),
    );
    const now = (): number => this.#port.timers.now();
    let moved = now();
    while (!order.course.stopped) {
      const open = [...lacks].filter(([target, chunk]) => !target.lost && chunk.length > 0);
      if (open.length === 0) return;
      await this.#sendChunks(order, part, chunkSize, open);
      const before = count(lacks);
      await Promise.all(
        open.map(async ([target]) => {
          const seen = await this.asker.ask(blobBlockGet, {}, peer(order, target.address), order.limitMs);
          if (seen?.status === blobStatus.SUCCESS) lacks.set(target, missingOf(seen, chunks));
          else this.#drop(order, target, seen?.status);
        }),
      );
      if (count(lacks) < before) moved = now();
      // A server that takes nothing any more is as good as silent.
      else if (now() - moved > order.limitMs) for (const [target] of open) this.#drop(order, target, undefined);
    }
  }

  async #sendChunks(
    order: BlobOrder,
    part: Buffer,
    chunkSize: number,
    open: readonly (readonly [BlobTarget, readonly number[]])[],
  ): Promise<void> {
    const all = Array.from({ length: Math.ceil(part.length / chunkSize) }, (_, chunk) => chunk);
    const resends = this.#port.behaviour.resendsAll === true;
    if (order.group !== 0) {
      const wanted = [...new Set(open.flatMap(([, chunks]) => chunks))].sort((a, b) => a - b);
      for (const chunk of wanted) await this.#chunk(order, order.group, part, chunkSize, chunk);
      return;
    }
    for (const [target, chunks] of open)
      for (const chunk of resends ? all : chunks)
        if (!order.course.stopped) await this.#chunk(order, target.address, part, chunkSize, chunk);
  }

  async #chunk(order: BlobOrder, address: number, part: Buffer, chunkSize: number, chunk: number): Promise<void> {
    const { behaviour } = this.#port;
    const data = Buffer.from(part.subarray(chunk * chunkSize, (chunk + 1) * chunkSize));
    if (behaviour.sendsWrongOctets === true) data[0] = (data[0] ?? 0) ^ 1;
    await sendMessage(this.#port, blobChunkTransfer, { chunk, data }, peer(order, address));
  }

  async #pullBlock(
    order: BlobOrder,
    { log, chunk: chunkSize }: Geometry,
    block: number,
    target: BlobTarget,
  ): Promise<void> {
    const part = order.data.subarray(block * 2 ** log, (block + 1) * 2 ** log);
    const chunks = Math.ceil(part.length / chunkSize);
    if (this.#port.behaviour.pushesInPull === true)
      for (let chunk = 0; chunk < chunks; chunk++) await this.#chunk(order, target.address, part, chunkSize, chunk);
    const seen = await this.#blockStart(order, block, chunkSize, target);
    if (seen === undefined || seen.format === missingFormat.NONE) return;
    let wanted: readonly number[] = seen.wanted ?? missingOf(seen, chunks);
    while (wanted.length > 0 && !order.course.stopped) {
      const report = this.asker.expect(blobPartialBlockReport, target.address, REPORT_LIMIT_MS);
      for (const chunk of wanted) if (chunk < chunks) await this.#chunk(order, target.address, part, chunkSize, chunk);
      const next = await report;
      if (next === undefined) return this.#drop(order, target, undefined);
      wanted = next.wanted;
    }
  }
}

function left(targets: readonly BlobTarget[]): BlobTarget[] {
  return targets.filter((target) => !target.lost);
}

function peer({ app, ttl }: BlobOrder, address: number): Peer {
  return ttl > 0x7f ? { address, app } : { address, app, ttl };
}

function count(lacks: ReadonlyMap<BlobTarget, readonly number[]>): number {
  return [...lacks.values()].reduce((sum, chunks) => sum + chunks.length, 0);
}

/** The chunks that a Block Status names. */
function missingOf({ format, missing, wanted }: BlockStatus, chunks: number): readonly number[] {
  if (format === missingFormat.ALL) return Array.from({ length: chunks }, (_, chunk) => chunk);
  if (format === missingFormat.SOME) return bitsSet(missing ?? Buffer.alloc(0)).filter((chunk) => chunk < chunks);
  return format === missingFormat.ENCODED ? (wanted ?? []) : [];
}

/** Blocks and chunks that every server takes: the largest of each, and blocks small enough for their chunks. */
function geometryFor({ log: wantedLog, chunk: wantedChunk }: BlobOrder, told: readonly Information[]): Geometry {
  const mtu = Math.min(MTU, ...told.map((one) => one.mtu));
  const chunk = Math.min(wantedChunk, mtu - CHUNK_OVERHEAD, ...told.map((one) => one.maxChunkSize));
  const chunks = Math.min(8 * (mtu - 6), ...told.map((one) => one.maxChunks));
  const smallest = Math.max(6, ...told.map((one) => one.minBlockSizeLog));
  let log = Math.min(wantedLog, ...told.map((one) => one.maxBlockSizeLog));
  while (log > smallest && 2 ** log > chunks * chunk) log--;
  return { log, chunk };
}
