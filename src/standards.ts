import type { Registered } from './core/registered.ts';

/** A standard with its suites; loaded only when somebody asks for it. */
export interface StandardEntry {
  /** As in item names: `OCFSWU`. */
  readonly spec: string;
  /** As on the command line: `ocf`. */
  readonly name: string;
  load(): Promise<Registered>;
}

/** What a module of standards exports; tests of the run have one of their own. */
export interface StandardsModule {
  readonly STANDARDS: readonly StandardEntry[];
}

/** Every standard that Plumbline can test. */
export const STANDARDS: readonly StandardEntry[] = [];

/** The standards of these specs, all of them unless told. */
export function loadStandards(
  specs?: readonly string[],
  entries: readonly StandardEntry[] = STANDARDS,
): Promise<Registered[]> {
  return Promise.all(entries.filter((s) => specs?.includes(s.spec) ?? true).map((s) => s.load()));
}
