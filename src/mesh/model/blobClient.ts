import { blobPhase, blobStatus, missingFormat, transferMode } from '../codec/enums.ts';
import { bitsSet } from '../codec/fields.ts';
import type { MessageValue } from '../codec/message.ts';
import type { blobBlockStatus, blobTransferStatus } from '../codec/messages/blob.ts';
import { hexNumber, nameOf } from '../../core/layout/names.ts';
import { type BlobShape, blockCount, chunkCount } from './geometry.ts';

/** One transfer: what goes, and how it is cut. */
export interface BlobTransfer extends BlobShape {
  readonly blobId: string;
  /** A value of `transferMode`: push or pull. */
  readonly mode: number;
  /** Octets. */
  readonly chunkSize: number;
  /** Rounds of a block in which a target may receive nothing new before it is dropped. */
  readonly idleRounds: number;
}

/** How one target fares. `missing`: chunks of the present block that it lacks; in pull mode those that it asked for. */
export type TargetState =
  | {
      readonly kind: 'active';
      readonly blocksMissing: readonly number[];
      readonly missing: readonly number[];
      /** It has the present block, or did not lack it. */
      readonly blockDone: boolean;
      readonly idle: number;
    }
  | { readonly kind: 'complete' }
  | { readonly kind: 'dropped'; readonly reason: string };

/** Where the client stands. Keys of `targets` are unicast addresses. */
export interface BlobClientState {
  readonly step: 'starting' | 'starting block' | 'sending' | 'checking' | 'serving' | 'finishing' | 'ended';
  readonly block: number;
  readonly targets: ReadonlyMap<number, TargetState>;
}

/** What the client wants done. `ask` is one acknowledged message to each of the targets, `send` one chunk message for each chunk. */
export type BlobClientCommand =
  | {
      readonly kind: 'ask';
      readonly question: 'transfer start' | 'block start' | 'block get' | 'transfer get';
      readonly to: readonly number[];
    }
  | { readonly kind: 'send'; readonly chunks: ReadonlyMap<number, readonly number[]> }
  | { readonly kind: 'await reports'; readonly from: readonly number[] }
  | { readonly kind: 'end' };

type TransferStatus = MessageValue<typeof blobTransferStatus>;
type BlockStatus = MessageValue<typeof blobBlockStatus>;

/** What came of a question, for one target. */
export type TargetAnswer =
  | { readonly kind: 'transfer status'; readonly value: TransferStatus }
  | { readonly kind: 'block status'; readonly value: BlockStatus }
  | { readonly kind: 'nothing'; readonly reason: string };

/** What can happen. */
export type BlobClientInput =
  | { readonly kind: 'answers'; readonly answers: ReadonlyMap<number, TargetAnswer> }
  | { readonly kind: 'sent' }
  | { readonly kind: 'report'; readonly from: number; readonly wanted: readonly number[] }
  | { readonly kind: 'report timeout'; readonly of: readonly number[] };

/** The next state and what is to be done. */
export interface BlobClientStep {
  readonly state: BlobClientState;
  readonly command: BlobClientCommand;
}

/** Begins a transfer to these targets, which expect its BLOB id. */
export function blobClientStart(transfer: BlobTransfer, targets: readonly number[]): BlobClientStep {
  const blocksMissing = Array.from({ length: blockCount(transfer) }, (_, i) => i);
  const active: TargetState = { kind: 'active', blocksMissing, missing: [], blockDone: false, idle: 0 };
  const state: BlobClientState = {
    step: 'starting',
    block: -1,
    targets: new Map(targets.map((address) => [address, active])),
  };
  return { state, command: { kind: 'ask', question: 'transfer start', to: targets } };
}

/** One transition. */
export function blobClientNext(state: BlobClientState, input: BlobClientInput, transfer: BlobTransfer): BlobClientStep {
  switch (input.kind) {
    case 'answers': {
      const targets = new Map(state.targets);
      for (const [address, answer] of input.answers) {
        const target = targets.get(address);
        if (target !== undefined) targets.set(address, answered(state, target, answer, transfer));
      }
      return plan({ ...state, targets }, transfer);
    }
    case 'sent':
      if (transfer.mode === transferMode.PULL) return serving(state);
      return {
        state: { ...state, step: 'checking' },
        command: { kind: 'ask', question: 'block get', to: unfinished(state) },
      };
    case 'report': {
      const target = state.targets.get(input.from);
      if (state.step !== 'serving' || target?.kind !== 'active' || target.blockDone) return serving(state);
      const done = input.wanted.length === 0;
      const targets = new Map(state.targets).set(input.from, { ...target, missing: input.wanted, blockDone: done });
      return serving({ ...state, targets });
    }
    case 'report timeout': {
      const targets = new Map(state.targets);
      for (const address of input.of) targets.set(address, { kind: 'dropped', reason: 'no Partial Block Report' });
      return serving({ ...state, targets });
    }
  }
}

/** What an answer makes of its target: an error status, another BLOB id or silence drops it. */
function answered(
  state: BlobClientState,
  target: TargetState,
  answer: TargetAnswer,
  transfer: BlobTransfer,
): TargetState {
  if (target.kind !== 'active') return target;
  const drop = (reason: string): TargetState => ({ kind: 'dropped', reason });
  switch (answer.kind) {
    case 'nothing':
      return drop(answer.reason);
    case 'transfer status': {
      const { status, phase, blobId } = answer.value;
      if (status !== blobStatus.SUCCESS) return drop(`status ${nameOf(blobStatus, status)}`);
      if (blobId !== undefined && blobId !== transfer.blobId)
        return drop(`BLOB id ${blobId}, expected ${transfer.blobId}`);
      if (phase === blobPhase.TRANSFER_COMPLETE) return { kind: 'complete' };
      if (state.step === 'finishing') return drop(`phase ${nameOf(blobPhase, phase)} after the last block`);
      const map = answer.value.transfer?.blocksNotReceived;
      return map === undefined ? target : { ...target, blocksMissing: bitsSet(map) };
    }
    case 'block status':
      return blockAnswered(state, target, answer.value, transfer);
  }
}

