/**
 * Segmentation timing as the SAR states of Mesh Protocol 1.1 give it (4.2.47, 4.2.48), in milliseconds. Counts are whole
 * numbers of transmissions.
 */
export interface SarTiming {
  /** Pause between the segments of one round. */
  readonly segmentIntervalMs: number;
  /** Transmissions of a segment to a unicast address, and how many of them in a row may bring no progress. */
  readonly unicastTries: number;
  readonly noProgressTries: number;
  /** Wait for an acknowledgment: this, and for each hop beyond the first the increment. */
  readonly unicastIntervalMs: number;
  readonly unicastIncrementMs: number;
  readonly multicastTries: number;
  readonly multicastIntervalMs: number;
  /** Receiver: wait before an acknowledgment, in receiver segment intervals. */
  readonly ackDelayIntervals: number;
  readonly receiverIntervalMs: number;
  /** Receiver: silence after which a half-received message is given up. */
  readonly discardMs: number;
}

/** The timing that the default SAR states mean. */
export const defaultSarTiming: SarTiming = {
  segmentIntervalMs: 60,
  unicastTries: 3,
  noProgressTries: 3,
  unicastIntervalMs: 200,
  unicastIncrementMs: 50,
  multicastTries: 3,
  multicastIntervalMs: 250,
  ackDelayIntervals: 2.5,
  receiverIntervalMs: 60,
  discardMs: 10_000,
};

/**
 * The tester's own: as many tries as the states allow, so that a lossy bench does not end a transfer, and no pause between
 * segments, because the GATT bearer has flow control of its own.
 */
export const testerSarTiming: SarTiming = {
  ...defaultSarTiming,
  segmentIntervalMs: 0,
  unicastTries: 16,
  noProgressTries: 16,
};

/** All times multiplied; counts stay. */
export function scaledSarTiming(timing: SarTiming, factor: number): SarTiming {
  return {
    ...timing,
    segmentIntervalMs: timing.segmentIntervalMs * factor,
    unicastIntervalMs: timing.unicastIntervalMs * factor,
    unicastIncrementMs: timing.unicastIncrementMs * factor,
    multicastIntervalMs: timing.multicastIntervalMs * factor,
    receiverIntervalMs: timing.receiverIntervalMs * factor,
    discardMs: timing.discardMs * factor,
  };
}

/** How long a sender waits for an acknowledgment after a round of segments. */
export function ackWaitMs(timing: SarTiming, ttl: number): number {
  return timing.unicastIntervalMs + timing.unicastIncrementMs * Math.max(0, ttl - 1);
}

/** How long a receiver waits before it acknowledges a message of `segN + 1` segments. */
export function ackDelayMs(timing: SarTiming, segN: number): number {
  return Math.min(segN + 0.5, timing.ackDelayIntervals) * timing.receiverIntervalMs;
}
