import { register, type Registered } from './core/registered.ts';

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

async function loadOcf(): Promise<Registered> {
  const [{ OCF }, { OCF_SUITES }] = await Promise.all([import('./ocf/standard.ts'), import('../suites/ocf/suites.ts')]);
  return register({ standard: OCF, suites: OCF_SUITES });
}

async function loadLwm2m(): Promise<Registered> {
  const [{ LWM2M }, { LWM2M_SUITES }] = await Promise.all([
    import('./lwm2m/standard.ts'),
    import('../suites/lwm2m/suites.ts'),
  ]);
  return register({ standard: LWM2M, suites: LWM2M_SUITES });
}

async function loadZigbee(): Promise<Registered> {
  const [{ ZIGBEE }, { ZIGBEE_SUITES }] = await Promise.all([
    import('./zigbee/standard.ts'),
    import('../suites/zigbee/suites.ts'),
  ]);
  return register({ standard: ZIGBEE, suites: ZIGBEE_SUITES });
}

async function loadMesh(): Promise<Registered> {
  const [{ MESH }, { MESH_SUITES }] = await Promise.all([
    import('./mesh/standard.ts'),
    import('../suites/mesh/suites.ts'),
  ]);
  return register({ standard: MESH, suites: MESH_SUITES });
}

/** Every standard that Plumbline can test. */
export const STANDARDS: readonly StandardEntry[] = [
  { spec: 'OCFSWU', name: 'ocf', load: loadOcf },
  { spec: 'SWMGMT', name: 'lwm2m', load: loadLwm2m },
  { spec: 'ZBOTA', name: 'zigbee', load: loadZigbee },
  { spec: 'DFUM', name: 'mesh', load: loadMesh },
];

/** The standards of these specs, all of them unless told. */
export function loadStandards(
  specs?: readonly string[],
  entries: readonly StandardEntry[] = STANDARDS,
): Promise<Registered[]> {
  return Promise.all(entries.filter((s) => specs?.includes(s.spec) ?? true).map((s) => s.load()));
}
