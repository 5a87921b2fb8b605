import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CaseRecord } from '../../core/record.ts';
import { loadRig } from '../../rig/file.ts';
import { blankRecord } from '../outcome.ts';
import { runCases, type RunInput, type RunResult, type RunSettings } from '../run.ts';
import { run } from './cases.ts';

/** The device in software, as compiled. */
const DEVICE = fileURLToPath(new URL('device.js', import.meta.url));
/** The list of standards that the child process loads in place of the real one. */
export const FAKE_STANDARDS = new URL('standards.js', import.meta.url).href;

export interface BenchOptions {
  /** Arguments of the device, see `device.ts`. */
  readonly device?: readonly string[];
  /** Further entries of `iut.FAKE`. */
  readonly iut?: Readonly<Record<string, string>>;
  /** No device at all: the rig has this address and no power switch. */
  readonly endpoint?: string;
}

/** A folder with a rig in it, thrown away by `remove`. */
export interface TestBench {
  readonly folder: string;
  readonly rigFile: string;
  /** What `runCases` takes, for cases by their numbers. */
  input(cases: readonly string[]): RunInput;
  run(cases: readonly string[], settings?: RunSettings): Promise<RunResult>;
  remove(): void;
}

/** A rig with the fake device, and everything that `runCases` needs. */
export function testBench(options: BenchOptions = {}): TestBench {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-run-'));
  const file = join(folder, 'rig.yaml');
  const device = { kind: 'process', command: [process.execPath, DEVICE, ...(options.device ?? [])] };
  const endpoint = options.endpoint ?? '${device.iut}';
  const resources = options.endpoint === undefined ? { device } : {};
  const rig = { rig: 'test', bootS: 0.3, resources, iut: { FAKE: { endpoint, ...options.iut } } };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(rig, null, 1));

  const input = (numbers: readonly string[]): RunInput => {
    const metas = run.cases.filter((c) => numbers.includes(c.id.split('/')[2] ?? ''));
    const cases = metas.map((c) => ({
      id: c.id,
      spec: 'FAKE',
      items: [c.item],
      variants: Object.keys(c.variants ?? {}),
    }));
    return {
      rig: loadRig(file),
      cases,
      blanks: new Map(metas.map((c) => [c.id, blankRecord(c, { spec: 'FAKE', items: [c.item] }, {})])),
      leftOut: [],
      declared: { items: { 'FAKE 1/1': true }, ixit: {}, policies: {} },
      head: {
        versions: {},
        product: { vendor: 'Example', name: 'Lamp', version: '1' },
        ics: {
          file: 'none',
          digest: '',
          consistent: true,
          anyway: false,
          findings: [],
          sheets: [],
          ixit: [],
          policies: [],
          waivers: [],
        },
        statements: {},
      },
      standards: FAKE_STANDARDS,
    };
  };
  return {
    folder,
    rigFile: file,
    input,
    run: (cases, settings = {}) =>
      runCases(input(cases), { out: join(folder, 'reports'), state: join(folder, 'state'), ...settings }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** `01 PASS, 02 FAIL` */
export function verdicts(cases: readonly CaseRecord[]): string {
  return cases.map((c) => `${c.id.split('/')[2]} ${c.verdict}`).join(', ');
}
