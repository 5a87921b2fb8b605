import type { Timing } from './timing.ts';

/** A repeated look at the device that runs until it is stopped. */
export interface Watcher<A extends readonly unknown[] = []> {
  readonly running: boolean;
  /** Every look gets these; without effect while it runs. */
  start(...about: A): void;
  /** Resolves when the look under way is over. */
  stop(): Promise<void>;
}

/** Looks once every `pollInterval`, one look after the other. What a look throws ends the watch and is thrown by `stop`. */
export function watcher<A extends readonly unknown[] = []>(
  timing: Timing,
  look: (...about: A) => Promise<void>,
): Watcher<A> {
  let going: Promise<void> | undefined;
  let stopped = false;
  let wake: () => void = () => undefined;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const loop = async (...about: A): Promise<void> => {
    while (!stopped) {
      await look(...about);
      if (!stopped) await pause(timing.real('pollInterval'));
    }
  };
  return {
    get running() {
      return going !== undefined;
    },
    start(...about) {
      if (going !== undefined) return;
      stopped = false;
      going = loop(...about);
      going.catch(() => undefined);
    },
    async stop() {
      stopped = true;
      wake();
      const ended = going;
      going = undefined;
      await ended;
    },
  };
}
