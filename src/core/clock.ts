/**
 * One clock for the whole bench. Real time is what capture files and event logs carry; protocol time is what a standard's
 * timers mean and what the device is told: epoch plus real time elapsed over the protocol factor (factor 1 on a real rig).
 */
export interface BenchClock {
  /** Unix time of the epoch in milliseconds; both times agree there. */
  readonly epochMs: number;
  /** Real milliseconds per protocol millisecond; 0.05 runs the protocol twenty times faster. */
  readonly factor: number;
  /** Real milliseconds since the epoch. */
  now(): number;
  /** Protocol time as Unix milliseconds: what a device with a right clock reads now. */
  protocolNow(): number;
}

/** Wall clock that never steps back while the process lives, in Unix milliseconds. */
export function wallNow(): number {
  return performance.timeOrigin + performance.now();
}

export function benchClock(epochMs: number, factor: number, wall: () => number = wallNow): BenchClock {
  const now = (): number => wall() - epochMs;
  return { epochMs, factor, now, protocolNow: () => epochMs + now() / factor };
}
