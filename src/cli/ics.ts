import type { Command } from 'commander';
import { InputError, InputErrors } from '../core/errors.ts';
import { clauseText } from '../ics/clause.ts';
import { checkConsistency, type Consistency } from '../ics/consistency.ts';
import { type Declaration, loadDeclaration } from '../ics/declaration.ts';
import { compileEngine } from '../ics/engine.ts';
import { loadProformas } from '../ics/proforma.ts';
import { newDeclaration } from '../ics/template.ts';
import { coverage } from './coverage.ts';
import { registerMore } from './ics-more.ts';
import { say, sayJson, table } from './text.ts';

/** `plumbline ics check | new | coverage | page | diff`. */
export function register(program: Command): void {
  const ics = program.command('ics').description('work with declarations (ICS)');
  ics
    .command('check')
    .description('check declarations against the rules of their proformas')
    .argument('<file...>', 'declarations')
    .option('--json', 'findings as JSON')
    .action((files: string[], options: { json?: true }) => check(files, options.json === true));
  ics
    .command('new')
    .description('print a declaration to fill in, with every item, its status and its condition')
    .argument('<spec...>', 'proformas, such as OCFSWU')
    .action((specs: string[]) => say(newDeclaration(specs, loadProformas())));
  ics
    .command('coverage')
    .description('list the statements that no case judges and nobody excuses')
    .argument('[spec]', 'one proforma; all without it')
    .option('--json', 'the coverage as JSON')
    .action((spec: string | undefined, options: { json?: true }) => coverage(spec, options.json === true));
  registerMore(ics);
}

/** Reads all files before it says anything, so that what is wrong with any of them is told in one go. */
function check(files: readonly string[], json: boolean): void {
  const proformas = loadProformas();
  const engine = compileEngine(proformas);
  const errors: InputError[] = [];
  const declarations: Declaration[] = [];
  for (const file of files) {
    try {
      declarations.push(loadDeclaration(file, proformas));
    } catch (e) {
      if (!(e instanceof InputError)) throw e;
      errors.push(e);
    }
  }
  if (errors.length > 0) throw new InputErrors(errors);
  const results = declarations.map((d) => ({ declaration: d, ...checkConsistency(d, proformas, engine) }));
  if (json) sayJson(results.map(({ declaration, ...result }) => ({ file: declaration.file, ...result })));
  else for (const { declaration, ...result } of results) say(printConsistency(declaration, result));
  process.exitCode = results.every((r) => r.consistent) ? 0 : 1;
}

const COLUMNS = [
  { title: 'item', width: 22 },
  { title: 'what is wrong', width: 58 },
  { title: 'smallest change', width: 34 },
];

/** The outcome of a check as a table; under each message the rule that it breaks and its place in the standard. */
export function printConsistency(declaration: Declaration, { consistent, findings }: Consistency): string {
  const answered = declaration.specs.map((spec) => {
    const n = [...declaration.answers.keys()].filter((item) => item.startsWith(`${spec} `)).length;
    return `${spec}: ${n} answers`;
  });
  if (consistent) return `${declaration.file}: consistent (${answered.join(', ')})`;
  const count = findings.length === 1 ? '1 finding' : `${findings.length} findings`;
  const rows = findings.flatMap((f) => {
    const line = lineOf(declaration, f.item);
    const where = line === undefined ? '' : `line ${line}`;
    const rule = [f.rule, f.condition, clauseText(f.clause)].filter((part) => part !== '');
    return [
      [f.item, `${f.message}.`, f.fix],
      [where, `(${rule.join('; ')})`, ''],
      ['', '', ''],
    ];
  });
  return `${declaration.file}: NOT consistent, ${count}\n\n${table(COLUMNS, rows)}`;
}

function lineOf(declaration: Declaration, item: string): number | undefined {
  const [spec = '', name = ''] = item.split(' ');
  return declaration.answers.get(item)?.line ?? declaration.ixit.get(spec)?.get(name)?.line;
}
