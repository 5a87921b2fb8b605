import type { Slot } from './updateClient.ts';

/** An image as it is kept through a power cut. */
export interface SavedSlot {
  readonly firmwareId: string;
  readonly metadata: string;
  /** Octets, as base64. */
  readonly data: string;
}

/** The images that a distributor keeps; their place in the row is their index. */
export class FirmwareStore {
  readonly capacity: number;
  readonly #slots: Slot[];
  readonly #changed: () => void;

  constructor(capacity: number, saved: readonly SavedSlot[], changed: () => void) {
    this.capacity = capacity;
    this.#changed = changed;
    this.#slots = saved.map(({ firmwareId, metadata, data }) => ({
      firmwareId: Buffer.from(firmwareId, 'hex'),
      metadata: Buffer.from(metadata, 'hex'),
      data: Buffer.from(data, 'base64'),
    }));
  }

  get count(): number {
    return this.#slots.length;
  }

  get full(): boolean {
    return this.count >= this.capacity;
  }

  /** Octets of all images. */
  get octets(): number {
    return this.#slots.reduce((sum, { data }) => sum + data.length, 0);
  }

  at(index: number): Slot | undefined {
    return this.#slots[index];
  }

  /** -1 where it is not there. */
  indexOf(firmwareId: Buffer): number {
    return this.#slots.findIndex((slot) => slot.firmwareId.equals(firmwareId));
  }

  add(slot: Slot): void {
    this.#slots.push(slot);
    this.#changed();
  }

  remove(firmwareId: Buffer): void {
    const index = this.indexOf(firmwareId);
    if (index < 0) return;
    this.#slots.splice(index, 1);
    this.#changed();
  }

  clear(): void {
    this.#slots.length = 0;
    this.#changed();
  }

  saved(): SavedSlot[] {
    return this.#slots.map(({ firmwareId, metadata, data }) => ({
      firmwareId: firmwareId.toString('hex'),
      metadata: metadata.toString('hex'),
      data: data.toString('base64'),
    }));
  }
}
