import type { Registered } from './core/registered.ts';

/** A standard that is loaded only when a declaration names it. */
export interface StandardEntry {
  /** As in item names: `OCFSWU`. */
  readonly spec: string;
  /** As on the command line: `ocf`. */
  readonly name: string;
  load(): Promise<Registered>;
}

/** What a module of standards exports. */
export interface StandardsModule {
  readonly STANDARDS: readonly StandardEntry[];
}

/** Every standard that Plumbline can test. */
export const STANDARDS: readonly StandardEntry[] = [];
