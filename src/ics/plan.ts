import type { CaseMeta, DeclaredCase } from '../core/case.ts';
import { InputError, messageOf, TesterError } from '../core/errors.ts';
import type { IxitValue } from '../core/ixit.ts';
import { didYouMean } from '../core/nearest.ts';
import { evaluate, itemsOf, parseCondition, printTruth } from './condition.ts';
import type { Ics, Used } from './ics.ts';
import { itemOf } from './proforma.ts';

/** One item that a selection read. */
export interface ItemValue {
  readonly item: string;
  readonly capability: string;
  readonly value: 'yes' | 'no' | 'not answered';
  /** Line of the declaration; null where the item need not be answered or is not. */
  readonly line: number | null;
}

/** A condition with what made it true or false. */
export interface Selection {
  readonly expression: string;
  readonly result: 'yes' | 'no' | 'not answered';
  readonly values: readonly ItemValue[];
}

/**
 * Why a case is left out: its standard has no section (`spec`); its condition does not hold (`condition`) or hangs on an unanswered item (`open`); none of
 * its variants applies (`variants`); the tester lacks something (`tester`); it is long and was not asked for (`long`); an IXIT is missing (`ixit`).
 */
export interface Reason {
  readonly kind: 'spec' | 'condition' | 'open' | 'variants' | 'tester' | 'long' | 'ixit';
  readonly text: string;
}

/** One variant of a parameterised case, with its own condition. */
export interface VariantPlan {
  /** `ID@variant`. */
  readonly id: string;
  readonly name: string;
  readonly in: boolean;
  readonly selection: Selection;
}

/** One case of the plan, in or out, with everything that decided it. */
export interface PlannedCase {
  readonly meta: CaseMeta | DeclaredCase;
  readonly id: string;
  readonly spec: string;
  /** The primary item first, then what the conditions read. */
  readonly items: readonly string[];
  readonly selection: Selection;
  readonly variants: readonly VariantPlan[];
  readonly ixit: ReadonlyMap<string, Used<IxitValue>>;
  readonly policies: ReadonlyMap<string, Used<string>>;
  /** Null where the case is selected. */
  readonly reason: Reason | null;
}

/** A selected case: the tester can carry it out. */
export interface SelectedCase extends PlannedCase {
  readonly meta: CaseMeta;
  readonly reason: null;
}

/** The cases selected for an ICS, and every other case with the reason why not. */
export interface Plan {
  readonly ics: Ics;
  readonly selected: readonly SelectedCase[];
  readonly leftOut: readonly (PlannedCase & { readonly reason: Reason })[];
}

/** The cases of one or more standards. */
export interface Catalogue {
  readonly cases: readonly CaseMeta[];
  /** Purposes that the tester cannot carry out yet. */
  readonly declared: readonly DeclaredCase[];
}

/** Plans cases against a declaration. A case that names an unknown item, IXIT or policy is a TesterError: never "no". */
export function planCases(
  catalogue: readonly Catalogue[],
  ics: Ics,
  options: { readonly long?: boolean | undefined } = {},
): Plan {
  const selected: SelectedCase[] = [];
  const leftOut: (PlannedCase & { reason: Reason })[] = [];
  for (const meta of catalogue.flatMap((c) => [...c.cases, ...c.declared])) {
    const planned = planCase(meta, ics, options.long === true);
    const { reason } = planned;
    if (reason !== null) leftOut.push({ ...planned, reason });
    else if (!('lacks' in meta)) selected.push({ ...planned, meta, reason });
  }
  return { ics, selected, leftOut };
}

