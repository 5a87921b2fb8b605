import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../core/errors.ts';
import type { Power } from '../core/standard.ts';
import type { TimeFactors } from '../core/timing.ts';
import type { ResourceOf } from './schema.ts';

/** Simulated devices are started by the same command line that a user would type. */
const COMMAND_LINE = fileURLToPath(new URL('../cli/main.js', import.meta.url));
/** Lines of the device's error output that an error message repeats. */
const LAST_LINES = 8;
/** How long a device may take to end by itself when its standard input closes; library time, never scaled. */
const END_MS = 3_000;

/** Real seconds until the virtual radio must be ready. */
const RADIO_START_S = 15;

/** What a simulated device is started with beside its rig entry. */
export interface ProcessContext {
  /** Of the resource, for error messages. */
  readonly name: string;
  /** Real time per protocol time; for our own devices only. */
  readonly factors: TimeFactors;
  /** Unix milliseconds at which wall clock and protocol time agree: device and tester then read the same clock. */
  readonly epochMs: number;
  /** Where a program named in the rig file is started: the folder of that file. */
  readonly cwd: string;
  /** Kept over power cycles and runs. */
  readonly stateDir: string;
  /** Gets everything that the device prints. */
  readonly logFile: string;
  /** Appended to the command line of our own simulated devices. */
  readonly extra: readonly string[];
  /** Options with their references resolved. */
  options(): Readonly<Record<string, string>>;
}

/** A device in software: a process that is its own power switch. */
export interface ProcessDevice extends Power {
  /** What the ready line said under this key; a BenchError while the device is off or gone. */
  value(key: string): string;
  close(): Promise<void>;
}

/** Devices that run; a foreign program need not notice that its standard input closed. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const device of running) kill(device);
});

/** Where conforming devices differ: `--option name=value` for our own devices, `--name value` for others. */
function flags(options: Readonly<Record<string, string>>, own: boolean): string[] {
  return Object.entries(options).flatMap(([key, value]) =>
    own ? ['--option', `${key}=${value}`] : [`--${key}`, value],
  );
}

/** Program and arguments. Our own devices get seed, clock and state as options, a foreign program finds them in its environment. */
function commandOf(resource: ResourceOf<'process'>, context: ProcessContext): [string, string[]] {
  if (resource.sim === undefined) {
    const [program = '', ...rest] = resource.command ?? [];
    return [program, [...rest, ...flags(context.options(), false)]];
  }
  const { protocol, link } = context.factors;
  const own = {
    seed: resource.seed,
    scale: protocol,
    'link-scale': link,
    epoch: context.epochMs,
    state: context.stateDir,
  };
  return [
    process.execPath,
    [
      COMMAND_LINE,
      'sim',
      resource.sim,
      ...Object.entries(own).flatMap(([key, value]) => [`--${key}`, String(value)]),
      ...resource.faults.flatMap((fault) => ['--fault', fault]),
      ...flags(context.options(), true),
      ...context.extra,
    ],
  ];
}

/** The virtual radio as a program that is started: by the command line that a user would type. */
export function radioProcess(radio: ResourceOf<'radio'>, stateDir: string): ResourceOf<'process'> {
  const { seed, lossPercent, delayMs, serial } = radio;
  const words = Object.entries({
    seed,
    loss: lossPercent,
    delay: delayMs,
    ...(serial ? { serial: join(stateDir, 'hci') } : {}),
  });
  const flagged = words.flatMap(([key, value]) => [`--${key}`, String(value)]);
  const command = [process.execPath, COMMAND_LINE, 'radio', ...flagged];
  return { kind: 'process', command, options: {}, faults: [], seed, startS: RADIO_START_S };
}

/** The addresses in a ready line `{"ready":{"iut":"coap://…"}}`; undefined for any other line, which is then only logged. */
function parseReady(line: string): Record<string, string> | undefined {
  try {
    const parsed = JSON.parse(line) as { ready?: Record<string, unknown> };
    if (typeof parsed.ready !== 'object' || parsed.ready === null) return undefined;
    return Object.fromEntries(Object.entries(parsed.ready).map(([key, value]) => [key, String(value)]));
  } catch {
    return undefined;
  }
}

