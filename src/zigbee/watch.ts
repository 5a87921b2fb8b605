import type { Timing } from '../core/timing.ts';

/** The tester's own looking at the device. */
export interface Watcher {
  start(): void;
  /** Resolves when the look under way is over. */
  stop(): Promise<void>;
}

/** Looks once every `pollInterval`, one look after the other. What a look throws ends the watch and is thrown by `stop`. */
export function watcher(timing: Timing, look: () => Promise<void>): Watcher {
  let going: Promise<void> | undefined;
  let wake: () => void = () => undefined;
  let stopped = true;
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
    start() {
      if (!stopped) return;
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
