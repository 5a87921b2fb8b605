import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { BenchError, InputError, messageOf, printError } from '../core/errors.ts';
import type { EventSink } from '../core/events.ts';
import type { Impairment } from '../link/impair.ts';

/** What a verb of the console does; the words after the verb are its arguments. Returns one line; a throw becomes an error line. */
export type Verb = (words: readonly string[]) => string | Promise<string>;

/** What every simulated device is started with. */
export interface DeviceStart {
  readonly seed: number;
  /** Real time per protocol time, for every duration of the device, and for retransmission. */
  readonly factors: { readonly protocol: number; readonly link: number };
  /** Unix milliseconds at which wall clock and protocol time agree; a device started again with the same has the right time again. */
  readonly epochMs: number;
  /** Folder of everything that survives a power cut. */
  readonly state: string;
  /** Done to datagrams at the device's sockets, in both directions alike. */
  readonly impair?: Impairment;
  /** Decides which datagrams that are; another one after every start, or a device switched off and on would lose the same ones again. */
  readonly linkSeed: number;
}

export interface SimulatedDevice {
  /** Addresses of the device by name, for the ready line: `{ iut: 'coap://127.0.0.1:49152' }`. */
  readonly ready: Readonly<Record<string, string>>;
  /** Test verbs with one line of help each. */
  readonly verbs: Readonly<Record<string, { readonly help: string; readonly run: Verb }>>;
  /** Port of the console; a free one unless told. */
  readonly consolePort?: number;
}

/**
 * Runs a simulated device as a process of its own: opens it and a console on a free loopback port, prints the one line
 * `{"ready":{...}}`, and ends the process as soon as standard input closes. A kill at any moment is the power switch. A device that cannot be
 * opened ends the process with the error, 2 where the user can mend it, else 3.
 */
export async function runDevice(open: () => Promise<SimulatedDevice>): Promise<void> {
  const [device, console] = await opened(open);
  process.stdout.write(`${JSON.stringify({ ready: { ...device.ready, console } })}\n`);
  process.stdin.on('end', () => process.exit(0));
  process.stdin.on('error', () => process.exit(0));
  process.stdin.resume();
}

async function opened(open: () => Promise<SimulatedDevice>): Promise<[SimulatedDevice, string]> {
  try {
    const device = await open();
    return [device, await openConsole(device)];
  } catch (e) {
    process.stderr.write(`${printError(e)}\n`);
    // Thrown on, the error would wait behind sockets and servers that were opened before it.
    return process.exit(e instanceof InputError ? 2 : 3);
  }
}

/** A line in, a line out: `version` gives `ok 1.0.0`, what fails gives `error` and the reason. */
async function openConsole({ verbs, consolePort = 0 }: SimulatedDevice): Promise<string> {
  const answer = async (line: string): Promise<string> => {
    const [verb = '', ...words] = line.trim().split(/\s+/);
    if (verb === 'help')
      return `ok ${Object.entries(verbs)
        .map(([name, { help }]) => `${name}: ${help}`)
        .join('; ')}`;
    const known = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
    if (known === undefined)
      return `error no verb ${JSON.stringify(verb)}; there are help, ${Object.keys(verbs).join(', ')}`;
    try {
      return `ok ${await known.run(words)}`.trim();
    } catch (e) {
      return `error ${messageOf(e)}`;
    }
  };
  const server: Server = createServer((socket: Socket) => {
    socket.on('error', () => socket.destroy());
    const lines = createInterface({ input: socket });
    lines.on('line', (line) => void answer(line).then((text) => socket.writable && socket.write(`${text}\n`)));
  });
  await new Promise<void>((resolve, reject) => {
    const place = { where: `console port ${consolePort}` };
    server.once('error', (e) => reject(new BenchError('sim-console', messageOf(e), { place, cause: e })));
    server.listen(consolePort, '127.0.0.1', resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? `tcp://127.0.0.1:${address.port}` : '';
}

/** A sink for links whose traffic nobody records: the tester on the other side does. */
export function noSink(): EventSink {
  let n = 0;
  return { append: ({ raw: _raw, ...event }) => ({ n: n++, ms: 0, ...event }) };
}
