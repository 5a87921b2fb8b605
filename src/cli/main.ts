#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { InputError, printError } from '../core/errors.ts';

type Load = () => Promise<{ register(program: Command): void }>;

/** In the order in which `plumbline --help` shows them. Loading all takes longer than most of them, and a proof starts hundreds of devices. */
const COMMANDS: Readonly<Record<string, Load>> = {
  demo: () => import('./demo.ts'),
  ics: () => import('./ics.ts'),
  plan: () => import('./plan.ts'),
  why: () => import('./why.ts'),
  rig: () => import('./rig.ts'),
  run: () => import('./run.ts'),
  report: () => import('./report.ts'),
  show: () => import('./show.ts'),
  gate: () => import('./gate.ts'),
  compare: () => import('./compare.ts'),
  prove: () => import('./prove.ts'),
  sim: () => import('./sim.ts'),
  radio: () => import('./radio.ts'),
  image: () => import('./image.ts'),
};

/** The command line, with the command that is asked for, or with all where none is; every command sets `process.exitCode` itself. */
async function createProgram(asked: string | undefined): Promise<Command> {
  const program = new Command('plumbline')
    .description('Hardware-in-the-loop conformance tests for over-the-air update standards')
    .showHelpAfterError('(--help behind a command tells more)')
    .exitOverride();
  const named = Object.entries(COMMANDS).filter(([name]) => name === asked);
  for (const [, load] of named.length > 0 ? named : Object.entries(COMMANDS)) (await load()).register(program);
  return program;
}

/** Exit code 2 for what the user can mend (a wrong option, an unusable file), 3 for anything else that ends a command early. */
function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  return thrown instanceof InputError ? 2 : 3;
}

// Whoever reads the output may have read enough (`plumbline plan … | head`); a run goes on to its record all the same.
process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  if (e.code !== 'EPIPE') throw e;
});

try {
  await (await createProgram(process.argv[2])).parseAsync();
} catch (e) {
  // Commander has already printed its own complaint.
  if (!(e instanceof CommanderError)) process.stderr.write(`${printError(e)}\n`);
  process.exitCode = exitCodeOf(e);
}
