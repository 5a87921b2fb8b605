import { type Decoded, valueOf } from '../../mesh/codec/access.ts';
import { blobPhase, blobStatus, missingFormat, modelIds, transferMode } from '../../mesh/codec/enums.ts';
import type { MessageValue } from '../../mesh/codec/message.ts';
import {
  blobBlockGet,
  blobBlockStart,
  blobBlockStatus,
  blobChunkTransfer,
  blobInformationGet,
  blobInformationStatus,
  blobPartialBlockReport,
  blobTransferCancel,
  blobTransferGet,
  blobTransferStart,
  blobTransferStatus,
} from '../../mesh/codec/messages/blob.ts';
import type { Situation } from './behaviour.ts';
import { informationOf, openBlockStatusOf, transferStatusOf, wantedChunks } from './blobReplies.ts';
import { BlobStore, type BlobTransfer, type SavedBlob } from './blobStore.ts';
import { Countdown, type Model, type ModelPort, type Peer, sendMessage, statusFor } from './model.ts';

/** What a BLOB Transfer Server can take. */
export interface BlobLimits {
  readonly minLog: number;
  readonly maxLog: number;
  readonly maxChunks: number;
  readonly maxChunk: number;
  readonly maxBlob: number;
  readonly mtu: number;
  readonly push: boolean;
  readonly pull: boolean;
  /** Chunks asked for at a time in pull mode. */
  readonly wanted: number;
  readonly reportMs: number;
}

/** Told by the server to the model on top of it. */
export interface BlobEvents {
  complete(image: Buffer): void;
  /** Nothing came within the server timeout; the transfer can be resumed. */
  suspended(): void;
  /** A client has resumed it. */
  resumed(): void;
  /** A client has cancelled it. */
  canceled(): void;
}

const SUCCESS = blobStatus.SUCCESS;
const NO_BLOCK = 0xffff;
const { INACTIVE, WAITING_FOR_TRANSFER_START, WAITING_FOR_NEXT_BLOCK, WAITING_FOR_NEXT_CHUNK } = blobPhase;
const { TRANSFER_COMPLETE, TRANSFER_SUSPENDED } = blobPhase;

/** BLOB Transfer Server (MshMBT): one transfer at a time, in push or pull mode, prepared by the model on top. */
export class BlobServer implements Model {
  readonly id = modelIds.BLOB_TRANSFER_SERVER;
  readonly #port: ModelPort;
  readonly #limits: BlobLimits;
  readonly #timeout: Countdown;
  readonly #report: Countdown;
  #store: BlobStore;
  /** The model on top; set by it. */
  events: BlobEvents | undefined;

  constructor(port: ModelPort, limits: BlobLimits, saved?: SavedBlob) {
    this.#port = port;
    this.#limits = limits;
    this.#timeout = new Countdown(port.timers);
    this.#report = new Countdown(port.timers);
    this.#store = new BlobStore(port.behaviour.forgetsTransfer === true ? undefined : saved);
  }

  get phase(): number {
    return this.#store.phase;
  }

  /** How much of the BLOB is stored, in whole percent. */
  get progress(): number {
    return this.#store.progress;
  }

  saved(): SavedBlob {
    return this.#store.saved();
  }

  /** Expects this BLOB from now on. False where the server is busy with another one. */
  prepare(blobId: string, timeoutBase: number, ttl: number): boolean {
    if (this.phase !== INACTIVE) return false;
    this.#store = new BlobStore();
    this.#store.prepared = { blobId, timeoutBase, ttl };
    this.#enter(WAITING_FOR_TRANSFER_START);
    return true;
  }

  /** Back to Inactive, whatever was under way. */
  cancel(): void {
    this.#timeout.clear();
    this.#report.clear();
    this.#store = new BlobStore();
    this.#port.changed();
  }

  close(): void {
    this.#timeout.clear();
    this.#report.clear();
  }

  receive(message: Decoded, from: Peer): void {
    const start = valueOf(blobTransferStart, message);
    const cancel = valueOf(blobTransferCancel, message);
    const blockStart = valueOf(blobBlockStart, message);
    const chunk = valueOf(blobChunkTransfer, message);
    if (start !== undefined) this.#transferStart(start, from);
    else if (cancel !== undefined) this.#transferCancel(cancel.blobId, from);
    else if (blockStart !== undefined) this.#blockStart(blockStart, from);
    else if (chunk !== undefined) this.#chunk(chunk);
    else if (valueOf(blobTransferGet, message) !== undefined) this.#transferGet(from);
    else if (valueOf(blobBlockGet, message) !== undefined) this.#blockGet(from);
    else if (valueOf(blobInformationGet, message) !== undefined)
      this.#send(from, blobInformationStatus, informationOf(this.#limits));
  }

