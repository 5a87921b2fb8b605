#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { InputError, printError } from '../core/errors.ts';
import * as compare from './compare.ts';
import * as demo from './demo.ts';
import * as gate from './gate.ts';
import * as ics from './ics.ts';
import * as image from './image.ts';
import * as plan from './plan.ts';
import * as prove from './prove.ts';
import * as radio from './radio.ts';
import * as report from './report.ts';
import * as rig from './rig.ts';
import * as run from './run.ts';
import * as show from './show.ts';
import * as sim from './sim.ts';
import * as why from './why.ts';

/** In the order in which `plumbline --help` shows them. */
const COMMANDS = [demo, ics, plan, why, rig, run, report, show, gate, compare, prove, sim, radio, image];

/** The command line as a whole; every command sets `process.exitCode` itself. */
export function createProgram(): Command {
  const program = new Command('plumbline')
    .description('Hardware-in-the-loop conformance tests for over-the-air update standards')
    .showHelpAfterError('(--help behind a command tells more)')
    .exitOverride();
  for (const command of COMMANDS) command.register(program);
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
  await createProgram().parseAsync();
} catch (e) {
  // Commander has already printed its own complaint.
  if (!(e instanceof CommanderError)) process.stderr.write(`${printError(e)}\n`);
  process.exitCode = exitCodeOf(e);
}
