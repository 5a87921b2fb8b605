import { type Decoded, valueOf } from '../codec/access.ts';
import { blobPhase, blobStatus, missingFormat, transferMode } from '../codec/enums.ts';
import { bitmapOf } from '../codec/fields.ts';
import { encodeMessage, type MessageValue } from '../codec/message.ts';
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
} from '../codec/messages/blob.ts';
import { blockStartChecks, type Check, transferStartChecks } from '../checksAndMoves.ts';
import { blobServerTable, type Cell, cellAt } from '../tables.ts';
import { blockCount, chunkCount, chunkRange } from './geometry.ts';

/** A BLOB Transfer Server that the tester plays, with the misbehaviours that a test may want of it. */
export interface BlobServerBehaviour {
  /** What it tells of itself in Information Status; its own checks use the same figures. */
  readonly information: MessageValue<typeof blobInformationStatus>;
  /** Pull: chunks asked for in one report. */
  readonly chunksPerReport: number;
  /** Chunk numbers that are lost when they come for the first time in each block. */
  readonly loseChunks?: readonly number[];
  /** Answers Transfer Start or Block Start with this status and does nothing. */
  readonly startStatus?: number;
  readonly blockStartStatus?: number;
  /** Names this BLOB id in every Transfer Status. */
  readonly wrongBlobId?: string;
  /** Says nothing from this block on (0: from the first Block Start). */
  readonly silentFromBlock?: number;
}

/** What the model above wants to receive. */
export interface ExpectedBlob {
  readonly blobId: string;
  /** Server timeout: 10 s times one more than this. */
  readonly timeoutBase: number;
}

/** The transfer as its start asked for it; the MTU is the smaller of both sides. */
type Parameters = MessageValue<typeof blobTransferStart>;

/** The block that is being received. */
interface Block {
  readonly number: number;
  readonly chunkSize: number;
  /** Chunk numbers that have not come. */
  readonly missing: readonly number[];
  /** Chunk numbers that were lost on purpose, each once. */
  readonly lost: readonly number[];
  /** Pull: asked for and not come yet. */
  readonly wanted: readonly number[];
}

/** Where a transfer stands. */
export type BlobServerState =
  | { readonly kind: 'inactive' }
  | { readonly kind: 'prepared'; readonly expected: ExpectedBlob }
  | {
      readonly kind: 'running';
      /** A number of `blobPhase`, as the status tells it. */
      readonly phase: number;
      readonly expected: ExpectedBlob;
      readonly transfer: Parameters;
      /** Block numbers that are not complete, in order. */
      readonly blocksMissing: readonly number[];
      readonly block?: Block;
    };
type Running = Extract<BlobServerState, { kind: 'running' }>;

/** What can happen: the model above prepares or gives up, a message comes, a timer ends. */
export type BlobServerInput =
  | { readonly kind: 'prepare'; readonly expected: ExpectedBlob }
  | { readonly kind: 'abort' }
  | { readonly kind: 'message'; readonly decoded: Decoded }
  | { readonly kind: 'server timeout' }
  | { readonly kind: 'report timer' };

/** The next state and what it asks for. */
export interface BlobServerStep {
  readonly state: BlobServerState;
  readonly reply?: Buffer;
  /** Octets of the BLOB that came. */
  readonly store?: { readonly offset: number; readonly data: Buffer };
  /** A report to the client, after the reply. */
  readonly report?: Buffer;
  /** The server timer starts anew. */
  readonly alive?: true;
  readonly event?: 'started' | 'complete' | 'suspended' | 'cancelled';
}

/** The transfer phase that the state stands for. */
export function blobPhaseOf(state: BlobServerState): number {
  switch (state.kind) {
    case 'inactive':
      return blobPhase.INACTIVE;
    case 'prepared':
      return blobPhase.WAITING_FOR_TRANSFER_START;
    case 'running':
      return state.phase;
  }
}

/** One transition, after the reply table. */
export function blobServerNext(
  state: BlobServerState,
  input: BlobServerInput,
  behaviour: BlobServerBehaviour,
): BlobServerStep {
  switch (input.kind) {
    case 'prepare':
      // A suspended transfer of the same BLOB resumes where it was.
      if (
        state.kind === 'running' &&
        state.phase === blobPhase.TRANSFER_SUSPENDED &&
        state.expected.blobId === input.expected.blobId
      ) {
        return { state };
      }
      return { state: { kind: 'prepared', expected: input.expected } };
    case 'abort':
      return { state: { kind: 'inactive' } };
    case 'server timeout':
      return timedOut(state);
    case 'report timer':
      return state.kind === 'running' &&
        state.transfer.mode === transferMode.PULL &&
        state.block !== undefined &&
        awaits(state)
        ? { state, report: reportOf(state.block.wanted) }
        : { state };
    case 'message':
      return message(state, input.decoded, behaviour);
  }
}

