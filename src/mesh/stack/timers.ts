/** The clock of the stack: real, or turned by hand in a test. All times are milliseconds. */
export interface Timers {
  now(): number;
  /** Calls `run` once after `ms`; the returned call takes it back. */
  after(ms: number, run: () => void): () => void;
}

/** Timers of the operating system. */
export const realTimers: Timers = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Timers that run only when told to, for deterministic tests and checks. */
export interface ManualTimers extends Timers {
  /** Lets time pass; timers that fall due run in their order, and promises settle between them. */
  advance(ms: number): Promise<void>;
}

/** New timers at 0 ms. */
export function manualTimers(): ManualTimers {
  let time = 0;
  const waiting = new Set<{ readonly at: number; readonly run: () => void }>();
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => time,
    after(ms, run) {
      const entry = { at: time + ms, run };
      waiting.add(entry);
      return () => void waiting.delete(entry);
    },
    async advance(ms) {
      const end = time + ms;
      await settle();
      for (;;) {
        const [next] = [...waiting].filter((entry) => entry.at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        waiting.delete(next);
        time = next.at;
        next.run();
        await settle();
      }
      time = end;
    },
  };
}
