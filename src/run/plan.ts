import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { Need } from '../core/case.ts';
import { InputError, InputErrors } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import type { CaseRecord } from '../core/record.ts';
import { type Ics, loadIcs } from '../ics/ics.ts';
import { planCases, type Plan, type PlannedCase as Selected } from '../ics/plan.ts';
import { loadStatements } from '../ics/statements.ts';
import { icsRecord, statementsRecord } from '../report/sheet.ts';
import { loadRig, refuseShortTimers } from '../rig/file.ts';
import { capabilities, type Rig } from '../rig/rig.ts';
import { loadStandards, type StandardsModule } from '../standards.ts';
import type { Declared, PlannedCase } from './messages.ts';
import { blankRecord, withoutRun } from './outcome.ts';
import type { RunInput } from './run.ts';

/** What the user asks for. */
export interface PlanOptions {
  /** Declaration. */
  readonly ics: string;
  /** Rig file. */
  readonly rig: string;
  /** Ids of the cases to run (a variant's id means its case); all that the declaration selects unless told. */
  readonly cases?: readonly string[];
  /** Also cases that their authors marked as long. */
  readonly long?: boolean;
  /** Only cases that belong to the demonstration. */
  readonly demo?: boolean;
  /** Run on an inconsistent declaration; every page says so. */
  readonly anyway?: boolean;
  /** URL of a module with another list of standards. */
  readonly standards?: string;
}

/** A URL and not the module itself, because the child process loads it again. */
const STANDARDS = new URL('../standards.js', import.meta.url).href;

/** What a rig lacks, in words for the report. */
const NEEDS: Readonly<Record<Need, string>> = {
  power: 'a power switch',
  reset: 'a reset',
  console: 'a console',
};

/** An inconsistent declaration is refused: exit code 1. */
export class InconsistentIcs extends InputErrors {}

/** Reads declaration and rig and plans the run. Throws InputErrors for unusable files, InconsistentIcs for a declaration that contradicts itself. */
export async function planRun(options: PlanOptions): Promise<RunInput> {
  const ics = loadIcs(options.ics);
  const rig = loadRig(options.rig);
  if (!ics.consistency.consistent && options.anyway !== true) throw inconsistent(ics);
  const standards = options.standards ?? STANDARDS;
  const { STANDARDS: entries } = (await import(standards)) as StandardsModule;
  const registered = await loadStandards(ics.declaration.specs, entries);
  const plan = planCases(registered, ics, { long: options.long === true || (options.cases?.length ?? 0) > 0 });
  const asked = askedFor(plan, options);
  // What this rig can run; the rest is recorded as not run, with what the rig lacks.
  const here = asked.selected.filter((c) => rig.data.iut[c.spec] !== undefined && lacking(c, rig).length === 0);
  refuseShortTimers(
    rig,
    Object.fromEntries(registered.filter((r) => here.some((c) => c.spec === r.spec)).map((r) => [r.spec, r.timing])),
  );
  const blank = (c: Selected): CaseRecord => blankRecord(c.meta, c, ics.policies(c.spec));
  const notAsked = plan.selected.length - asked.selected.length;
  return {
    rig,
    cases: here.map(planned),
    blanks: new Map(here.map((c) => [c.id, blank(c)])),
    leftOut: [
      ...asked.selected.filter((c) => !here.includes(c)).map((c) => withoutRun(blank(c), 'NOT_RUN', notHere(c, rig))),
      ...asked.leftOut.map((c) => withoutRun(blank(c), verdictOf(c.reason.kind), c.reason.text)),
    ],
    declared: declaredBy(ics),
    head: {
      ...(notAsked === 0 ? {} : { notAsked }),
      versions: versions(),
      product: ics.declaration.product,
      ics: icsRecord(ics, options.anyway === true),
      statements: statementsRecord(
        loadStatements(),
        [...asked.selected, ...asked.leftOut].map((c) => c.meta),
      ),
    },
    standards,
  };
}

/** Every finding as an error of its own, at the file of the declaration. */
function inconsistent(ics: Ics): InconsistentIcs {
  const { findings } = ics.consistency;
  return new InconsistentIcs(
    findings.map(
      (f) => new InputError('ics', `${f.item}: ${f.message} (${f.rule})`, { place: { file: ics.declaration.file } }),
    ),
  );
}

/** The plan without what was not asked for; an unknown case, or one that the declaration leaves out, is an error. */
function askedFor(plan: Plan, { cases, demo }: PlanOptions): Pick<Plan, 'selected' | 'leftOut'> {
  if (cases === undefined || cases.length === 0)
    return demo === true ? { selected: plan.selected.filter((c) => c.meta.demo === true), leftOut: [] } : plan;
  const wanted = new Set(cases.map((id) => id.split('@')[0] ?? id));
  const known = [...plan.selected, ...plan.leftOut];
  const errors = [...wanted].flatMap((id) => {
    const found = known.find((c) => c.id === id);
    if (found === undefined)
      return [
        new InputError(
          'case-id',
          `unknown case ${id}${didYouMean(
            id,
            known.map((c) => c.id),
          )}`,
        ),
      ];
    return found.reason === null ? [] : [new InputError('case-out', `${id} is left out: ${found.reason.text}`)];
  });
  if (errors.length > 0) throw new InputErrors(errors);
  return { selected: plan.selected.filter((c) => wanted.has(c.id)), leftOut: [] };
}

/** The part of a planned case that crosses to the child process: plain data. */
function planned(c: Selected): PlannedCase {
  return { id: c.id, spec: c.spec, items: c.items, variants: c.variants.filter((v) => v.in).map((v) => v.name) };
}

/** What a case needs of the rig and the rig does not offer. */
function lacking(c: Selected, rig: Rig): Need[] {
  const offered = capabilities(rig);
  return (c.meta.needs ?? []).filter((need) => !offered.has(need));
}

/** Why a selected case cannot run on this rig. */
function notHere(c: Selected, rig: Rig): string {
  if (rig.data.iut[c.spec] === undefined) return `the rig ${rig.name} has no device for ${c.spec}`;
  return `the rig ${rig.name} has not ${lacking(c, rig)
    .map((need) => NEEDS[need])
    .join(' and ')}`;
}

/** What the declaration excludes, or nobody asked for, does not count as a gap; what should have run and cannot, does. */
function verdictOf(kind: Plan['leftOut'][number]['reason']['kind']): 'NOT_APPLICABLE' | 'NOT_RUN' {
  switch (kind) {
    case 'spec':
    case 'condition':
    case 'variants':
    case 'long':
      return 'NOT_APPLICABLE';
    case 'open':
    case 'tester':
    case 'ixit':
      return 'NOT_RUN';
  }
}

/** What cases and judges may ask of a declaration, as plain data. */
export function declaredBy(ics: Ics): Declared {
  const { specs } = ics.declaration;
  return {
    items: Object.fromEntries([...ics.proformas.items.keys()].map((item) => [item, ics.declared(item)])),
    ixit: Object.fromEntries(specs.map((spec) => [spec, ics.ixit(spec).values])),
    policies: Object.fromEntries(specs.map((spec) => [spec, ics.policies(spec)])),
  };
}

/** What a report must name so that its results can be had again. */
function versions(): Record<string, string> {
  const file = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return { plumbline: version, node: process.versions.node, system: `${process.platform} ${release()}` };
}
