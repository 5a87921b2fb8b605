import type { BenchClock } from '../core/clock.ts';

/** The longest wait in one piece, real milliseconds; the clock is read again after it. Timers of more than 24 days would fire at once. */
const LONGEST_MS = 60_000;

/** Does something at a protocol time. A second call replaces the first. */
export class Alarm {
  private timer: NodeJS.Timeout | undefined;
  private readonly clock: BenchClock;

  constructor(clock: BenchClock) {
    this.clock = clock;
  }

  set(at: number, act: () => void): void {
    this.clear();
    const wait = (): void => {
      const left = (at - this.clock.protocolNow()) * this.clock.factor;
      if (left <= 0) {
        this.timer = undefined;
        act();
      } else this.timer = setTimeout(wait, Math.min(Math.ceil(left), LONGEST_MS));
    };
    wait();
  }

  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
