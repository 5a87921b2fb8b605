import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Controller, setLogger } from 'zigbee-herdsman';
import { messageOf } from '../../core/errors.ts';
import { dummyData, makeImage } from '../../zigbee/file/make.ts';

/**
 * Has zigbee-herdsman's own controller take in the simulated client, and its own OTA server update it: by blocks, by pages, and with a file whose integrity code is wrong.
 * Exit code 0 when the good files run afterwards and the bad one does not.
 */
const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const LIBRARY = createRequire(import.meta.url).resolve('zigbee-herdsman/package.json');
const NETWORK = {
  panID: 0x1a62,
  extendedPanID: [0x00, 0x12, 0x4b, 0, 0, 0, 0, 1],
  channelList: [15],
  networkKey: Array.from({ length: 16 }, (_, i) => i),
  networkKeyDistribute: false,
};
/** Real time per protocol time of the client; the library keeps its own. */
const SCALE = '0.05';
const LIMIT_MS = 60_000;
const OLD_VERSION = '00000001';
const NEW_VERSION = 2;
const OCTETS = 20_000;

/** What is tried, and the version that must run afterwards. */
interface Trial {
  readonly name: string;
  readonly options: readonly string[];
  /** Makes a file bad. */
  readonly spoil?: (file: Buffer) => void;
  readonly version: string;
}

const TRIALS: readonly Trial[] = [
  { name: 'by blocks', options: [], version: '00000002' },
  { name: 'by pages', options: ['page=yes', 'maxData=50', 'pageSize=500'], version: '00000002' },
  {
    name: 'with a wrong integrity code',
    options: [],
    spoil: (file) => file.writeUInt8((file.at(-1) ?? 0) ^ 1, file.length - 1),
    version: OLD_VERSION,
  },
];

/** A simulated client in a process of its own. */
async function launch(folder: string, options: readonly string[]): Promise<{ child: ChildProcess; ready: Ready }> {
  const words = options.flatMap((option) => ['--option', option]);
  const start = ['sim', 'zigbee', '--state', join(folder, 'state'), '--scale', SCALE, ...words];
  const child = spawn(process.execPath, [MAIN, ...start], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, ready: (JSON.parse(line) as { ready: Ready }).ready };
}

interface Ready {
  readonly dongle: string;
  readonly ieee: string;
  readonly console: string;
}

/** The version that runs, asked at the client's console. */
async function versionOf({ console }: Ready): Promise<string> {
  const { hostname, port } = new URL(console);
  const socket = connect(Number(port), hostname);
  socket.write('version\n');
  const [line] = (await once(createInterface({ input: socket }), 'line')) as [string];
  socket.destroy();
  return line.replace(/^ok /, '');
}

/** Joins, updates, and returns what went wrong. */
async function run(trial: Trial): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-herdsman-'));
  const { child, ready } = await launch(folder, trial.options);
  const controller = new Controller({
    network: NETWORK,
    serialPort: { path: ready.dongle, adapter: 'zstack' },
    databasePath: join(folder, 'devices.db'),
    databaseBackupPath: join(folder, 'devices.db.backup'),
    backupPath: join(folder, 'network.json'),
    adapter: { disableLED: false },
    acceptJoiningDeviceHandler: () => Promise.resolve(true),
  });
  try {
    await controller.start();
    const interviewed = new Promise<void>((resolve, reject) => {
      controller.on('deviceInterview', ({ status }) => {
        if (status === 'successful') resolve();
        if (status === 'failed') reject(new Error('the interview failed'));
      });
    });
    await controller.permitJoin(60);
    await interviewed;
    const device = controller.getDeviceByIeeeAddr(`0x${ready.ieee}`);
    if (device === undefined) return 'the client did not join';
    const file = makeImage({
      manufacturerCode: 0x1234,
      imageType: 1,
      fileVersion: NEW_VERSION,
      elements: [{ tag: 0, data: dummyData(OCTETS) }],
      integrity: 'before',
    });
    trial.spoil?.(file);
    const url = join(folder, 'new.ota');
    writeFileSync(url, file);
    const settings = { requestTimeout: 10_000, responseDelay: 0, baseSize: 50 };
    const ended = await device
      .updateOta({ url }, undefined, undefined, {}, () => undefined, settings)
      .then(
        () => 'done',
        (e: unknown) => messageOf(e),
      );
    const version = await versionOf(ready);
    return version === trial.version ? undefined : `version ${version} runs, expected ${trial.version} (${ended})`;
  } finally {
    await controller.stop();
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

async function check(): Promise<void> {
  const quiet = (): void => undefined;
  setLogger({ debug: quiet, info: quiet, warning: quiet, error: quiet });
  const { version } = JSON.parse(readFileSync(LIBRARY, 'utf8')) as { version: string };
  const problems: string[] = [];
  for (const trial of TRIALS) {
    const late = new Promise<string>((resolve) => {
      setTimeout(() => resolve(`not done within ${LIMIT_MS} ms`), LIMIT_MS).unref();
    });
    const problem = await Promise.race([run(trial).catch((e: unknown) => messageOf(e)), late]);
    if (problem !== undefined) problems.push(`${trial.name}: ${problem}`);
  }
  process.stdout.write(`${TRIALS.length} updates of the simulated client by zigbee-herdsman ${version}\n`);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.exit(problems.length > 0 ? 1 : 0);
}

await check();
