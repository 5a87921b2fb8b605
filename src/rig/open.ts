import { mkdirSync } from 'node:fs';
import { dirname, join, resolve as toAbsolute } from 'node:path';
import { BenchError, printError, TesterError } from '../core/errors.ts';
import type { EventSink } from '../core/events.ts';
import { isReference } from '../core/reference.ts';
import type { Console, Power } from '../core/standard.ts';
import { openStream } from '../link/stream.ts';
import { lineConsole, type RigConsole } from './console.ts';
import type { Rig } from './rig.ts';
import { powerSwitch, type Prompt, resetLine } from './power.ts';
import { type ProcessDevice, processDevice, radioProcess } from './process.ts';
import { OWN, type Reference, resolveReferences } from './reference.ts';
import type { Resource } from './schema.ts';
import { readSecret, type Redactor } from './secret.ts';

/** Real milliseconds to connect to a console; network time, never scaled. */
const CONNECT_MS = 10_000;

/** What a run hands to its rig. */
export interface RigContext {
  /** Folder of this rig, kept across runs. */
  readonly stateDir: string;
  /** Of the run; gets the logs of devices in software. */
  readonly privateDir: string;
  /** Unix milliseconds at which wall clock and protocol time agree, told to every simulated device. */
  readonly epochMs: number;
  /** Where console lines are recorded. */
  readonly events: EventSink;
  /** Learns every secret that is read. */
  readonly redactor: Redactor;
  /** For power switches that a person works, and for what they read off the device. */
  readonly prompt: Prompt;
  /** Appended to the command line of every simulated device: the fault of a proof, loss, a seed. */
  readonly simArgs?: readonly string[];
  /** Told of every resource that is open, in order. */
  opened?(name: string, what: string): void;
}

/** A rig whose resources are open. */
export interface OpenRig {
  /** An entry of `iut` as it is now, references and secrets resolved. */
  address(spec: string, name: string): string;
  /** Whether the rig file has such an entry; `address` throws a BenchError where it has not. */
  has(spec: string, name: string): boolean;
  /** These three are undefined where the rig has nothing that plays the part. */
  readonly power?: Power;
  readonly reset?: { reset(): Promise<void> };
  readonly console?: Console;
  /** Asks the person at the bench. */
  readonly ask: Prompt;
  /** What a person at the bench types when asked for it. It counts as a secret of that name. */
  askSecret(what: string, name: string): Promise<string>;
  /** Tries every resource, and rejects afterwards with a BenchError that names all that failed. */
  close(): Promise<void>;
}

