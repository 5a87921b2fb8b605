import type { Command } from 'commander';
import { InputError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import { type Ics, loadIcs, type Used } from '../ics/ics.ts';
import { planCase, type PlannedCase, type Selection } from '../ics/plan.ts';
import { loadStandards } from '../standards.ts';
import { caseJson } from './plan.ts';
import { say, sayJson } from './text.ts';

/** `plumbline why CASE --ics FILE`: why one case is in or out. */
export function register(program: Command): void {
  program
    .command('why')
    .description('tell why a case is selected or left out: expression, values, lines of the declaration')
    .argument('<case>', 'case id, such as OCFSWU/TRIG/04')
    .requiredOption('--ics <file>', 'declaration')
    .option('--long', 'as if long cases were asked for')
    .option('--json', 'the answer as JSON')
    .action(async (id: string, options: { ics: string; long?: true; json?: true }) => {
      const ics = loadIcs(options.ics);
      const planned = planCase(await findCase(id), ics, options.long === true);
      if (options.json) sayJson(caseJson(planned));
      else say(printWhy(planned, ics));
    });
}

/** The case with this id (a variant's id means its case); an unknown one is an InputError with the nearest. */
async function findCase(id: string) {
  const all = (await loadStandards()).flatMap((s) => [...s.cases, ...s.declared]);
  const [plain = id] = id.split('@');
  const found = all.find((c) => c.id === plain);
  if (found !== undefined) return found;
  throw new InputError(
    'case-id',
    `unknown case ${plain}${didYouMean(
      plain,
      all.map((c) => c.id),
    )}`,
  );
}

/** The whole story of one case. */
export function printWhy(c: PlannedCase, ics: Ics): string {
  const file = ics.declaration.file;
  const at = (line: number | null | undefined, otherwise: string): string =>
    line === undefined || line === null ? otherwise : `${file}:${line}`;
  const selection = ({ expression, result, values }: Selection, indent: string): string[] => [
    `${indent}${expression}: ${result}`,
    ...values.map((v) => `${indent}  ${v.item} (${v.capability}): ${v.value}  ${at(v.line, '')}`.trimEnd()),
  ];
  const used = (title: string, entries: ReadonlyMap<string, Used<string | number | boolean>>): string[] =>
    entries.size === 0
      ? []
      : [title, ...[...entries].map(([name, u]) => `  ${name}: ${String(u.value)}  (${at(u.line, 'default')})`)];
  return [
    `${c.id}: ${c.reason === null ? 'selected' : `left out: ${c.reason.text}`}`,
    `  ${c.meta.purpose}`,
    'condition',
    ...selection(c.selection, '  '),
    ...(c.variants.length === 0 ? [] : ['variants']),
    ...c.variants.flatMap((v) => [`  ${v.name}: ${v.in ? 'in' : 'out'}`, ...selection(v.selection, '    ')]),
    ...used('IXIT', c.ixit),
    ...used('policies', c.policies),
  ].join('\n');
}
