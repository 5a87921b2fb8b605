import type { Behaviour } from './behaviour.ts';
import type { Options } from './options.ts';

/** One way in which the device can be wrong, as data. */
export interface Fault {
  readonly name: string;
  /** Goes on after "the device ...". */
  readonly describe: string;
  /** Statements of the standard that it contradicts. */
  readonly violates: readonly string[];
  /** Cases that must turn to FAIL. */
  readonly caughtBy: readonly string[];
  /** What the device does instead of the right thing. */
  readonly apply: Behaviour;
  /** Options without which it does not show. */
  readonly needs?: Partial<Options>;
  /** Why no case has to catch it. */
  readonly excused?: string;
}
