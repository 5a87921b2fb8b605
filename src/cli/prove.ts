import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { InputError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import { icsFolder } from '../ics/proforma.ts';
import { SIMULATORS } from './simulators.ts';
import type { Subject, Work } from './prove/subject.ts';
import { say, sayJson } from './text.ts';

interface Words {
  readonly full?: true;
  readonly json?: true;
  readonly loss?: number;
  readonly duplicate: number;
  readonly reorder?: true;
  readonly executions: number;
  readonly seed: number;
  readonly parallel: number;
  readonly profile?: readonly string[];
  readonly fault?: readonly string[];
  readonly case?: readonly string[];
  readonly keep?: string;
}

const ALL = SIMULATORS.map((s) => s.name);

/** Runs mostly wait; a new one begins only where the processors have time to spare. */
const RUNS_PER_CORE = 8;

function atLeast(smallest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!(value >= smallest)) throw new InvalidArgumentError(`expected a number of at least ${smallest}.`);
    return value;
  };
}

/** `plumbline prove [STANDARD…]`. */
export function register(program: Command): void {
  program
    .command('prove')
    .description('prove that every case can fail: simulated devices without fault and with each of their faults')
    .argument('[standards...]', `of ${ALL.join(', ')}; all unless told`)
    .option('--full', 'every fault against every case')
    .option('--loss <percent>', 'instead: the false-alarm figure, with so many datagrams lost each way', atLeast(0))
    .option('--duplicate <percent>', 'with --loss: datagrams repeated each way', atLeast(0), 0)
    .option('--reorder', 'with --loss: datagrams overtake one another')
    .option('--executions <n>', 'with --loss: at least so many case executions of each standard', atLeast(1), 300)
    .option('--seed <n>', 'with --loss: first seed of the links', atLeast(0), 1)
    .option(
      '--parallel <n>',
      'at most so many runs at a time; they mostly wait',
      atLeast(1),
      availableParallelism() * RUNS_PER_CORE,
    )
    .option('--profile <name...>', 'only these profiles')
    .option('--fault <name...>', 'only these faults (the proof is then not complete)')
    .option('--case <id...>', 'only these cases, and the faults that they catch (the proof is then not complete)')
    .option('--keep <dir>', 'keep the runs there')
    .option('--json', 'the answer as JSON: an object, of several standards an array of them')
    .action(async (names: readonly string[], words: Words) => prove(names.length > 0 ? names : ALL, words));
}

function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  names: readonly string[] | undefined,
  what: string,
): T[] {
  for (const name of names ?? []) {
    const known = all.map((x) => x.name);
    if (!known.includes(name)) throw new InputError('prove', `no ${what} ${name}${didYouMean(name, known)}`);
  }
  return all.filter((x) => names?.includes(x.name) ?? true);
}

async function prove(names: readonly string[], words: Words): Promise<void> {
  const folder = words.keep ?? mkdtempSync(join(tmpdir(), 'plumbline-prove-'));
  try {
    const subjects: Subject[] = [];
    for (const name of names) subjects.push(await subjectOf(name, words, join(folder, name)));
    const work = { width: words.parallel, progress: (text: string) => process.stderr.write(`${text}\n`) };
    const good = words.loss === undefined ? await proof(subjects, words, work) : await alarms(subjects, words, work);
    if (!good) process.exitCode = 1;
  } finally {
    if (words.keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function subjectOf(name: string, words: Words, folder: string): Promise<Subject> {
  const simulator = SIMULATORS.find((s) => s.name === name);
  if (simulator === undefined) throw new InputError('prove', `no standard ${name}${didYouMean(name, ALL)}`);
  const { loadProfiles } = await import('./prove/profiles.ts');
  const file = join(icsFolder(), '..', 'rigs', 'profiles', `${name}.yaml`);
  return {
    name,
    profiles: chosen(loadProfiles(file, join(folder, 'profiles')), words.profile, 'profile'),
    faults: chosen((await simulator.load()).faults, words.fault, 'fault'),
    ...(words.case === undefined ? {} : { cases: words.case }),
    folder,
  };
}

function sayAnswers(answers: readonly unknown[]): void {
  sayJson(answers.length === 1 ? answers[0] : answers);
}

/** Whether no right device was failed. */
async function alarms(subjects: readonly Subject[], words: Words, work: Work): Promise<boolean> {
  const { falseAlarms, printAlarm } = await import('./prove/alarm.ts');
  const found = await falseAlarms(subjects, {
    ...work,
    lossPercent: words.loss ?? 0,
    duplicatePercent: words.duplicate,
    reorder: words.reorder === true,
    executions: words.executions,
    seed: words.seed,
  });
  if (words.json === true) sayAnswers(found);
  else for (const alarm of found) say(printAlarm(alarm));
  return found.every((alarm) => alarm.alarms.length === 0);
}

/** Whether nothing falls short. */
async function proof(subjects: readonly Subject[], words: Words, work: Work): Promise<boolean> {
  const { prove: run } = await import('./prove/proof.ts');
  const { printProof } = await import('./prove/print.ts');
  const proofs = await run(subjects, { ...work, full: words.full === true });
  if (words.json === true) sayAnswers(proofs);
  else say(proofs.map(printProof).join('\n\n'));
  return proofs.every((p) => p.shortfalls.length === 0);
}
