import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Flash for one file. What was appended is there after a power cut. */
export interface Slot {
  read(): Buffer;
  append(data: Uint8Array): void;
  clear(): void;
}

/** Flash as a file of a folder, which is made. */
export function folderSlot(folder: string): Slot {
  const path = join(folder, 'slot.bin');
  mkdirSync(folder, { recursive: true });
  let file: number | undefined;
  const open = (): number => (file ??= openSync(path, 'a'));
  return {
    read() {
      open();
      return readFileSync(path);
    },
    append: (data) => void writeSync(open(), data),
    clear() {
      if (file !== undefined) closeSync(file);
      file = undefined;
      rmSync(path, { force: true });
    },
  };
}

/** Flash in memory, for tests. */
export function memorySlot(): Slot {
  let content = Buffer.alloc(0);
  return {
    read: () => content,
    append(data) {
      content = Buffer.concat([content, data]);
    },
    clear() {
      content = Buffer.alloc(0);
    },
  };
}
