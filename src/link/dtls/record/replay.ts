const WIDTH = 64;

/** The window of RFC 6347 4.1.2.6 over the newest 64 sequence numbers of one epoch. */
export class ReplayWindow {
  private newest = -1;
  private readonly seen = new Set<number>();

  /** True once per sequence number; false for one that was taken before or is older than the window. */
  take(sequence: number): boolean {
    if (sequence <= this.newest - WIDTH || this.seen.has(sequence)) return false;
    this.seen.add(sequence);
    if (sequence > this.newest) {
      this.newest = sequence;
      for (const old of this.seen) if (old <= sequence - WIDTH) this.seen.delete(old);
    }
    return true;
  }

  /** True where nothing newer was taken. */
  isNewest(sequence: number): boolean {
    return sequence >= this.newest;
  }
}
