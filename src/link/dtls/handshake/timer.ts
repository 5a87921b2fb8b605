/** When flights are sent again and when a handshake is given up, in real milliseconds. */
export interface HandshakeTiming {
  /** Wait before the first repeat; every further wait is twice as long (RFC 6347 4.2.4.1). */
  readonly firstTimerMs: number;
  /** The longest wait. */
  readonly maxTimerMs: number;
  /** From the first datagram to Finished. */
  readonly deadlineMs: number;
}

export const HANDSHAKE_TIMING: HandshakeTiming = { firstTimerMs: 1000, maxTimerMs: 60_000, deadlineMs: 60_000 };

/** The retransmission timer of one association, on a clock that is handed in. */
export class FlightTimer {
  private readonly timing: HandshakeTiming;
  private wait: number;
  private due = Number.POSITIVE_INFINITY;

  constructor(timing: HandshakeTiming) {
    this.timing = timing;
    this.wait = timing.firstTimerMs;
  }

  /** Time of the next repeat; infinite while stopped. */
  get dueMs(): number {
    return this.due;
  }

  /** A new flight went out. */
  start(now: number): void {
    this.wait = this.timing.firstTimerMs;
    this.due = now + this.wait;
  }

  /** The flight went out again because the timer ran out. */
  backOff(now: number): void {
    this.wait = Math.min(this.wait * 2, this.timing.maxTimerMs);
    this.due = now + this.wait;
  }

  /** The flight went out again because the peer asked: the present wait starts anew. */
  restart(now: number): void {
    if (this.due !== Number.POSITIVE_INFINITY) this.due = now + this.wait;
  }

  stop(): void {
    this.due = Number.POSITIVE_INFINITY;
  }
}