/** Takes over what is missing, and counts rounds in which nothing arrived. */
function blockAnswered(
  state: BlobClientState,
  target: Extract<TargetState, { kind: 'active' }>,
  value: BlockStatus,
  transfer: BlobTransfer,
): TargetState {
  if (value.status !== blobStatus.SUCCESS)
    return { kind: 'dropped', reason: `status ${nameOf(blobStatus, value.status)}` };
  if (value.block !== state.block)
    return { kind: 'dropped', reason: `block ${hexNumber(value.block, 4)}, expected ${state.block}` };
  const count = chunkCount(transfer, state.block, transfer.chunkSize);
  const missing = missingOf(value, count);
  const blockDone =
    value.format === missingFormat.NONE || (value.format !== missingFormat.ENCODED && missing.length === 0);
  // A target that gets nothing new over many rounds would keep all others waiting.
  const fresh = state.step === 'starting block' || missing.length < target.missing.length;
  const idle = fresh || blockDone ? 0 : target.idle + 1;
  if (idle > transfer.idleRounds) return { kind: 'dropped', reason: `nothing new received in ${idle} rounds` };
  const blocksMissing = blockDone ? target.blocksMissing.filter((n) => n !== state.block) : target.blocksMissing;
  return { ...target, blocksMissing, missing, blockDone, idle };
}

/** Numbers of the chunks that a Block Status calls missing. */
function missingOf(value: BlockStatus, count: number): number[] {
  if (value.format === missingFormat.NONE) return [];
  if (value.format === missingFormat.ALL) return Array.from({ length: count }, (_, i) => i);
  const told =
    value.format === missingFormat.SOME ? bitsSet(value.missing ?? Buffer.alloc(0)) : [...(value.wanted ?? [])];
  return told.filter((n) => n < count);
}

/** What comes next once the answers are in. */
function plan(state: BlobClientState, transfer: BlobTransfer): BlobClientStep {
  if (active(state).length === 0) return ended(state);
  switch (state.step) {
    case 'starting':
      return nextBlock(state);
    case 'starting block':
    case 'checking':
      if (transfer.mode === transferMode.PULL) return serving(state);
      if (unfinished(state).length === 0) return nextBlock(state);
      return { state: { ...state, step: 'sending' }, command: { kind: 'send', chunks: chunksToSend(state) } };
    case 'serving':
    case 'sending':
      return serving(state);
    case 'finishing':
    case 'ended':
      return ended(state);
  }
}

/** Pull: sends what was asked for, or waits for reports, until every target has the block. */
function serving(state: BlobClientState): BlobClientStep {
  const open = unfinished(state);
  if (open.length === 0) return active(state).length === 0 ? ended(state) : nextBlock(markBlock(state));
  const chunks = chunksToSend(state);
  const asked = [...chunks.values()].some((numbers) => numbers.length > 0);
  if (!asked) return { state: { ...state, step: 'serving' }, command: { kind: 'await reports', from: open } };
  const targets = new Map(state.targets);
  for (const [address, target] of targets)
    if (target.kind === 'active') targets.set(address, { ...target, missing: [] });
  return { state: { ...state, step: 'serving', targets }, command: { kind: 'send', chunks } };
}

/** Notes the present block as received by every target that has it. */
function markBlock(state: BlobClientState): BlobClientState {
  const targets = new Map(state.targets);
  for (const [address, target] of targets) {
    if (target.kind !== 'active' || !target.blockDone) continue;
    targets.set(address, { ...target, blocksMissing: target.blocksMissing.filter((n) => n !== state.block) });
  }
  return { ...state, targets };
}

/** The lowest block that a target still lacks, or the final question. Only targets that lack the block take part in it. */
function nextBlock(state: BlobClientState): BlobClientStep {
  const lacking = [...state.targets.values()].flatMap((target) =>
    target.kind === 'active' ? target.blocksMissing : [],
  );
  const to = active(state);
  if (lacking.length === 0)
    return { state: { ...state, step: 'finishing' }, command: { kind: 'ask', question: 'transfer get', to } };
  const block = Math.min(...lacking);
  const targets = new Map(state.targets);
  for (const [address, target] of targets) {
    if (target.kind !== 'active') continue;
    targets.set(address, { ...target, missing: [], blockDone: !target.blocksMissing.includes(block), idle: 0 });
  }
  const next: BlobClientState = { step: 'starting block', block, targets };
  return { state: next, command: { kind: 'ask', question: 'block start', to: unfinished(next) } };
}

/** Missing chunks of every target that lacks some of this block. */
function chunksToSend(state: BlobClientState): ReadonlyMap<number, readonly number[]> {
  const wanted = new Map<number, readonly number[]>();
  for (const [address, target] of state.targets)
    if (target.kind === 'active' && !target.blockDone) wanted.set(address, target.missing);
  return wanted;
}

/** Targets that still take part. */
function active(state: BlobClientState): number[] {
  return [...state.targets].filter(([, target]) => target.kind === 'active').map(([address]) => address);
}

/** Active targets that lack chunks of the present block. */
function unfinished(state: BlobClientState): number[] {
  return [...state.targets].filter(([, t]) => t.kind === 'active' && !t.blockDone).map(([address]) => address);
}

/** The last step; the targets say how each of them fared. */
function ended(state: BlobClientState): BlobClientStep {
  return { state: { ...state, step: 'ended' }, command: { kind: 'end' } };
}
