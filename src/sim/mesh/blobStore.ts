import { blobPhase } from '../../mesh/codec/enums.ts';

/** The parameters of a transfer, as its first Transfer Start made them. */
export interface BlobTransfer {
  readonly mode: number;
  readonly size: number;
  readonly log: number;
  readonly mtu: number;
  readonly blocks: number;
  readonly client: number;
  readonly app: number;
  readonly maxChunks: number;
}

/** What the model on top expects. */
export interface PreparedBlob {
  readonly blobId: string;
  readonly timeoutBase: number;
  readonly ttl: number;
}

/** The block that is being received, or was the last one. */
interface Block {
  readonly number: number;
  readonly chunkSize: number;
  readonly chunks: number;
  readonly missing: Set<number>;
  readonly received: number[];
  /** Chunks of the last report, in pull mode. */
  asked: readonly number[];
}

/** What of a transfer survives a power cut. */
export interface SavedBlob {
  readonly phase: number;
  readonly prepared?: PreparedBlob;
  readonly transfer?: BlobTransfer;
  readonly missingBlocks: readonly number[];
  /** Octets, as base64. */
  readonly data: string;
}

const { INACTIVE, WAITING_FOR_TRANSFER_START, TRANSFER_COMPLETE, TRANSFER_SUSPENDED } = blobPhase;

/** One BLOB as far as it has come. */
export class BlobStore {
  phase: number = INACTIVE;
  prepared: PreparedBlob | undefined;
  transfer: BlobTransfer | undefined;
  missingBlocks = new Set<number>();
  current: Block | undefined;
  data: Buffer = Buffer.alloc(0);

  /** After a power cut: a transfer that had begun is suspended, and its unfinished block begins again. */
  constructor(saved?: SavedBlob) {
    if (saved?.prepared === undefined) return;
    this.prepared = saved.prepared;
    this.transfer = saved.transfer;
    this.missingBlocks = new Set(saved.missingBlocks);
    this.data = Buffer.from(saved.data, 'base64');
    if (saved.phase === TRANSFER_COMPLETE || saved.phase === WAITING_FOR_TRANSFER_START) this.phase = saved.phase;
    else this.phase = TRANSFER_SUSPENDED;
  }

  saved(): SavedBlob {
    const { phase, prepared, transfer } = this;
    return {
      phase,
      ...(prepared && { prepared }),
      ...(transfer && { transfer }),
      missingBlocks: [...this.missingBlocks],
      data: this.data.toString('base64'),
    };
  }

  /** Whether every block is there. */
  get whole(): boolean {
    return this.transfer !== undefined && this.missingBlocks.size === 0;
  }

  get progress(): number {
    const blocks = this.transfer?.blocks ?? 0;
    return blocks === 0 ? 0 : Math.floor(((blocks - this.missingBlocks.size) * 100) / blocks);
  }

  open(transfer: BlobTransfer): void {
    this.transfer = transfer;
    this.data = Buffer.alloc(transfer.size);
    this.forgetBlocks();
  }

  begin(number: number, chunkSize: number, chunks: number): void {
    const missing = new Set(Array.from({ length: chunks }, (_, chunk) => chunk));
    this.current = { number, chunkSize, chunks, missing, received: [], asked: [] };
  }

  put(chunk: number, data: Buffer): void {
    const { current, transfer } = this;
    if (current === undefined || transfer === undefined) return;
    data.copy(this.data, current.number * 2 ** transfer.log + chunk * current.chunkSize);
    current.missing.delete(chunk);
    current.received.push(chunk);
  }

  forgetBlock(): void {
    this.current = undefined;
  }

  forgetBlocks(): void {
    this.current = undefined;
    this.missingBlocks = new Set(Array.from({ length: this.transfer?.blocks ?? 0 }, (_, block) => block));
  }

  /** Octets of a block: all but the last are whole. */
  blockOctets(block: number): number {
    const { size = 0, log = 0 } = this.transfer ?? {};
    return Math.min(2 ** log, size - block * 2 ** log);
  }

  /** Octets of a chunk of the present block; 0 for one that it has not. */
  chunkOctets(chunk: number): number {
    const { current } = this;
    if (current === undefined || chunk >= current.chunks) return 0;
    return Math.min(current.chunkSize, this.blockOctets(current.number) - chunk * current.chunkSize);
  }
}
