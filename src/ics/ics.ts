import { type Ixit as IxitReader, type IxitValue, ixitOf } from '../core/ixit.ts';
import { type Cascade } from './cascade.ts';
import { evaluate, type Truth, YES } from './condition.ts';
import { answersOf, checkConsistency, type Consistency } from './consistency.ts';
import { type Declaration, folderOf, loadDeclaration } from './declaration.ts';
import { compileEngine } from './engine.ts';
import { itemOf, loadProformas, proformaOf, type Proformas } from './proforma.ts';
import { readIxit, resolveReference } from './values.ts';

/** A policy or an IXIT as the run uses it, and where it comes from: a line of the declaration, or undefined for the default. */
export interface Used<T> {
  readonly value: T;
  readonly line?: number;
}

/** What a declaration says about one product, read with its proformas. */
export interface Ics {
  readonly declaration: Declaration;
  readonly proformas: Proformas;
  readonly consistency: Consistency;
  /** SHA-256 over the declaration's content in canonical form. */
  readonly digest: string;
  /** True where the item is declared supported; false where it is not or need not be answered. An unknown item is an InputError. */
  declared(item: string): boolean;
  /** As `declared`, but an open question stays open. */
  truth(item: string): Truth;
  /** The line on which the item is answered. */
  line(item: string): number | undefined;
  /** The usable values of a standard, defaults filled in, `file:` references made absolute. */
  ixit(spec: string): IxitReader;
  ixitUsed(spec: string): ReadonlyMap<string, Used<IxitValue>>;
  /** Every policy of a standard with the value that this run uses. */
  policies(spec: string): Readonly<Record<string, string>>;
  policiesUsed(spec: string): ReadonlyMap<string, Used<string>>;
}

/** Loads a declaration and reads it with its proformas. Throws InputErrors where it is unusable; an inconsistent one is loaded, `consistency` tells. */
export function loadIcs(file: string, proformas: Proformas = loadProformas()): Ics {
  const declaration = loadDeclaration(file, proformas);
  const engine = compileEngine(proformas);
  const settled = engine.settle(answersOf(engine, declaration, proformas));
  const truth = (item: string): Truth => settled[engine.indexOf(itemOf(proformas, item).name)] as Truth;
  const ixitUsed = (spec: string) => usedIxit(spec, declaration, proformas);
  const policiesUsed = (spec: string) => usedPolicies(spec, declaration, proformas, truth);
  const values = <T>(used: ReadonlyMap<string, Used<T>>): Record<string, T> =>
    Object.fromEntries([...used].map(([name, u]) => [name, u.value]));
  return {
    declaration,
    proformas,
    consistency: checkConsistency(declaration, proformas, engine),
    digest: declaration.digest,
    declared: (item) => truth(item) === YES,
    truth,
    line: (item) => declaration.answers.get(item)?.line,
    ixit: (spec) => ixitOf(values(ixitUsed(spec))),
    ixitUsed,
    policies: (spec) => values(policiesUsed(spec)),
    policiesUsed,
  };
}

function usedIxit(spec: string, declaration: Declaration, proformas: Proformas): Map<string, Used<IxitValue>> {
  const used = new Map<string, Used<IxitValue>>();
  for (const { name, def } of proformaOf(proformas, spec).ixit.values()) {
    const given = declaration.ixit.get(spec)?.get(name);
    const value = given === undefined ? def.default : readIxit(def, given.value);
    if (value === undefined) continue;
    const resolved =
      def.type === 'reference' && typeof value === 'string' ? resolveReference(value, folderOf(declaration)) : value;
    used.set(name, { value: resolved, ...(given === undefined ? {} : { line: given.line }) });
  }
  return used;
}

function usedPolicies(
  spec: string,
  declaration: Declaration,
  proformas: Proformas,
  truth: (item: string) => Truth,
): Map<string, Used<string>> {
  const used = new Map<string, Used<string>>();
  for (const { name, default: preset } of proformaOf(proformas, spec).policies.values()) {
    used.set(name, declaration.policies.get(spec)?.get(name) ?? { value: resolve(preset, truth) });
  }
  return used;
}

/** The value of a cascade; an open condition counts as one that does not hold. */
function resolve(cascade: Cascade, truth: (item: string) => Truth): string {
  return cascade.branches.find((b) => evaluate(b.when, truth).truth === YES)?.value ?? cascade.otherwise;
}
