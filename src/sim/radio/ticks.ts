/** A source of time in milliseconds: the real one, or one that a test moves. */
export interface Ticks {
  now(): number;
  /** Calls `act` once after so long; returns the call that prevents it. */
  after(ms: number, act: () => void): () => void;
}

/** Real time. */
export const realTicks: Ticks = {
  now: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};

/** Time that stands still until it is moved. */
export interface ManualTicks extends Ticks {
  /** Lets so much time pass; what falls due happens in order. */
  pass(ms: number): void;
}

/** Time for tests: starts at 0. */
export function manualTicks(): ManualTicks {
  let now = 0;
  let count = 0;
  const due = new Map<number, { readonly at: number; readonly act: () => void }>();
  const next = (until: number): [number, { at: number; act: () => void }] | undefined =>
    [...due].filter(([, { at }]) => at <= until).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
  return {
    now: () => now,
    after(ms, act) {
      const id = count++;
      due.set(id, { at: now + ms, act });
      return () => void due.delete(id);
    },
    pass(ms) {
      const end = now + ms;
      for (let first = next(end); first !== undefined; first = next(end)) {
        const [id, { at, act }] = first;
        due.delete(id);
        now = Math.max(now, at);
        act();
      }
      now = end;
    },
  };
}
