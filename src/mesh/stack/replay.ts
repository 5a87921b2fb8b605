/** Replay protection (Mesh Protocol 3.9.8): the newest SEQ, or SeqAuth of a segmented message, of every source. */
export class ReplayList {
  readonly #newest = new Map<number, { readonly ivIndex: number; readonly seq: number }>();

  /** Whether this is newer than all that was accepted from the source. */
  isNew(src: number, ivIndex: number, seq: number): boolean {
    const last = this.#newest.get(src);
    return last === undefined || ivIndex > last.ivIndex || (ivIndex === last.ivIndex && seq > last.seq);
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