/** The first message type that fits; a malformed or foreign message changes nothing. */
function message(state: BlobServerState, decoded: Decoded, behaviour: BlobServerBehaviour): BlobServerStep {
  const silent = behaviour.silentFromBlock;
  const block = valueOf(blobBlockStart, decoded)?.block ?? (state.kind === 'running' ? state.block?.number : undefined);
  if (silent !== undefined && block !== undefined && block >= silent) return { state };
  if (valueOf(blobInformationGet, decoded))
    return { state, reply: encodeMessage(blobInformationStatus, behaviour.information) };
  if (valueOf(blobTransferGet, decoded)) return transferGet(state, behaviour);
  const start = valueOf(blobTransferStart, decoded);
  if (start !== undefined) return transferStart(state, start, behaviour);
  const cancel = valueOf(blobTransferCancel, decoded);
  if (cancel !== undefined) return transferCancel(state, cancel.blobId, behaviour);
  if (valueOf(blobBlockGet, decoded)) return blockReply(state, cell('Block Get', state));
  const begin = valueOf(blobBlockStart, decoded);
  if (begin !== undefined) return blockStart(state, begin, behaviour);
  const chunk = valueOf(blobChunkTransfer, decoded);
  return chunk === undefined ? { state } : chunkCame(state, chunk, behaviour);
}

/** In pull mode this question is what ends the transfer: only now the server knows that the client knows. */
function transferGet(state: BlobServerState, behaviour: BlobServerBehaviour): BlobServerStep {
  const ended =
    state.kind === 'running' && state.phase === blobPhase.WAITING_FOR_NEXT_CHUNK && state.blocksMissing.length === 0;
  if (!ended) return transferReply(state, blobStatus.SUCCESS, behaviour);
  return {
    ...transferReply({ ...state, phase: blobPhase.TRANSFER_COMPLETE }, blobStatus.SUCCESS, behaviour),
    event: 'complete',
  };
}

/** Wrong id first, then repeats, then the checks of a first start. */
function transferStart(state: BlobServerState, start: Parameters, behaviour: BlobServerBehaviour): BlobServerStep {
  if (start.mode !== transferMode.PUSH && start.mode !== transferMode.PULL) return { state };
  if (behaviour.startStatus !== undefined) return transferReply(state, behaviour.startStatus, behaviour);
  if (state.kind !== 'inactive' && state.expected.blobId !== start.blobId) {
    return transferReply(state, statusOf(cell('Transfer Start, other BLOB id', state)), behaviour);
  }
  if (state.kind === 'running') {
    const { mode, size, blockSizeLog, mtu } = state.transfer;
    const same = start.mode === mode && start.size === size && start.blockSizeLog === blockSizeLog && start.mtu >= mtu;
    const found = cell(same ? 'Transfer Start, same parameters' : 'Transfer Start, other parameters', state);
    const phase = found.kind === 'status' && found.next !== undefined ? found.next : state.phase;
    return { ...transferReply({ ...state, phase }, statusOf(found), behaviour), ...(same && { alive: true }) };
  }
  if (state.kind === 'inactive')
    return transferReply(state, statusOf(cell('Transfer Start, first time', state)), behaviour);
  const check = firstStart(start, behaviour);
  if (check.status !== blobStatus.SUCCESS) {
    return transferReply(check.next === blobPhase.INACTIVE ? { kind: 'inactive' } : state, check.status, behaviour);
  }
  const transfer = { ...start, mtu: Math.min(start.mtu, behaviour.information.mtu) };
  const blocksMissing = range(blockCount(transfer));
  const running: Running = {
    kind: 'running',
    phase: blobPhase.WAITING_FOR_NEXT_BLOCK,
    expected: state.expected,
    transfer,
    blocksMissing,
  };
  return { ...transferReply(running, check.status, behaviour), alive: true, event: 'started' };
}

