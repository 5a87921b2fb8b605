import { type Registered, register } from './core/registered.ts';

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
export const STANDARDS: readonly StandardEntry[] = [
  {
    spec: 'SWMGMT',
    name: 'lwm2m',
    async load() {
      const [{ LWM2M }, { lwm2mSuites }] = await Promise.all([
        import('./lwm2m/standard.ts'),
        import('../suites/lwm2m/index.ts'),
      ]);
      return register({ standard: LWM2M, suites: lwm2mSuites });
    },
  },
];

/** The standards of these specs, all of them unless told. */
export function loadStandards(
  specs?: readonly string[],
  entries: readonly StandardEntry[] = STANDARDS,
): Promise<Registered[]> {
  return Promise.all(entries.filter((s) => specs?.includes(s.spec) ?? true).map((s) => s.load()));
}
