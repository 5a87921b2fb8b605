/** When a source began to send a message, by its own count: a segmented one may arrive after others that were begun later. */
export interface Begun {
  readonly ivIndex: number;
  readonly seq: number;
}

/** Replay protection (Mesh Protocol 3.9.8): the newest SEQ, or SeqAuth of a segmented message, of every source. */
export class ReplayList {
  readonly #newest = new Map<number, Begun>();

  /** Whether this is newer than all that was accepted from the source. */
  isNew(src: number, ivIndex: number, seq: number): boolean {
    const last = this.#newest.get(src);
    return last === undefined || isLater({ ivIndex, seq }, last);
  }

  /** The newest of a source; undefined where it was never heard. */
  newest(src: number): Begun | undefined {
    return this.#newest.get(src);
  }

  /** Remembers an accepted message. */
  accept(src: number, ivIndex: number, seq: number): void {
    if (this.isNew(src, ivIndex, seq)) this.#newest.set(src, { ivIndex, seq });
  }

  /** Forgets a source: a device that was provisioned anew begins at 0. */
  forget(src: number): void {
    this.#newest.delete(src);
  }
}

/** Whether the first was begun after the second. */
export function isLater(one: Begun, other: Begun): boolean {
  return one.ivIndex > other.ivIndex || (one.ivIndex === other.ivIndex && one.seq > other.seq);
}
