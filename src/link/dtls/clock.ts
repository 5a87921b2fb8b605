/** Time as the port needs it, in real milliseconds; tests hand in one of their own. */
export interface Clock {
  now(): number;
  /** Calls once, `ms` from now; the call returned prevents that. */
  after(ms: number, act: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, Math.max(1, Math.ceil(ms)));
    return () => clearTimeout(timer);
  },
};
