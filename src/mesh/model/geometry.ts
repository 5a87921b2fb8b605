/** How a BLOB is cut into blocks and chunks (MshMBT): all but the last block have `2 ** blockSizeLog` octets. */
export interface BlobShape {
  readonly size: number;
  readonly blockSizeLog: number;
}

/** Number of blocks. */
export function blockCount({ size, blockSizeLog }: BlobShape): number {
  return Math.ceil(size / 2 ** blockSizeLog);
}

/** First octet of a block and the one after its last. */
export function blockRange(
  { size, blockSizeLog }: BlobShape,
  block: number,
): { readonly start: number; readonly end: number } {
  const start = block * 2 ** blockSizeLog;
  return { start, end: Math.min(start + 2 ** blockSizeLog, size) };
}

/** Number of chunks of a block. */
export function chunkCount(shape: BlobShape, block: number, chunkSize: number): number {
  const { start, end } = blockRange(shape, block);
  return Math.ceil((end - start) / chunkSize);
}

/** First octet of a chunk and the one after its last. */
export function chunkRange(
  shape: BlobShape,
  block: number,
  chunkSize: number,
  chunk: number,
): { readonly start: number; readonly end: number } {
  const { start, end } = blockRange(shape, block);
  return { start: start + chunk * chunkSize, end: Math.min(start + (chunk + 1) * chunkSize, end) };
}

/** What a server can take, as its Information Status says. */
export interface BlobLimits {
  readonly minBlockSizeLog: number;
  readonly maxBlockSizeLog: number;
  readonly maxChunks: number;
  readonly maxChunkSize: number;
  readonly maxBlobSize: number;
  readonly mtu: number;
  readonly push: number;
  readonly pull: number;
}

/** Octets of a chunk message besides its data: opcode and chunk number. */
const CHUNK_OVERHEAD = 3;
/** Octets of a Block Status besides its bitmap: opcode, status, block number, chunk size. */
const BLOCK_STATUS_OVERHEAD = 6;

/**
 * Block size log and chunk size that every one of these servers takes, the largest that the wishes allow; undefined where
 * there is none. The number of chunks stays such that a bitmap of them fits in one Block Status.
 */
export function chooseShape(
  limits: readonly BlobLimits[],
  wish: { readonly blockSizeLog?: number; readonly chunkSize?: number; readonly mtu: number },
): { readonly blockSizeLog: number; readonly chunkSize: number } | undefined {
  const least = (pick: (limit: BlobLimits) => number): number => Math.min(...limits.map(pick));
  const mtu = Math.min(
    wish.mtu,
    least((l) => l.mtu),
  );
  const chunkSize = Math.min(
    wish.chunkSize ?? mtu,
    mtu - CHUNK_OVERHEAD,
    least((l) => l.maxChunkSize),
  );
  const maxChunks = Math.min(
    least((l) => l.maxChunks),
    8 * (mtu - BLOCK_STATUS_OVERHEAD),
  );
  const lowest = Math.max(...limits.map((l) => l.minBlockSizeLog));
  const highest = Math.min(
    wish.blockSizeLog ?? 0x20,
    least((l) => l.maxBlockSizeLog),
  );
  if (chunkSize < 8) return undefined;
  for (let log = highest; log >= lowest; log--) {
    if (Math.ceil(2 ** log / chunkSize) <= maxChunks) return { blockSizeLog: log, chunkSize };
  }
  return undefined;
}
