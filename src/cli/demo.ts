import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { icsFolder } from '../ics/proforma.ts';
import type { RunPlanResult } from '../run/run-plan.ts';
import { type Screen, terminalProgress } from './progress.ts';
import { say } from './text.ts';
import { type Wishes, wishes } from './wishes.ts';

/** One standard of the demonstration. */
interface Shown {
  readonly title: string;
  /** Below `ics/declarations/` and `rigs/`. */
  readonly ics: string;
  readonly rig: string;
  /** Every case that the declaration selects, or only those that carry `demo`: all of them together stay below two minutes. */
  readonly which: 'all' | 'demo';
}

/** What is watched as it runs. */
const LIVE: readonly Shown[] = [
  { title: 'OCF software update', ics: 'ocf-plain.yaml', rig: 'ocf-sim.yaml', which: 'all' },
];

/** What runs meanwhile, on rigs of its own, and is shown afterwards: runs mostly wait for timers of their standards. */
const MEANWHILE: readonly Shown[] = [
  { title: 'OCF software update, secured', ics: 'ocf-secured.yaml', rig: 'ocf-secured-sim.yaml', which: 'demo' },
  { title: 'Bluetooth Mesh firmware update', ics: 'dfu-update-server.yaml', rig: 'mesh-sim.yaml', which: 'demo' },
  { title: 'Zigbee OTA upgrade, client', ics: 'zigbee-client.yaml', rig: 'zigbee-sim.yaml', which: 'demo' },
  { title: 'Zigbee OTA upgrade, server', ics: 'zigbee-server.yaml', rig: 'zigbee-server-sim.yaml', which: 'demo' },
  { title: 'LwM2M software management', ics: 'lwm2m-client.yaml', rig: 'lwm2m-sim.yaml', which: 'demo' },
];

/** `plumbline demo`: what a run on a bench is like, on the simulated devices; needs nothing but Node. */
export function register(program: Command): void {
  program
    .command('demo')
    .description('run the example declarations on simulated devices and make the reports: no hardware needed')
    .option('--out <dir>', 'folder that gets a folder per run', 'reports')
    .action(async (words: { out: string }) => demo(words.out));
}

/** As a user names a file of the package: from the working folder where it lies below it. */
function named(...parts: readonly string[]): string {
  const file = join(icsFolder(), '..', ...parts);
  const near = relative(process.cwd(), file);
  return near.startsWith('..') ? file : near;
}

interface Outcome {
  readonly title: string;
  readonly result: RunPlanResult;
}

/** Runs them one after another, until Ctrl-C. */
async function runAll(all: readonly Shown[], out: string, screen: Screen, wish: Wishes): Promise<Outcome[]> {
  const { runPlan } = await import('../run/run-plan.ts');
  const outcomes: Outcome[] = [];
  for (const { title, ics, rig, which } of all) {
    if (wish.settle.aborted) break;
    const files = { ics: named('ics', 'declarations', ics), rig: named('rigs', rig) };
    screen.write(`${title}: declaration ${files.ics}, rig ${files.rig}\n`);
    const progress = terminalProgress(screen);
    const { settle, kill } = wish;
    outcomes.push({ title, result: await runPlan({ ...files, out, demo: which === 'demo', progress, settle, kill }) });
  }
  return outcomes;
}

async function demo(out: string): Promise<void> {
  const { duration } = await import('../report/summary.ts');
  const { outcomeLines } = await import('./reports.ts');
  const began = performance.now();
  const wish = wishes();
  const said: string[] = [];
  // Settled, both of them: an error of one must not leave the other one's devices behind.
  const ended = await Promise.allSettled([
    runAll(LIVE, out, process.stdout, wish),
    runAll(MEANWHILE, out, { write: (text) => said.push(text) }, wish),
  ]);
  wish.stop();
  process.stdout.write(said.join(''));
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const outcomes = ended.flatMap((end) => (end.status === 'fulfilled' ? end.value : []));
  for (const { title, result } of outcomes) say(['', title, ...outcomeLines(result)].join('\n'));
  say(`\n${duration(performance.now() - began)} in all`);
  process.exitCode = worst(outcomes.map(({ result }) => result.exitCode));
}

/** A contradiction counts more than something not proven. */
function worst(codes: readonly RunPlanResult['exitCode'][]): RunPlanResult['exitCode'] {
  if (codes.includes(1)) return 1;
  return codes.includes(3) || codes.length === 0 ? 3 : 0;
}
