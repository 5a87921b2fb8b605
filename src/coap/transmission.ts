import type { Random } from '../core/random.ts';

/** Retransmission parameters of one exchange, in real milliseconds (RFC 7252 4.8). */
export interface Transmission {
  readonly ackTimeoutMs: number;
  /** The first wait lies between 1 and this many times `ackTimeoutMs`. */
  readonly ackRandomFactor: number;
  readonly maxRetransmit: number;
  /** The wait doubles so often at most; with every repetition unless told. */
  readonly maxDoublings?: number;
}

/** The default values of RFC 7252. */
export const RFC_TRANSMISSION: Transmission = { ackTimeoutMs: 2000, ackRandomFactor: 1.5, maxRetransmit: 4 };

/** EXCHANGE_LIFETIME of the default values: how long a message id is remembered. */
export const EXCHANGE_LIFETIME_MS = 247_000;

/** The wait after the first sending, by chance; {@link waitFactor} tells the later ones. */
export function firstWaitMs(timing: Transmission, random: Random): number {
  return timing.ackTimeoutMs * (1 + random() * (timing.ackRandomFactor - 1));
}

/** How many times the first wait the one after this sending is, counted from 1. */
export function waitFactor({ maxDoublings = Infinity }: Transmission, attempt: number): number {
  return 2 ** Math.min(attempt - 1, maxDoublings);
}

/** MAX_TRANSMIT_WAIT: from the first sending until the sender gives up, at the longest. */
export function maxTransmitWaitMs(timing: Transmission): number {
  const waits = Array.from({ length: timing.maxRetransmit + 1 }, (_, i) => waitFactor(timing, i + 1));
  return timing.ackTimeoutMs * waits.reduce((sum, wait) => sum + wait, 0) * timing.ackRandomFactor;
}