/** The checks in the order of the table's list. */
function firstStart(start: Parameters, { information }: BlobServerBehaviour): Check {
  const { tooLarge, blockSize, mode, good } = transferStartChecks;
  if (start.size > information.maxBlobSize) return tooLarge;
  if (start.blockSizeLog < information.minBlockSizeLog || start.blockSizeLog > information.maxBlockSizeLog)
    return blockSize;
  return (start.mode === transferMode.PUSH ? information.push : information.pull) === 1 ? good : mode;
}

/** Only the right id ends a transfer; without a transfer any id is fine. */
function transferCancel(state: BlobServerState, blobId: string, behaviour: BlobServerBehaviour): BlobServerStep {
  const right = state.kind === 'inactive' || state.expected.blobId === blobId;
  const found = cell(right ? 'Transfer Cancel, right BLOB id' : 'Transfer Cancel, wrong BLOB id', state);
  const ends = found.kind === 'status' && found.next === blobPhase.INACTIVE;
  const next: BlobServerState = ends ? { kind: 'inactive' } : state;
  return { ...transferReply(next, statusOf(found), behaviour), ...(ends && { event: 'cancelled' }) };
}

/** The reply table first, then the list of checks. */
function blockStart(
  state: BlobServerState,
  begin: MessageValue<typeof blobBlockStart>,
  behaviour: BlobServerBehaviour,
): BlobServerStep {
  const current = state.kind === 'running' ? state.block : undefined;
  const same = current?.number === begin.block && current.chunkSize === begin.chunkSize;
  const found = cell(same ? 'Block Start, same number and chunk size' : 'Block Start, other', state);
  if (behaviour.blockStartStatus !== undefined && state.kind === 'running') {
    return { state, reply: blockStatus(behaviour.blockStartStatus, begin.block, begin.chunkSize) };
  }
  if (found.kind !== 'checks' || state.kind !== 'running') return blockReply(state, found);
  const { information, chunksPerReport } = behaviour;
  const fail = (check: Check): BlobServerStep => ({
    state,
    reply: blockStatus(check.status, begin.block, begin.chunkSize),
  });
  if (begin.block >= blockCount(state.transfer)) return fail(blockStartChecks.number);
  if (begin.chunkSize === 0 || begin.chunkSize > information.maxChunkSize) return fail(blockStartChecks.chunkSize);
  const chunks = chunkCount(state.transfer, begin.block, begin.chunkSize);
  if (chunks > information.maxChunks) return fail(blockStartChecks.chunkSize);
  // A block that the server has already is answered with nothing missing, so that the client goes on to the next.
  const has = !state.blocksMissing.includes(begin.block);
  const missing = has ? [] : range(chunks);
  const block: Block = {
    number: begin.block,
    chunkSize: begin.chunkSize,
    missing,
    lost: [],
    wanted: missing.slice(0, chunksPerReport),
  };
  const phase = has ? state.phase : blobPhase.WAITING_FOR_NEXT_CHUNK;
  return {
    ...blockReply({ ...state, phase, block }, { kind: 'status', text: '', status: blobStatus.SUCCESS }),
    alive: true,
  };
}

/** Stores a chunk of the right number and length; a duplicate only shows that the client is alive. */
function chunkCame(
  state: BlobServerState,
  chunk: MessageValue<typeof blobChunkTransfer>,
  behaviour: BlobServerBehaviour,
): BlobServerStep {
  if (state.kind !== 'running' || state.phase !== blobPhase.WAITING_FOR_NEXT_CHUNK || state.block === undefined)
    return { state };
  const { block, transfer } = state;
  // A number beyond the block, or a chunk of another length, is no part of this BLOB.
  const { start, end } = chunkRange(transfer, block.number, block.chunkSize, chunk.chunk);
  if (start >= end || chunk.data.length !== end - start) return { state };
  if (!block.missing.includes(chunk.chunk)) return { state, alive: true };
  if (behaviour.loseChunks?.includes(chunk.chunk) === true && !block.lost.includes(chunk.chunk)) {
    return { state: { ...state, block: { ...block, lost: [...block.lost, chunk.chunk] } } };
  }
  const missing = block.missing.filter((n) => n !== chunk.chunk);
  const left = block.wanted.filter((n) => n !== chunk.chunk);
  const pull = transfer.mode === transferMode.PULL;
  const wanted = left.length > 0 ? left : missing.slice(0, behaviour.chunksPerReport);
  const taken = { store: { offset: start, data: chunk.data }, alive: true } as const;
  const report = pull && left.length === 0 ? { report: reportOf(wanted) } : {};
  const next = { ...state, block: { ...block, missing, wanted } };
  if (missing.length > 0) return { state: next, ...taken, ...report };
  const blocksMissing = state.blocksMissing.filter((n) => n !== block.number);
  if (blocksMissing.length > 0)
    return { state: { ...next, blocksMissing, phase: blobPhase.WAITING_FOR_NEXT_BLOCK }, ...taken, ...report };
  // Pull: only the Transfer Get that follows ends it.
  if (pull) return { state: { ...next, blocksMissing }, ...taken, ...report };
  return { state: { ...next, blocksMissing, phase: blobPhase.TRANSFER_COMPLETE }, ...taken, event: 'complete' };
}

