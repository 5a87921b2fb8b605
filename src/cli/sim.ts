import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { wallNow } from '../core/clock.ts';
import { InputError, messageOf } from '../core/errors.ts';
import type { Impairment } from '../link/impair.ts';
import { makePackage, PACKAGE_KINDS, type PackageKind } from '../sim/ocf/package.ts';
import { type DeviceStart, runDevice } from '../sim/process.ts';
import { linkSeed } from '../sim/starts.ts';
import { registerLwm2mPackage } from './sim-lwm2m-package.ts';
import { SIMULATORS, type SimulatorEntry } from './simulators.ts';

interface DeviceWords {
  readonly fault: readonly string[];
  readonly seed: number;
  readonly scale: number;
  readonly linkScale: number;
  readonly epoch?: number;
  readonly state?: string;
  readonly option: readonly string[];
  readonly loss?: number;
  readonly duplicate?: number;
  readonly delay?: number;
  readonly reorder?: number;
  readonly faults?: true;
  readonly options?: true;
  readonly json?: true;
}

/** `plumbline sim DEVICE`, `plumbline sim package` and `plumbline sim lwm2m-package`. */
export function register(program: Command): void {
  const sim = program.command('sim').description('simulated devices, and packages for them');
  for (const device of SIMULATORS) registerDevice(sim, device);
  sim
    .command('package')
    .description(`write an update package for the simulated device: ${Object.keys(PACKAGE_KINDS).join(', ')}`)
    .argument('<kind>')
    .requiredOption('--out <file>', 'where to write it')
    .option('--version <v>', 'version of the firmware in it (preset: 2.0.0, for an old one 0.9.0)')
    .option('--size <octets>', 'payload', number)
    .action((kind: string, words: { out: string; version?: string; size?: number }) => writePackage(kind, words));
  registerLwm2mPackage(sim, number);
}

function registerDevice(sim: Command, device: SimulatorEntry): void {
  sim
    .command(device.name)
    .description(`${device.describe}; lives until its standard input closes`)
    .option('--fault <names>', 'what is wrong with it, with commas; may be repeated', gather, [])
    .option('--seed <n>', 'identity and impairment', number, 1)
    .option('--scale <s>', 'real time per protocol time (0.05: twenty times faster)', number, 1)
    .option('--link-scale <s>', 'the same for retransmission', number, 1)
    .option('--epoch <ms>', 'Unix time at which wall clock and protocol time agree (preset: now)', number)
    .option('--state <dir>', 'folder of what survives a power cut')
    .option(
      '--option <name=value>',
      'where conforming devices differ; may be repeated',
      (word, all: string[]) => [...all, word],
      [],
    )
    .option('--loss <percent>', 'datagrams lost in each direction', number)
    .option('--duplicate <percent>', 'datagrams repeated in each direction', number)
    .option('--delay <ms>', 'every datagram late by up to so many real milliseconds', number)
    .addOption(new Option('--reorder [percent]', 'datagrams overtaken by later ones').preset('10').argParser(number))
    .option('--faults', 'list the faults and end')
    .option('--options', 'list the options and end')
    .option('--json', 'lists as JSON')
    .action((words: DeviceWords) => runNamed(device, words));
}

async function runNamed(entry: SimulatorEntry, words: DeviceWords): Promise<void> {
  const device = await entry.load();
  if (words.faults === true)
    return list(device.faults, ({ name, describe }) => `${name.padEnd(32)}${describe}`, words.json);
  if (words.options === true) {
    const rows = Object.entries(device.options).map(([name, row]) => ({ name, ...row }));
    return list(rows, (row) => `${`${row.name}=${row.preset}`.padEnd(32)}${row.help}`, words.json);
  }
  if (words.state === undefined) throw new InputError('sim', 'a folder for the state is needed: --state DIR');
  const impair = impairmentOf(words);
  const { seed, scale, linkScale, epoch = wallNow(), state } = words;
  const start: DeviceStart = {
    seed,
    linkSeed: linkSeed(state, seed),
    factors: { protocol: scale, link: linkScale },
    epochMs: epoch,
    state,
    ...(impair === undefined ? {} : { impair }),
  };
  await runDevice(() => device.open(words.fault, words.option, start));
}

function impairmentOf({ loss, duplicate, delay, reorder }: DeviceWords): Impairment | undefined {
  if ([loss, duplicate, delay, reorder].every((value) => value === undefined)) return undefined;
  return {
    losePercent: loss ?? 0,
    repeatPercent: duplicate ?? 0,
    ...(delay === undefined ? {} : { delayPercent: 100, delayMs: delay }),
    reorderPercent: reorder ?? 0,
  };
}

function writePackage(kind: string, { out, version, size }: { out: string; version?: string; size?: number }): void {
  if (!Object.hasOwn(PACKAGE_KINDS, kind))
    throw new InputError(
      'sim-package',
      `no kind ${JSON.stringify(kind)}; there are ${Object.keys(PACKAGE_KINDS).join(', ')}`,
    );
  const order = {
    kind: kind as PackageKind,
    ...(version === undefined ? {} : { version }),
    ...(size === undefined ? {} : { size }),
  };
  try {
    writeFileSync(out, makePackage(order));
  } catch (e) {
    throw new InputError('sim-package', `cannot be written: ${messageOf(e)}`, { place: { file: out }, cause: e });
  }
}

function list<T>(rows: readonly T[], line: (row: T) => string, json?: true): void {
  process.stdout.write(
    json === true ? `${JSON.stringify(rows, null, 2)}\n` : rows.map((row) => `${line(row)}\n`).join(''),
  );
}

function gather(word: string, all: string[]): string[] {
  return [...all, ...word.split(',')];
}

function number(word: string): number {
  const value = Number(word);
  if (word.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InputError('sim-number', `expected a number, found ${JSON.stringify(word)}`);
  return value;
}
