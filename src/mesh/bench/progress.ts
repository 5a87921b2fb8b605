import { type Decoded, valueOf } from '../codec/access.ts';
import { blobBlockStart, blobChunkTransfer } from '../codec/messages/blob.ts';

/** What the device has sent to the elements that play targets. */
export interface Heard {
  readonly messages: number;
  /** Blocks and chunks, each counted once for each address: a device that only repeats itself adds none. */
  readonly parts: number;
}

/** Counts what comes for played targets. */
export interface Progress {
  heard(): Heard;
  note(message: { readonly dst: number; readonly decoded: Decoded }): void;
  /** Another distribution begins: its blocks and chunks count anew. */
  anew(): void;
}

export function progressOf(): Progress {
  let messages = 0;
  const parts = new Set<string>();
  const blocks = new Map<number, number>();
  return {
    heard: () => ({ messages, parts: parts.size }),
    note({ dst, decoded }) {
      messages++;
      const block = valueOf(blobBlockStart, decoded)?.block;
      const chunk = valueOf(blobChunkTransfer, decoded)?.chunk;
      if (block !== undefined) blocks.set(dst, block);
      if (block !== undefined || chunk !== undefined) parts.add([dst, blocks.get(dst), chunk].join());
    },
    anew() {
      parts.clear();
      blocks.clear();
    },
  };
}