/** Opens the resources in the order of the file and closes them in reverse, also when one of them fails to open. */
export async function openRig(rig: Rig, context: RigContext): Promise<OpenRig> {
  const processes = new Map<string, ProcessDevice>();
  const consoles = new Map<string, RigConsole>();
  const cwd = dirname(rig.file);
  const closers: (() => Promise<void> | void)[] = [];

  const value = ({ resource, key }: Reference): string => {
    if (resource === OWN.resource && key === OWN.key) return toAbsolute(context.stateDir);
    const device = processes.get(resource);
    if (device !== undefined) return device.value(key);
    const entry = rig.data.resources[resource];
    if (entry?.kind === 'console' && key === 'url') return resolve(entry.url);
    throw new TesterError('rig-reference', `\${${resource}.${key}} was not checked when the rig file was read`);
  };
  const resolve = (text: string): string => resolveReferences(text, value);

  // Power and reset are not tried: that would restart a device whose state the user may want to keep.
  const open = async (name: string, entry: Resource): Promise<string> => {
    switch (entry.kind) {
      // Switched on at once, because later resources refer to the addresses that its ready line tells.
      case 'process': {
        const device = processDevice(entry, {
          name,
          factors: rig.data.time,
          epochMs: context.epochMs,
          cwd,
          stateDir: join(context.stateDir, name),
          logFile: join(context.privateDir, `${name}.log`),
          extra: context.simArgs ?? [],
          options: () => Object.fromEntries(Object.entries(entry.options).map(([k, v]) => [k, resolve(v)])),
        });
        processes.set(name, device);
        closers.push(() => device.close());
        await device.on();
        return 'process is ready';
      }
      // A process like a device in software, but for the options: what a run adds for its devices is none of its business.
      case 'radio': {
        const radio = processDevice(radioProcess(entry, join(context.stateDir, name)), {
          name,
          factors: rig.data.time,
          epochMs: context.epochMs,
          cwd,
          stateDir: join(context.stateDir, name),
          logFile: join(context.privateDir, `${name}.log`),
          extra: [],
          options: () => ({}),
        });
        processes.set(name, radio);
        closers.push(() => radio.close());
        await radio.on();
        return 'the virtual radio is ready';
      }
      case 'console': {
        const console = lineConsole(name, entry, context.events, () => openStream(resolve(entry.url), CONNECT_MS));
        consoles.set(name, console);
        closers.push(() => console.close());
        await console.connect();
        return `${resolve(entry.url)} is open`;
      }
      case 'power':
        return entry.by === 'hand' ? 'switched by hand' : `switched by a ${entry.by} (not tried)`;
      case 'reset':
        return `reset by ${entry.by} (not tried)`;
    }
  };

  const close = async (): Promise<void> => {
    const errors: unknown[] = [];
    for (const closer of closers.reverse()) {
      try {
        await closer();
      } catch (e) {
        errors.push(e);
      }
    }
    if (errors[0] !== undefined)
      throw new BenchError(
        'rig-close',
        `the rig was not closed cleanly: ${errors.map((e) => printError(e)).join('; ')}`,
      );
  };

  mkdirSync(context.stateDir, { recursive: true });
  mkdirSync(context.privateDir, { recursive: true });
  try {
    for (const [name, entry] of Object.entries(rig.data.resources)) {
      const what = await open(name, entry);
      context.opened?.(name, what);
    }
  } catch (e) {
    await close().catch(() => undefined);
    throw e;
  }

  // Resolved at every call: a device in software has new addresses after each power cycle.
  const address = (spec: string, name: string): string => {
    const entry = rig.data.iut[spec]?.[name];
    if (entry === undefined)
      throw new BenchError('rig-entry', `expected an entry ${name} under iut.${spec}`, { place: { file: rig.file } });
    if (!isReference(entry)) return resolve(entry);
    const secret = readSecret(entry);
    context.redactor.add(secret, name);
    return secret;
  };
  const { power, reset, console } = rig.parts;
  const entryOf = <K extends Resource['kind']>(
    name: string | undefined,
    kind: K,
  ): Extract<Resource, { kind: K }> | undefined => {
    const entry = name === undefined ? undefined : rig.data.resources[name];
    return entry?.kind === kind ? (entry as Extract<Resource, { kind: K }>) : undefined;
  };
  const hand = entryOf(power, 'power');
  const device = power === undefined ? undefined : processes.get(power);
  const line = entryOf(reset, 'reset');
  const consoleOf = (name: string): RigConsole => {
    const found = consoles.get(name);
    if (found === undefined) throw new TesterError('rig-console', `${name} is not open`);
    return found;
  };
  const powered =
    hand === undefined ? device : powerSwitch({ where: power ?? '', cwd }, hand, context.prompt, consoleOf);
  return {
    address,
    has: (spec, name) => rig.data.iut[spec]?.[name] !== undefined,
    ...(powered === undefined ? {} : { power: powered }),
    ...(line === undefined ? {} : { reset: resetLine({ where: reset ?? '', cwd }, line, consoleOf) }),
    ...(console === undefined ? {} : { console: consoleOf(console) }),
    ask: context.prompt,
    async askSecret(what, name) {
      const typed = (await context.prompt(`Type ${what}`)).trim();
      context.redactor.add(typed, name);
      return typed;
    },
    close,
  };
}
