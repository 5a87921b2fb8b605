import type { Timing } from '../core/timing.ts';

/** A repeated look at the device that runs until it is stopped. */
export interface Watcher {
  readonly running: boolean;
  start(): void;
  /** Resolves when the look under way is over. */
  stop(): Promise<void>;
}

/** Looks once every `pollInterval`, one look after the other. What a look throws ends the watch and is thrown by `stop`. */
export function watcher(timing: Timing, look: () => Promise<void>): Watcher {
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
  const loop = async (): Promise<void> => {
    while (!stopped) {
      await look();
      if (!stopped) await pause(timing.real('pollInterval'));
    }
  };
  return {
    get running() {
      return going !== undefined;
    },
    start() {
      if (going !== undefined) return;
      stopped = false;
      going = loop();
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
