import { blobStatus, missingFormat, transferMode } from '../../mesh/codec/enums.ts';
import { bitmapOf } from '../../mesh/codec/fields.ts';
import type { MessageValue } from '../../mesh/codec/message.ts';
import type { blobBlockStatus, blobInformationStatus, blobTransferStatus } from '../../mesh/codec/messages/blob.ts';
import type { Behaviour } from './behaviour.ts';
import type { BlobLimits } from './blobServer.ts';
import type { BlobStore } from './blobStore.ts';

const NO_BLOB = '0000000000000000';

// What a BLOB Transfer Server tells of its state.

/** Its capabilities. */
export function informationOf(limits: BlobLimits): MessageValue<typeof blobInformationStatus> {
  return {
    minBlockSizeLog: limits.minLog,
    maxBlockSizeLog: limits.maxLog,
    maxChunks: limits.maxChunks,
    maxChunkSize: limits.maxChunk,
    maxBlobSize: limits.maxBlob,
    mtu: limits.mtu,
    push: limits.push ? 1 : 0,
    pull: limits.pull ? 1 : 0,
  };
}

/** 2 octets while nothing is prepared, 10 while a Transfer Start is awaited, else all with the bitmap of blocks. */
export function transferStatusOf(
  store: BlobStore,
  status: number,
  behaviour: Behaviour,
): MessageValue<typeof blobTransferStatus> {
  const { phase, prepared, transfer } = store;
  const base = { status, mode: transfer?.mode ?? transferMode.NONE, phase };
  if (prepared === undefined) return behaviour.inactiveShowsId === true ? { ...base, blobId: NO_BLOB } : base;
  const { blobId } = prepared;
  if (transfer === undefined) return { ...base, blobId };
  const { size, log, mtu } = transfer;
  const blocksNotReceived = bitmapOf(store.missingBlocks, transfer.blocks);
  return { ...base, blobId, transfer: { size, blockSizeLog: log, mtu, blocksNotReceived } };
}

/** The block that is being received: in push mode a bitmap of what is missing, in pull mode what is wanted next. */
export function openBlockStatusOf(
  store: BlobStore,
  limits: BlobLimits,
  behaviour: Behaviour,
): MessageValue<typeof blobBlockStatus> | undefined {
  const { transfer, current } = store;
  if (current === undefined || transfer === undefined) return undefined;
  const { number: block, chunkSize, chunks } = current;
  const base = { status: blobStatus.SUCCESS, block, chunkSize };
  const missing = missingChunks(store, behaviour);
  if (missing.length === 0) return { ...base, format: missingFormat.NONE };
  if (transfer.mode === transferMode.PULL)
    return { ...base, format: missingFormat.ENCODED, wanted: wantedChunks(store, limits, behaviour) };
  if (missing.length === chunks) return { ...base, format: missingFormat.ALL };
  return { ...base, format: missingFormat.SOME, missing: bitmapOf(missing, chunks) };
}

/** The next chunks that a client in pull mode is to send. */
export function wantedChunks(store: BlobStore, { wanted: most }: BlobLimits, behaviour: Behaviour): number[] {
  const { current } = store;
  const wanted = missingChunks(store, behaviour).slice(0, most);
  if (wanted.length === 0 || current === undefined) return wanted;
  // One new chunk at a time, so that the old one is asked for again and again.
  if (behaviour.wantsChunksItHas === true) wanted.splice(1, wanted.length, ...current.received.slice(0, 1));
  if (behaviour.wantsChunksBeyondBlock === true) wanted.push(current.chunks);
  return wanted;
}

function missingChunks({ current }: BlobStore, { missingMovedBy = 0 }: Behaviour): number[] {
  if (current === undefined) return [];
  return [...current.missing].map((chunk) => (chunk + missingMovedBy) % current.chunks).sort((a, b) => a - b);
}
