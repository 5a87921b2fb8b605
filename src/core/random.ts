/** A source of numbers in [0, 1). */
export type Random = () => number;

const TWO_32 = 2 ** 32;

/** A reproducible source: the same seed gives the same row of numbers (mulberry32: one 32-bit word of state). Not for secrets. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / TWO_32;
  };
}

/** A whole number from 0 up to, not including, `below`. */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

/** `count` octets. */
export function octets(random: Random, count: number): Buffer {
  const out = Buffer.alloc(count);
  for (let i = 0; i < count; i++) out[i] = below(random, 256);
  return out;
}
