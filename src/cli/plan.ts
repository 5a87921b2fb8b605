import type { Command } from 'commander';
import { loadIcs } from '../ics/ics.ts';
import { type Plan, planCases, type PlannedCase } from '../ics/plan.ts';
import { loadStandards } from '../standards.ts';
import { say, sayJson, table } from './text.ts';

/** `plumbline plan --ics FILE`: what would run, and for every other case why not. */
export function register(program: Command): void {
  program
    .command('plan')
    .description('list the cases that a declaration selects, and for every other case the reason why not')
    .requiredOption('--ics <file>', 'declaration')
    .option('--long', 'select long cases too')
    .option('--json', 'the plan as JSON')
    .action(async (options: { ics: string; long?: true; json?: true }) => {
      const plan = planCases(await loadStandards(), loadIcs(options.ics), { long: options.long });
      if (options.json) sayJson(planJson(plan));
      else say(printPlan(plan));
      process.exitCode = plan.ics.consistency.consistent ? 0 : 1;
    });
}

/** One planned case as programs get it. */
export function caseJson(c: PlannedCase): object {
  return {
    id: c.id,
    purpose: c.meta.purpose,
    kind: c.meta.kind ?? 'verdict',
    item: c.meta.item,
    items: c.items,
    statements: c.meta.statements,
    selection: c.selection,
    variants: c.variants,
    ixit: Object.fromEntries(c.ixit),
    policies: Object.fromEntries(c.policies),
    selected: c.reason === null,
    reason: c.reason,
  };
}

/** The plan as programs get it. */
export function planJson(plan: Plan): object {
  const { declaration, consistency, digest } = plan.ics;
  return {
    file: declaration.file,
    product: declaration.product,
    digest,
    consistent: consistency.consistent,
    findings: consistency.findings,
    selected: plan.selected.map(caseJson),
    leftOut: plan.leftOut.map(caseJson),
  };
}

/** A line for each standard that the declaration is not about. */
function undeclared(plan: Plan): string[] {
  const specs = plan.leftOut.filter((c) => c.reason.kind === 'spec').map((c) => c.spec);
  return [...new Set(specs)].map(
    (spec) => `not declared: ${spec} with its ${specs.filter((s) => s === spec).length} cases`,
  );
}

/** The plan as two tables. */
export function printPlan(plan: Plan): string {
  const { declaration, consistency } = plan.ics;
  const count = consistency.findings.length;
  const warning = consistency.consistent
    ? []
    : [`NOT consistent, ${count} finding${count === 1 ? '' : 's'}: see plumbline ics check ${declaration.file}`, ''];
  const selected = plan.selected.map((c) => {
    const variants = c.variants.filter((v) => v.in).map((v) => v.name);
    return [c.id, c.meta.purpose, variants.length === 0 ? c.meta.when : `${c.meta.when} (${variants.join(', ')})`];
  });
  const leftOut = plan.leftOut
    .filter((c) => c.reason.kind !== 'spec')
    .map((c) => [c.id, c.meta.purpose, c.reason.text]);
  const id = { title: 'case', width: 24 };
  const purpose = { title: 'purpose', width: 44 };
  return [
    ...warning,
    `${declaration.file}: ${plan.selected.length} cases selected, ${leftOut.length} left out`,
    ...undeclared(plan),
    ...(selected.length === 0 ? [] : ['', table([id, purpose, { title: 'selected by', width: 46 }], selected)]),
    ...(leftOut.length === 0 ? [] : ['', table([id, purpose, { title: 'left out because', width: 46 }], leftOut)]),
  ].join('\n');
}