/** A simulated or foreign device that is started by `on`; it is off at first. */
export function processDevice(resource: ResourceOf<'process'>, context: ProcessContext): ProcessDevice {
  let child: ChildProcess | undefined;
  let ready: Readonly<Record<string, string>> | undefined;
  // Why there is no device, for the error of whoever needs one.
  let ended: string | undefined = 'it was never started';
  let log: WriteStream | undefined;
  let last: string[] = [];

  const error = (code: string, what: string): BenchError => {
    const said = last.length === 0 ? 'It printed nothing.' : `It printed last:\n  ${last.join('\n  ')}`;
    return new BenchError(code, `${what}. ${said}`, { place: { where: context.name } });
  };
  const keep = (line: string): void => {
    last = [...last, line].slice(-LAST_LINES);
    log?.write(`${line}\n`);
  };

  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const [program, args] = commandOf(resource, context);
      last = [];
      ended = undefined;
      // A group of its own: Ctrl-C at the terminal is for the run, which still needs its device to settle.
      const started = spawn(program, args, {
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
        cwd: context.cwd,
        env: {
          ...process.env,
          PLUMBLINE_EPOCH: String(context.epochMs),
          PLUMBLINE_STATE: context.stateDir,
          PLUMBLINE_SEED: String(resource.seed),
        },
      });
      child = started;
      running.add(started);
      const timer = setTimeout(() => {
        kill(started);
        reject(error('device-start', `no ready line from \`${[program, ...args].join(' ')}\` in ${resource.startS} s`));
      }, resource.startS * 1000);
      started.stdin.on('error', () => undefined);
      createInterface({ input: started.stderr }).on('line', keep);
      createInterface({ input: started.stdout }).on('line', (line) => {
        keep(line);
        const values = ready === undefined ? parseReady(line) : undefined;
        if (values === undefined || child !== started) return;
        ready = values;
        clearTimeout(timer);
        resolve();
      });
      started.once('error', (e) => {
        clearTimeout(timer);
        ended = e.message;
        reject(error('device-start', `\`${program}\` cannot be started: ${e.message}`));
      });
      started.once('close', (code, signal) => {
        clearTimeout(timer);
        running.delete(started);
        // Switched off on purpose, or already replaced by the next start.
        if (child !== started) return;
        child = undefined;
        ready = undefined;
        ended = signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
        reject(error('device-start', `\`${[program, ...args].join(' ')}\` did not come up: ${ended}`));
      });
    });

  const stop = async (how: (device: ChildProcess) => void): Promise<void> => {
    const device = child;
    ready = undefined;
    ended = 'it is switched off';
    if (device === undefined) return;
    child = undefined;
    const gone = new Promise<void>((resolve) => device.once('close', () => resolve()));
    how(device);
    const timer = setTimeout(() => kill(device), END_MS);
    await gone;
    clearTimeout(timer);
  };

  return {
    async on() {
      if (child !== undefined) return;
      mkdirSync(context.stateDir, { recursive: true });
      // The log is a convenience: where it cannot be written the device runs without.
      log ??= createWriteStream(context.logFile, { flags: 'a' }).on('error', () => undefined);
      await start();
    },
    off: () => stop(kill),
    value(key) {
      if (ready === undefined) throw error('device-gone', `the device ${context.name} does not run: ${ended}`);
      const value = ready[key];
      if (value === undefined)
        throw error(
          'device-value',
          `the ready line of ${context.name} has no ${key}, only ${Object.keys(ready).join(', ')}`,
        );
      return value;
    },
    async close() {
      await stop((device) => device.stdin?.end());
      log?.end();
    },
  };
}

/** Ends the device and whatever it started, as pulling the plug would. */
function kill(device: ChildProcess): void {
  if (device.pid === undefined) return;
  try {
    process.kill(-device.pid, 'SIGKILL');
  } catch {
    device.kill('SIGKILL');
  }
}
