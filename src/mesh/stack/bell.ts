import type { Timers } from './timers.ts';

/** Something to wait for with a limit: one waiter at a time, woken by a ring or by the clock. */
export class Bell {
  readonly #timers: Timers;
  #wake: (() => void) | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Wakes the waiter, if there is one. A ring without a waiter is forgotten: look before you wait. */
  ring(): void {
    this.#wake?.();
  }

  /** Resolves at the next ring, at the latest after `ms`. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#timers.after(ms, () => this.ring());
      this.#wake = () => {
        this.#wake = undefined;
        cancel();
        resolve();
      };
    });
  }
}

/** Resolves after `ms`. */
export function pause(timers: Timers, ms: number): Promise<void> {
  return new Bell(timers).wait(ms);
}
