import { type Random, seeded } from '../core/random.ts';

/** What may happen to a datagram in one direction. Shares in percent, times in real milliseconds; what is left out does not happen. */
export interface Impairment {
  readonly losePercent?: number;
  /** Delivered twice. */
  readonly repeatPercent?: number;
  /** Delivered late, by anything up to `delayMs`. */
  readonly delayPercent?: number;
  readonly delayMs?: number;
  /** Held back for the whole of `reorderMs` (20 unless told), so that what follows within that time overtakes it. */
  readonly reorderPercent?: number;
  readonly reorderMs?: number;
}

/** Both directions, seen from the tester; each draws from its own row of numbers, so that one does not disturb the other. */
export interface Impairments {
  readonly seed: number;
  readonly in?: Impairment;
  readonly out?: Impairment;
}

/** One number per copy that is delivered: how late, in milliseconds. Empty: the datagram is lost. */
export type Fate = readonly number[];

/** Untouched. */
export const ON_TIME: Fate = [0];

const REORDER_MS = 20;

/** Decides the fate of one datagram after another. Every decision draws equally often, so that a share can be changed without moving the others. */
export function impairer(impairment: Impairment, random: Random): () => Fate {
  const hit = (percent = 0): boolean => random() * 100 < percent;
  return () => {
    const lost = hit(impairment.losePercent);
    const repeated = hit(impairment.repeatPercent);
    const delayed = hit(impairment.delayPercent);
    const late = random() * (impairment.delayMs ?? 0);
    const held = hit(impairment.reorderPercent);
    if (lost) return [];
    const ms = (delayed ? late : 0) + (held ? (impairment.reorderMs ?? REORDER_MS) : 0);
    if (ms === 0 && !repeated) return ON_TIME;
    return repeated ? [ms, ms] : [ms];
  };
}

/** The two directions of a link, ready to be asked. */
export interface LinkFate {
  in(): Fate;
  out(): Fate;
}

/** Without impairments every datagram passes once, at once. */
export function linkFate(impairments: Impairments | undefined): LinkFate {
  const one = (impairment: Impairment | undefined, seed: number): (() => Fate) =>
    impairment === undefined ? () => ON_TIME : impairer(impairment, seeded(seed));
  if (impairments === undefined) return { in: () => ON_TIME, out: () => ON_TIME };
  return { in: one(impairments.in, impairments.seed), out: one(impairments.out, ~impairments.seed) };
}
