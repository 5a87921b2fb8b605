import { createInterface } from 'node:readline/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { BenchError, printError } from '../core/errors.ts';
import type { Progress } from '../run/progress.ts';
import { jsonProgress, quietProgress, terminalProgress } from './progress.ts';
import { say } from './text.ts';
import { wishes } from './wishes.ts';

interface Words {
  readonly ics: string;
  readonly rig: string;
  readonly case?: readonly string[];
  readonly long?: true;
  readonly out: string;
  readonly anyway?: true;
  readonly wait?: number;
  readonly state?: string;
  readonly quiet?: true;
  readonly jsonLines?: true;
  readonly site: boolean;
}

/** `plumbline run --ics FILE --rig FILE`. */
export function register(program: Command): void {
  program
    .command('run')
    .description('run the cases that a declaration selects on a rig')
    .requiredOption('--ics <file>', 'declaration of the product')
    .requiredOption('--rig <file>', 'the bench that it stands on')
    .option('--case <id...>', 'only these cases')
    .option('--long', 'long cases too')
    .option('--out <dir>', 'folder that gets a folder per run', 'reports')
    .option('--anyway', 'run although the declaration is inconsistent; every page says so')
    .option('--wait <seconds>', 'wait so long for a rig that is in use', seconds)
    .option('--state <dir>', 'what is kept of the rig across runs (default: .plumbline/rigs/<name>)')
    .addOption(new Option('--quiet', 'only troubles and the outcome').conflicts('jsonLines'))
    .option('--json-lines', 'progress as one JSON object per line')
    .option('--no-site', 'no browsable report')
    .action(async (words: Words) => run(words));
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError('expected a number of seconds.');
  return value;
}

function progressOf(words: Words): Progress {
  if (words.jsonLines === true) return jsonProgress(process.stdout);
  return words.quiet === true ? quietProgress(process.stdout) : terminalProgress(process.stdout);
}

/** Asks the person at the terminal and resolves with what they typed; without one the bench cannot be worked by hand. */
async function prompt(text: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new BenchError('prompt', `"${text}" needs a person, and standard input is no terminal`);
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await lines.question(`\n>>> ${text}, then press Enter `);
  } finally {
    lines.close();
  }
}

async function run(words: Words): Promise<void> {
  const { runPlan } = await import('../run/run-plan.ts');
  const { outcomeLines } = await import('./reports.ts');
  const { InconsistentIcs } = await import('../run/plan.ts');
  const wish = wishes();
  try {
    const result = await runPlan({
      ics: words.ics,
      rig: words.rig,
      out: words.out,
      site: words.site,
      long: words.long === true,
      anyway: words.anyway === true,
      progress: progressOf(words),
      prompt,
      settle: wish.settle,
      kill: wish.kill,
      ...(words.case === undefined ? {} : { cases: words.case }),
      ...(words.wait === undefined ? {} : { waitMs: words.wait * 1000 }),
      ...(words.state === undefined ? {} : { state: words.state }),
    });
    if (words.jsonLines !== true) for (const line of outcomeLines(result)) say(line);
    process.exitCode = result.exitCode;
  } catch (e) {
    if (!(e instanceof InconsistentIcs)) throw e;
    process.stderr.write(`${printError(e)}\nThe declaration is inconsistent; mend it, or run it with --anyway.\n`);
    process.exitCode = 1;
  } finally {
    wish.stop();
  }
}
