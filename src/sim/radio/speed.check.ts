import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encodeServiceData } from '../../link/ble/advert.ts';
import { openMeshNode } from './endToEnd/meshNode.ts';
import { openPeripheral } from './host/peripheral.ts';
import { radioPipe } from './host/pipe.ts';
import { Medium } from './medium.ts';
import { openRadioServer, type RadioServer } from './server.ts';
import { realTicks } from './ticks.ts';

/**
 * How long a push transfer of 64 KiB by the mesh stack takes on the virtual radio, and how long bare noble takes to write the very
 * octets that the transfer wrote to the same characteristic. Exit code 1 where the transfer takes more than three times as long.
 * For comparison also the image alone, in writes as long as the MTU allows: what the radio could do without mesh.
 */
const IMAGE_OCTETS = 65_536;
const MTU = 69;
const WRITE_OCTETS = MTU - 3;
const MOST_TIMES = 3;
const LIMIT = 5000;
const [SERVICE, INPUT] = [0x1828, 0x2add];

const fileOf = (name: string): string => fileURLToPath(new URL(`./endToEnd/${name}.js`, import.meta.url));

async function withRadio<T>(use: (server: RadioServer) => Promise<T>): Promise<T> {
  const server = await openRadioServer({ medium: new Medium(realTicks, 1), host: '127.0.0.1', port: 0 });
  try {
    return await use(server);
  } finally {
    await server.close();
  }
}

/** Milliseconds from the first write to the last, as the device sees them. */
async function bareNoble({ url }: RadioServer, file: string, octets: number): Promise<number> {
  let child: ChildProcess | undefined;
  let [seen, first] = [0, 0];
  const ms = await new Promise<number>((resolve, reject) => {
    const written = (value: Buffer): undefined => {
      if (seen === 0) first = performance.now();
      seen += value.length;
      if (seen >= octets) resolve(performance.now() - first);
    };
    const properties = ['writeWithoutResponse'] as const;
    const services = [{ uuid: SERVICE, characteristics: [{ uuid: INPUT, properties, written }] }];
    const start = async (): Promise<void> => {
      const pipe = await radioPipe(url, LIMIT);
      const device = await openPeripheral(pipe, { address: 'c0:00:00:00:02:00', name: 'sink', mtu: MTU, services });
      await device.advertise(encodeServiceData(SERVICE, Buffer.alloc(1)), 20);
      const words = [fileOf('bareNoble'), url, SERVICE.toString(16), INPUT.toString(16), file];
      child = spawn(process.execPath, words, { stdio: 'inherit' });
      child.on('exit', (code) => reject(new Error(`noble ended early with ${code}`)));
    };
    start().catch(reject);
  });
  child?.kill('SIGKILL');
  return ms;
}

/** Milliseconds of an update in push mode, from Update Start to the applied firmware; the file gets what was written. */
async function push({ url }: RadioServer, file: string): Promise<number> {
  const uuid = Buffer.alloc(16, 7);
  await openMeshNode(await radioPipe(url, LIMIT), 'c0:00:00:00:02:01', uuid);
  const words = [fileOf('meshCentral'), `ble:h4:${url}`, uuid.toString('hex'), String(IMAGE_OCTETS), file];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  const outcome = JSON.parse(stdout) as { ms?: number; firmware?: unknown };
  if (outcome.ms === undefined || !Array.isArray(outcome.firmware)) throw new Error(`the transfer failed: ${stdout}`);
  return outcome.ms;
}

function say(what: string, octets: number, ms: number): void {
  const rate = Math.round(octets / (ms / 1000));
  process.stdout.write(`${what}: ${octets} octets in ${Math.round(ms)} ms, ${rate} octets per second\n`);
}

const folder = mkdtempSync(join(tmpdir(), 'plumbline-speed-'));
try {
  const [same, image] = [join(folder, 'same.json'), join(folder, 'image.json')];
  const whole = Math.floor(IMAGE_OCTETS / WRITE_OCTETS);
  const writes = Array.from({ length: whole }, () => '00'.repeat(WRITE_OCTETS));
  writeFileSync(image, JSON.stringify([...writes, '00'.repeat(IMAGE_OCTETS - whole * WRITE_OCTETS)]));

  const transfer = await withRadio((server) => push(server, same));
  const written = (JSON.parse(readFileSync(same, 'utf8')) as string[]).join('').length / 2;
  const bare = await withRadio((server) => bareNoble(server, same, written));
  const alone = await withRadio((server) => bareNoble(server, image, IMAGE_OCTETS));
  say('mesh push transfer, octets of the image', IMAGE_OCTETS, transfer);
  say('bare noble, the same octets as the transfer wrote', written, bare);
  say(`bare noble, the image alone in writes of ${WRITE_OCTETS} octets`, IMAGE_OCTETS, alone);
  const times = transfer / bare;
  const beyond = (transfer / alone).toFixed(2);
  process.stdout.write(
    `the transfer takes ${times.toFixed(2)} times as long as its octets alone (at most ${MOST_TIMES}), ${beyond} times as long as the image alone\n`,
  );
  if (times > MOST_TIMES) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
process.exit();