  #enter(phase: number): void {
    this.#store.phase = phase;
    this.#port.changed();
  }

  #status(situation: Situation, right: number): number {
    return statusFor(this.#port.behaviour, situation, right);
  }

  // Information and state

  #transferGet(from: Peer): void {
    // In pull mode the client's question is what ends the transfer (the timer, where no question comes).
    if (this.phase === WAITING_FOR_NEXT_CHUNK && this.#store.whole) this.#complete();
    const status = this.phase === INACTIVE ? this.#status('blob.get.inactive', SUCCESS) : SUCCESS;
    this.#transferStatus(from, status);
  }

  #transferStatus(from: Peer, status: number): void {
    this.#send(from, blobTransferStatus, transferStatusOf(this.#store, status, this.#port.behaviour));
  }

  // Transfer

  #transferStart(start: MessageValue<typeof blobTransferStart>, from: Peer): void {
    const { mode, blobId } = start;
    if (mode !== transferMode.PUSH && mode !== transferMode.PULL) return;
    const { prepared, transfer } = this.#store;
    if (prepared === undefined)
      return this.#transferStatus(from, this.#status('blob.start.inactive', blobStatus.WRONG_PHASE));
    if (blobId !== prepared.blobId)
      return this.#transferStatus(from, this.#status('blob.start.otherId', blobStatus.WRONG_BLOB_ID));
    if (transfer === undefined) return this.#transferStatus(from, this.#firstStart(start, from));
    const same = mode === transfer.mode && start.size === transfer.size && start.blockSizeLog === transfer.log;
    if (!same || start.mtu < transfer.mtu)
      return this.#transferStatus(from, this.#status('blob.start.altered', blobStatus.WRONG_PHASE));
    if (this.phase === TRANSFER_SUSPENDED) {
      const resumed = this.#status('blob.start.resume', SUCCESS);
      if (resumed !== SUCCESS) return this.#transferStatus(from, resumed);
      this.#resume();
    }
    this.#arm();
    this.#transferStatus(from, this.#status('blob.start.again', SUCCESS));
  }

  /** Checks in the order of the table; a transfer that passes all of them is open. */
  #firstStart(start: MessageValue<typeof blobTransferStart>, from: Peer): number {
    const { size, blockSizeLog: log, mode, mtu } = start;
    const { minLog, maxLog, maxChunks, maxBlob, push, pull } = this.#limits;
    if (size > maxBlob) return this.#status('blob.start.tooLarge', blobStatus.BLOB_TOO_LARGE);
    if (log < minLog || log > maxLog) return this.#status('blob.start.blockSize', blobStatus.INVALID_BLOCK_SIZE);
    if (mode === transferMode.PUSH ? !push : !pull)
      return this.#status('blob.start.mode', blobStatus.UNSUPPORTED_TRANSFER_MODE);
    const blocks = Math.ceil(size / 2 ** log);
    // The bitmap of Transfer Status has to fit in one message.
    if (blocks > 8 * this.#limits.mtu || blocks === 0) return blobStatus.INVALID_PARAMETER;
    const transfer: BlobTransfer = {
      mode,
      size,
      log,
      mtu: Math.min(mtu, this.#limits.mtu),
      blocks,
      client: from.address,
      app: from.app,
      maxChunks: Math.min(maxChunks, 8 * (Math.min(mtu, this.#limits.mtu) - 6)),
    };
    this.#store.open(transfer);
    this.#enter(WAITING_FOR_NEXT_BLOCK);
    this.#arm();
    return SUCCESS;
  }

  #transferCancel(blobId: string, from: Peer): void {
    const { prepared } = this.#store;
    if (prepared === undefined) return this.#transferStatus(from, this.#status('blob.cancel.inactive', SUCCESS));
    if (blobId !== prepared.blobId)
      return this.#transferStatus(from, this.#status('blob.cancel.otherId', blobStatus.WRONG_BLOB_ID));
    if (this.#port.behaviour.cancelIgnored === true) return this.#transferStatus(from, SUCCESS);
    const ended = this.phase === TRANSFER_COMPLETE;
    this.cancel();
    this.#transferStatus(from, SUCCESS);
    if (!ended) this.events?.canceled();
  }

  #resume(): void {
    this.#store.forgetBlock();
    this.#enter(WAITING_FOR_NEXT_BLOCK);
    this.events?.resumed();
  }

  // Blocks

  #blockStart({ block, chunkSize }: MessageValue<typeof blobBlockStart>, from: Peer): void {
    const { transfer, current } = this.#store;
    const refuse = (situation: Situation, right: number): void =>
      this.#blockStatus(from, this.#status(situation, right), { block, chunkSize });
    if (transfer === undefined) return this.#blockError(from, 'blob.blockStart.early');
    if (this.phase === WAITING_FOR_NEXT_CHUNK && current !== undefined && !this.#store.whole) {
      const same = block === current.number && chunkSize === current.chunkSize;
      if (!same) return refuse('blob.blockStart.altered', blobStatus.WRONG_PHASE);
      this.#arm();
      const again = this.#status('blob.blockStart.again', SUCCESS);
      return again === SUCCESS ? this.#openBlockStatus(from) : this.#blockStatus(from, again, { block, chunkSize });
    }
    if (block >= transfer.blocks) return refuse('blob.blockStart.number', blobStatus.INVALID_BLOCK_NUMBER);
    const chunks = chunkSize === 0 ? 0 : Math.ceil(this.#store.blockOctets(block) / chunkSize);
    if (chunkSize === 0 || chunkSize > this.#limits.maxChunk || chunks > transfer.maxChunks)
      return refuse('blob.blockStart.chunkSize', blobStatus.INVALID_CHUNK_SIZE);
    if (!this.#store.missingBlocks.has(block)) {
      if (this.phase !== TRANSFER_COMPLETE && this.phase !== TRANSFER_SUSPENDED) this.#arm();
      return this.#blockStatus(from, SUCCESS, { block, chunkSize });
    }
    const resumes = this.phase === TRANSFER_SUSPENDED;
    this.#store.begin(block, chunkSize, chunks);
    this.#enter(WAITING_FOR_NEXT_CHUNK);
    if (resumes) this.events?.resumed();
    this.#arm();
    this.#openBlockStatus(from);
    this.#armReport();
  }

  #blockGet(from: Peer): void {
    const { phase, transfer, current } = this.#store;
    if (transfer === undefined) return this.#blockError(from, 'blob.blockGet.early');
    const { number: block, chunkSize } = current ?? { number: 0, chunkSize: 0 };
    if (phase === TRANSFER_SUSPENDED) {
      const status = this.#status('blob.blockGet.suspended', blobStatus.INFORMATION_UNAVAILABLE);
      return this.#blockStatus(from, status, { block, chunkSize });
    }
    if (phase === WAITING_FOR_NEXT_CHUNK) return this.#openBlockStatus(from);
    this.#blockStatus(from, SUCCESS, { block, chunkSize });
  }

  #blockError(from: Peer, situation: Situation): void {
    const status = this.#status(situation, blobStatus.WRONG_PHASE);
    this.#blockStatus(from, status, { block: NO_BLOCK, chunkSize: NO_BLOCK });
  }

  /** A status that names no missing chunk. */
  #blockStatus(from: Peer, status: number, { block, chunkSize }: { block: number; chunkSize: number }): void {
    const format = status === SUCCESS ? missingFormat.NONE : missingFormat.ALL;
    this.#send(from, blobBlockStatus, { status, format, block, chunkSize });
  }

  #openBlockStatus(from: Peer): void {
    const status = openBlockStatusOf(this.#store, this.#limits, this.#port.behaviour);
    if (status !== undefined) this.#send(from, blobBlockStatus, status);
  }

  #wanted(): number[] {
    return wantedChunks(this.#store, this.#limits, this.#port.behaviour);
  }

  // Chunks

  #chunk({ chunk, data }: MessageValue<typeof blobChunkTransfer>): void {
    const { transfer, current } = this.#store;
    if (transfer === undefined || current === undefined) return;
    if (this.phase !== WAITING_FOR_NEXT_CHUNK) return;
    const { behaviour } = this.#port;
    const beyond = behaviour.takesChunksBeyondBlock === true && chunk >= current.chunks;
    const number = beyond ? current.chunks - 1 : chunk;
    if (number >= current.chunks) return;
    const anyLength = beyond || behaviour.takesWrongLength === true;
    if (data.length !== this.#store.chunkOctets(number) && !anyLength) return;
    this.#arm();
    if (!current.missing.has(number)) {
      if (behaviour.duplicateForgets === true && current.missing.size > 0) current.missing.add(number);
      return;
    }
    this.#store.put(number, data);
    if (current.missing.size <= (behaviour.blockCompleteAt ?? 0)) this.#blockDone();
    else if (transfer.mode === transferMode.PULL && this.#batchDone()) this.#sendReport();
    else this.#armReport();
  }

  /** Whether all chunks that the last report asked for are there. */
  #batchDone(): boolean {
    const { current } = this.#store;
    return current !== undefined && !current.asked.some((chunk) => current.missing.has(chunk));
  }

  #blockDone(): void {
    const { behaviour } = this.#port;
    const { transfer, current } = this.#store;
    if (transfer === undefined || current === undefined) return;
    const pull = transfer.mode === transferMode.PULL;
    if (behaviour.blocksLeftSet !== true) this.#store.missingBlocks.delete(current.number);
    if (behaviour.neverCompletes === true && this.#store.whole) {
      this.#store.missingBlocks.add(current.number);
    }
    if (!this.#store.whole) this.#enter(WAITING_FOR_NEXT_BLOCK);
    else if (!pull) return this.#complete();
    else if (behaviour.completesUnasked === true) {
      this.#sendReport();
      return this.#complete();
    } else this.#port.changed();
    if (behaviour.noReportAtBlockEnd === true) this.#report.clear();
    else if (pull) this.#sendReport();
  }

  #complete(): void {
    this.#timeout.clear();
    this.#report.clear();
    this.#enter(TRANSFER_COMPLETE);
    const image = Buffer.from(this.#store.data);
    if (this.#port.behaviour.damagesImage === true) image[image.length - 1] = (image[image.length - 1] ?? 0) ^ 1;
    this.events?.complete(image);
  }

  // Timers

  /** The server timeout, begun anew. */
  #arm(): void {
    const { prepared, transfer } = this.#store;
    if (prepared === undefined || this.phase === TRANSFER_COMPLETE) return;
    const { timeoutFactor = 1, timeoutUnitsOff = 0 } = this.#port.behaviour;
    if (timeoutFactor === 0) return;
    const ms = 10_000 * (prepared.timeoutBase + 1 + timeoutUnitsOff);
    const least = transfer?.mode === transferMode.PULL ? this.#limits.reportMs + 1000 : 0;
    this.#timeout.set(Math.max(ms, least) * timeoutFactor, () => {
      // Every octet is there: the client was only too late to ask.
      if (this.#store.whole) return this.#complete();
      this.#report.clear();
      if (this.#port.behaviour.suspendedForgets === true) this.#store.forgetBlocks();
      this.#enter(TRANSFER_SUSPENDED);
      this.events?.suspended();
    });
  }

  /** Partial Block Report with what is wanted next; repeated until something comes of it. */
  #sendReport(): void {
    const { transfer, current, prepared } = this.#store;
    if (transfer === undefined || current === undefined || prepared === undefined) return;
    const wanted = current.missing.size === 0 ? [] : this.#wanted();
    current.asked = wanted;
    const to = { address: transfer.client, app: transfer.app };
    this.#send(to, blobPartialBlockReport, { wanted });
    this.#armReport();
  }

  #armReport(): void {
    const { transfer, current } = this.#store;
    if (transfer?.mode !== transferMode.PULL || current === undefined) return this.#report.clear();
    if (current.asked.length === 0 && current.missing.size > 0) current.asked = this.#wanted();
    const { reportSlower = 1, reportsOnce } = this.#port.behaviour;
    if (reportsOnce === true) return;
    this.#report.set(this.#limits.reportMs * reportSlower, () => this.#sendReport());
  }

  /** Replies go with the TTL of the transfer once one is prepared. */
  #send<T extends Parameters<typeof sendMessage>[1]>(to: Peer, type: T, value: MessageValue<T>): void {
    const ttl = this.#store.prepared?.ttl;
    const peer = ttl === undefined || ttl > 0x7f ? to : { ...to, ttl };
    void sendMessage(this.#port, type, value, peer);
  }
}
