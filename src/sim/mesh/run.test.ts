import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { needTool } from '../../core/testing/need.ts';
import { runPlan, type RunOptions, type RunPlanResult } from '../../run/run-plan.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const MAIN = join(ROOT, 'dist/src/cli/main.js');
/** One case of each depth: composition, a status, a BLOB that is pushed. */
const CASES = ['DFUM/GEN/01', 'DFUM/BLB-S/02', 'DFUM/BLB-S/13'];

/** What a node prints when it can be reached. */
interface Ready {
  readonly radio: string;
  readonly uuid: string;
  readonly console: string;
}

describe('a run with a mesh node', () => {
  let folder: string;
  const started: ChildProcess[] = [];

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plumbline-'))));
  afterEach(() => {
    for (const child of started.splice(0)) child.kill();
    rmSync(folder, { recursive: true });
  });

  /** A node on a radio of its own, in real time, as a product on somebody's desk. */
  const startNode = async (...options: string[]): Promise<Ready> => {
    const words = ['sim', 'mesh', '--state', join(folder, 'node'), ...options.flatMap((o) => ['--option', o])];
    const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
    started.push(child);
    const line = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
    return (JSON.parse(line) as { ready: Ready }).ready;
  };
  const run = (rig: object, cases: readonly string[], more: Partial<RunOptions> = {}): Promise<RunPlanResult> => {
    const file = join(folder, 'rig.yaml');
    writeFileSync(file, stringify(rig));
    return runPlan({
      ics: join(ROOT, 'ics/declarations/dfu-update-server.yaml'),
      rig: file,
      out: join(folder, 'reports'),
      state: join(folder, 'state'),
      reports: false,
      cases,
      ...more,
    });
  };
  const verdicts = ({ record }: RunPlanResult): string[] =>
    record.cases
      .filter((c) => c.verdict !== 'NOT_APPLICABLE')
      .map((c) => `${c.id} ${c.verdict} ${c.reason?.message ?? ''}`.trim());
  const passed = (cases: readonly string[]): string[] => cases.map((id) => `${id} PASS`);
  /** The rig of the simulated node with another way of provisioning. */
  const simulated = (option: string, way: string): object => {
    const rig = parse(readFileSync(join(ROOT, 'rigs/mesh-sim.yaml'), 'utf8')) as {
      resources: { device: { options: Record<string, unknown> } };
      iut: { DFUM: Record<string, unknown> };
    };
    rig.resources.device.options[option] = 'yes';
    rig.iut.DFUM[way] = 'console';
    return rig;
  };
  const consoleLines = (): string =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('events.jsonl'))
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
      .filter((line) => line.includes('"channel":"console"'))
      .join('\n');

  for (const [option, way, verb] of [
    ['output', 'outputOob', /"text":"shown".*[^]*"text":"ok \d{1,6}"/],
    ['input', 'inputOob', /"text":"enter \d{1,6}".*[^]*"text":"ok \d{1,6}"/],
  ] as const)
    it(`provisions it by ${way}, with its console as the helper`, async function () {
      this.timeout(60_000);
      const [first = ''] = CASES;
      expect(verdicts(await run(simulated(option, way), [first]))).to.deep.equal(passed([first]));
      expect(consoleLines()).to.match(verb);
    });

  it('asks the person at the bench for the number that it shows, and goes on to the cases', async function () {
    this.timeout(60_000);
    const { radio, uuid, console } = await startNode('output=yes');
    const asked: string[] = [];
    const prompt = (text: string): Promise<string> => {
      asked.push(text);
      const { hostname, port } = new URL(console);
      const socket = connect(Number(port), hostname, () => socket.write('shown\n'));
      return new Promise((resolve) =>
        createInterface({ input: socket }).once('line', (line) => {
          socket.destroy();
          resolve(line.replace('ok ', ''));
        }),
      );
    };
    const rig = { rig: 'desk', iut: { DFUM: { ble: `ble:h4:${radio}`, uuid, outputOob: 'operator' } } };
    const [first = ''] = CASES;
    expect(verdicts(await run(rig, [first], { prompt }))).to.deep.equal(passed([first]));
    expect(asked).to.deep.equal(['Read the number that the device shows and type it here']);
  });

  it('reaches it over HCI on a serial port', async function () {
    this.timeout(90_000);
    const found = spawnSync('socat', ['-V'], { stdio: 'ignore' }).error === undefined;
    needTool(this, 'socat', found || undefined);
    const { radio, uuid } = await startNode();
    const port = join(folder, 'dongle');
    const ends = [`pty,raw,echo=0,link=${port}`, `${radio.replace('tcp://', 'tcp:')},nodelay`];
    started.push(spawn('socat', ends, { stdio: 'inherit' }));
    while (!existsSync(port)) await new Promise((resolve) => setTimeout(resolve, 10));
    const rig = { rig: 'serial', iut: { DFUM: { ble: `ble:h4:${port}?baud=1000000`, uuid } } };
    expect(verdicts(await run(rig, CASES))).to.deep.equal(passed(CASES));
  });
});