/** Plans one case; see `Plan`. */
export function planCase(meta: CaseMeta | DeclaredCase, ics: Ics, long: boolean): PlannedCase {
  const spec = meta.id.split('/')[0] ?? '';
  try {
    itemOf(ics.proformas, meta.item);
    const selection = select(meta.when, spec, ics);
    const variants = Object.entries(meta.variants ?? {}).map(([name, { when }]): VariantPlan => {
      const own = select(when, spec, ics);
      return { id: `${meta.id}@${name}`, name, in: own.result === 'yes', selection: own };
    });
    const read = [selection, ...variants.map((v) => v.selection)].flatMap((s) => s.values.map((v) => v.item));
    const ixit = pick(meta.ixit ?? [], ics.ixitUsed(spec), [...(ics.proformas.specs.get(spec)?.ixit.keys() ?? [])]);
    const policies = pick(meta.policies ?? [], ics.policiesUsed(spec), [...ics.policiesUsed(spec).keys()]);
    const items = [...new Set([meta.item, ...read])];
    const base = { meta, id: meta.id, spec, items, selection, variants, ixit, policies };
    return { ...base, reason: reasonOf(base, ics, long) };
  } catch (e) {
    if (e instanceof InputError) throw new TesterError('case-meta', `case ${meta.id}: ${messageOf(e)}`, { cause: e });
    throw e;
  }
}

/** Reads a condition against the declaration; short item names belong to the case's own standard. */
function select(expression: string, spec: string, ics: Ics): Selection {
  const expr = parseCondition(expression, ics.proformas.names(spec));
  const { truth } = evaluate(expr, (item) => ics.truth(item));
  const values = itemsOf(expr).map((item): ItemValue => {
    const { capability } = itemOf(ics.proformas, item);
    return { item, capability, value: printTruth(ics.truth(item)), line: ics.line(item) ?? null };
  });
  return { expression, result: printTruth(truth), values };
}

/** The named entries; a name that the proforma does not have is an InputError. */
function pick<T>(
  names: readonly string[],
  used: ReadonlyMap<string, Used<T>>,
  known: readonly string[],
): Map<string, Used<T>> {
  const picked = new Map<string, Used<T>>();
  for (const name of names) {
    if (!known.includes(name)) throw new InputError('name', `the proforma has no ${name}${didYouMean(name, known)}`);
    const found = used.get(name);
    if (found !== undefined) picked.set(name, found);
  }
  return picked;
}

/** The first thing that keeps a case out, from what the product is to what the bench run asks for. */
function reasonOf(c: Omit<PlannedCase, 'reason'>, ics: Ics, long: boolean): Reason | null {
  const { meta, selection, variants } = c;
  if (!ics.declaration.specs.includes(c.spec))
    return { kind: 'spec', text: `the declaration has no section ${c.spec}` };
  if (selection.result === 'no') return { kind: 'condition', text: printSelection(selection) };
  if (selection.result === 'not answered') return { kind: 'open', text: printSelection(selection) };
  if (variants.length > 0 && !variants.some((v) => v.in)) {
    const each = variants.map((v) => `${v.name}: ${printSelection(v.selection)}`);
    return { kind: 'variants', text: `no variant applies; ${each.join('; ')}` };
  }
  if ('lacks' in meta) return { kind: 'tester', text: meta.lacks };
  if (meta.long === true && !long) return { kind: 'long', text: 'runs long; ask for it with --long' };
  const missing = (meta.ixit ?? []).filter((name) => !c.ixit.has(name));
  if (missing.length > 0) return { kind: 'ixit', text: `IXIT ${missing.join(', ')} of ${c.spec} is not given` };
  return null;
}

/** `needs OCFSWU 8/1; OCFSWU 8/1 (Secured) is no, line 45`: the items that keep the condition from holding; of one with `not` in it, all. */
export function printSelection({ expression, values }: Selection): string {
  const against = /\bnot\b/.test(expression) ? values : values.filter((v) => v.value !== 'yes');
  const each = against.map((v) => {
    const where = v.line === null ? '' : `, line ${v.line}`;
    return `${v.item} (${v.capability}) is ${v.value}${where}`;
  });
  return [`needs ${expression}`, ...each].join('; ');
}
