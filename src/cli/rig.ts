import type { Command } from 'commander';
import type { RigCheck } from '../run/check.ts';
import { say, sayJson } from './text.ts';

/** `plumbline rig check FILE`: validates the rig and probes every resource, changes nothing. Exit code 0 or 3; 2 for an unusable file. */
export function register(program: Command): void {
  program
    .command('rig')
    .description('work with rigs')
    .command('check')
    .description('validate a rig file and let every resource and device answer once')
    .argument('<file>', 'rig file')
    .option('--ics <file>', 'declaration, where a device can only be reached with its values')
    .option('--state <dir>', 'what is kept of the rig across runs (default: .plumbline/rigs/<name>)')
    .option('--json', 'the outcome as JSON')
    .action(async (rig: string, { json, ...options }: { ics?: string; state?: string; json?: true }) => {
      const { checkRig } = await import('../run/check.ts');
      const result = await checkRig({ rig, ...options });
      if (json === true) sayJson(result);
      else say(printCheck(result));
      process.exitCode = result.ok ? 0 : 3;
    });
}

/** One line per resource and device, then what the rig offers to cases. */
export function printCheck({ rig, ok, offers, checked }: RigCheck): string {
  const width = Math.max(0, ...checked.map((c) => c.name.length));
  return [
    ...checked.map((c) => `${c.ok ? 'ok    ' : 'FAILED'}  ${c.name.padEnd(width)}  ${c.detail}`),
    `rig ${rig}: ${ok ? 'healthy' : 'NOT healthy'}; offers ${offers.length === 0 ? 'the link only' : offers.join(', ')}`,
  ].join('\n');
}