/** A transfer that lacks nothing is complete, any other waits for its client to resume it. */
function timedOut(state: BlobServerState): BlobServerStep {
  if (
    state.kind !== 'running' ||
    state.phase === blobPhase.TRANSFER_COMPLETE ||
    state.phase === blobPhase.TRANSFER_SUSPENDED
  )
    return { state };
  if (state.blocksMissing.length === 0)
    return { state: { ...state, phase: blobPhase.TRANSFER_COMPLETE }, event: 'complete' };
  const { block: _, ...rest } = state;
  return { state: { ...rest, phase: blobPhase.TRANSFER_SUSPENDED }, event: 'suspended' };
}

/** The longer the transfer has lasted, the more fields the status has. */
function transferReply(state: BlobServerState, status: number, behaviour: BlobServerBehaviour): BlobServerStep {
  const phase = blobPhaseOf(state);
  const blobId = behaviour.wrongBlobId ?? (state.kind === 'inactive' ? '' : state.expected.blobId);
  if (state.kind === 'inactive') return { state, reply: encodeMessage(blobTransferStatus, { status, mode: 0, phase }) };
  if (state.kind === 'prepared')
    return { state, reply: encodeMessage(blobTransferStatus, { status, mode: 0, phase, blobId }) };
  const { mode, size, blockSizeLog, mtu } = state.transfer;
  const blocksNotReceived = bitmapOf(state.blocksMissing, blockCount(state.transfer));
  const transfer = { size, blockSizeLog, mtu, blocksNotReceived };
  return { state, reply: encodeMessage(blobTransferStatus, { status, mode, phase, blobId, transfer }) };
}

/** Before any block there is nothing to tell: both fields are FFFF then. */
function blockReply(state: BlobServerState, found: Cell): BlobServerStep {
  const status = statusOf(found);
  if (state.kind !== 'running' || state.block === undefined)
    return { state, reply: blockStatus(status, 0xffff, 0xffff) };
  const { number, chunkSize, missing, wanted } = state.block;
  if (missing.length === 0)
    return { state, reply: blockStatus(status, number, chunkSize, { format: missingFormat.NONE }) };
  if (state.transfer.mode === transferMode.PULL) {
    return { state, reply: blockStatus(status, number, chunkSize, { format: missingFormat.ENCODED, wanted }) };
  }
  const chunks = chunkCount(state.transfer, number, chunkSize);
  if (missing.length === chunks) return { state, reply: blockStatus(status, number, chunkSize) };
  const some = { format: missingFormat.SOME, missing: bitmapOf(missing, chunks) };
  return { state, reply: blockStatus(status, number, chunkSize, some) };
}

/** What Block Status says of the chunks; its fields depend on the format. */
type Missing = Pick<MessageValue<typeof blobBlockStatus>, 'format' | 'missing' | 'wanted'>;

/** Block Status; without more it tells that all chunks are missing. */
function blockStatus(
  status: number,
  block: number,
  chunkSize: number,
  missing: Missing = { format: missingFormat.ALL },
): Buffer {
  return encodeMessage(blobBlockStatus, { status, block, chunkSize, ...missing });
}

/** Whether the server still waits for something of the client that a repeated report may bring about. */
function awaits(state: Running): boolean {
  return state.phase === blobPhase.WAITING_FOR_NEXT_CHUNK || state.phase === blobPhase.WAITING_FOR_NEXT_BLOCK;
}

function reportOf(wanted: readonly number[]): Buffer {
  return encodeMessage(blobPartialBlockReport, { wanted });
}

/** The entry of the reply table for the phase that the state stands for. */
function cell(row: keyof typeof blobServerTable.rows, state: BlobServerState): Cell {
  return cellAt(blobServerTable, row, blobPhaseOf(state));
}

function statusOf(found: Cell): number {
  return found.kind === 'status' ? found.status : blobStatus.SUCCESS;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
