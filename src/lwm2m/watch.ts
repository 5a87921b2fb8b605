import type { Timing } from '../core/timing.ts';

/** The tester's own looking at an instance. */
export interface Watcher {
  start(instance: number): void;
  /** Resolves when the look under way is over. */
  stop(): Promise<void>;
}

/** Looks once every `pollInterval`, one look after the other. What a look throws ends the watch and is thrown by `stop`. */
export function watcher(timing: Timing, look: (instance: number) => Promise<void>): Watcher {
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
  const loop = async (instance: number): Promise<void> => {
    while (!stopped) {
      await look(instance);
      if (!stopped) await pause(timing.real('pollInterval'));
    }
  };
  return {
    start(instance) {
      if (!stopped) return;
      stopped = false;
      going = loop(instance);
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
