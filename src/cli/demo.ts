import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { icsFolder } from '../ics/proforma.ts';
import type { RunPlanResult } from '../run/run-plan.ts';
import { terminalProgress } from './progress.ts';
import { say } from './text.ts';
import { wishes } from './wishes.ts';

/** One standard of the demonstration. */
interface Shown {
  readonly title: string;
  /** Below `ics/declarations/` and `rigs/`. */
  readonly ics: string;
  readonly rig: string;
  /** Every case that the declaration selects, or only those that carry `demo`: all of them together stay below two minutes. */
  readonly which: 'all' | 'demo';
}

const DEMO: readonly Shown[] = [
  { title: 'OCF software update', ics: 'ocf-plain.yaml', rig: 'ocf-sim.yaml', which: 'all' },
  { title: 'OCF software update, secured', ics: 'ocf-secured.yaml', rig: 'ocf-secured-sim.yaml', which: 'demo' },
  { title: 'Bluetooth Mesh firmware update', ics: 'dfu-update-server.yaml', rig: 'mesh-sim.yaml', which: 'demo' },
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

async function demo(out: string): Promise<void> {
  const { runPlan } = await import('../run/run-plan.ts');
  const { duration } = await import('../report/summary.ts');
  const { outcomeLines } = await import('./reports.ts');
  const began = performance.now();
  const wish = wishes();
  const results: { title: string; result: RunPlanResult }[] = [];
  try {
    for (const { title, ics, rig, which } of DEMO) {
      if (wish.settle.aborted) break;
      const files = { ics: named('ics', 'declarations', ics), rig: named('rigs', rig) };
      say(`${title}: declaration ${files.ics}, rig ${files.rig}`);
      const progress = terminalProgress(process.stdout);
      const { settle, kill } = wish;
      results.push({ title, result: await runPlan({ ...files, out, demo: which === 'demo', progress, settle, kill }) });
    }
  } finally {
    wish.stop();
  }
  for (const { title, result } of results) say(['', title, ...outcomeLines(result)].join('\n'));
  say(`\n${duration(performance.now() - began)} in all`);
  process.exitCode = worst(results.map(({ result }) => result.exitCode));
}

/** A contradiction counts more than something not proven. */
function worst(codes: readonly RunPlanResult['exitCode'][]): RunPlanResult['exitCode'] {
  if (codes.includes(1)) return 1;
  return codes.includes(3) || codes.length === 0 ? 3 : 0;
}
