import type { ProvenFault } from './matrix.ts';
import type { Profile } from './profiles.ts';

/** One standard with what it is proven on. */
export interface Subject {
  /** As on the command line: `ocf`. */
  readonly name: string;
  readonly profiles: readonly Profile[];
  readonly faults: readonly ProvenFault[];
  /** The only cases that are wanted; all that a profile selects unless told. */
  readonly cases?: readonly string[];
  /** Its runs lie here; the caller removes the folder. */
  readonly folder: string;
}

/** Whether a case is among those that are wanted. */
export function wants({ cases }: Pick<Subject, 'cases'>, id: string): boolean {
  return cases?.includes(id) ?? true;
}

/** How many runs at a time over all standards, and who hears of them. */
export interface Work {
  readonly width: number;
  progress(text: string): void;
}
