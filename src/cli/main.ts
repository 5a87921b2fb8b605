#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { InputError, printError } from '../core/errors.ts';
import * as sim from './sim.ts';

const program = new Command('plumbline').exitOverride();
sim.register(program);
try {
  await program.parseAsync();
} catch (e) {
  // Commander has already printed its own complaint.
  if (!(e instanceof CommanderError)) process.stderr.write(`${printError(e)}\n`);
  if (!(e instanceof CommanderError && e.exitCode === 0))
    process.exitCode = e instanceof InputError || e instanceof CommanderError ? 2 : 3;
}
