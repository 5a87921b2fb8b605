import { itemsOfCascade } from './cascade.ts';
import { type Answers, evaluate, itemsOf, NO, printTruth, type Truth, UNANSWERED, YES } from './condition.ts';
import type { Declaration } from './declaration.ts';
import { type AnswerRule, compileEngine, type Engine, type Scanner } from './engine.ts';
import { type Broken, brokenRules, type Change, type Fix, smallestFix } from './fix.ts';
import { nearest } from '../core/nearest.ts';
import type { Item, Proformas } from './proforma.ts';
import { printForm, readIxit } from './values.ts';

/** The rules by which a finding is named: a closed list. */
export type Rule = AnswerRule | 'unknown' | 'ixit';

/** One thing wrong with a declaration. */
export interface Finding {
  readonly rule: Rule;
  /** `DFUM 11/2`; for `ixit` the spec and the name, `OCFSWU rebootS`. */
  readonly item: string;
  /** What is wrong, with the values that make it so, for a reader without the standard. */
  readonly message: string;
  /** The rule as the proforma writes it. */
  readonly condition: string;
  /** Place in the standard; empty where there is none. */
  readonly clause: string;
  /** The smallest change that mends it. */
  readonly fix: string;
}

/** The outcome of a check; consistent exactly when there is no finding. */
export interface Consistency {
  readonly consistent: boolean;
  readonly findings: readonly Finding[];
}

/** The declared answers as the engine reads them, not yet settled. */
export function answersOf(engine: Engine, declaration: Declaration, proformas: Proformas): Answers {
  const answers = engine.blank();
  for (const [item, given] of declaration.answers) {
    if (proformas.items.has(item)) answers[engine.indexOf(item)] = given.value ? YES : NO;
  }
  return answers;
}

/** Checks a declaration against every rule of the proformas that it has a section for. */
export function checkConsistency(
  declaration: Declaration,
  proformas: Proformas,
  engine: Engine = compileEngine(proformas),
): Consistency {
  const scan = engine.scanner(declaration.specs);
  const given = answersOf(engine, declaration, proformas);
  const settled = engine.settle(given.slice());
  const explain = explainer(engine, given, settled, scan, proformas);
  const findings = [
    ...brokenRules(scan, settled).map(explain),
    ...unknownItems(declaration, proformas),
    ...ixitFindings(declaration, proformas, (item) => settled[engine.indexOf(item)] as Truth),
  ];
  return { consistent: findings.length === 0, findings };
}

/** Writes a finding for a broken rule. */
function explainer(
  engine: Engine,
  given: Answers,
  settled: Answers,
  scan: Scanner,
  proformas: Proformas,
): (broken: Broken) => Finding {
  const read = (name: string): Truth => settled[engine.indexOf(name)] as Truth;
  const named = (name: string): string => `${name} (${proformas.items.get(name)?.capability})`;
  const values = (names: readonly string[]): string =>
    names.map((name) => `${named(name)} is ${declared(read(name))}`).join(' and ');
  const change = (c: Change): string => `${engine.items[c.item]?.name} to ${c.to ? 'yes' : 'no'}`;
  const printFix = ({ changes, more }: Fix): string =>
    `set ${changes.map(change).join(' and ')}${more ? ', then check again: more answers hang on it' : ''}`;
  const rule = (item: Item): string =>
    item.status.startsWith('C.') ? `${item.status}: ${item.rule.text}` : item.status;
  /** The items that decided the branch taken, for "because". */
  const because = (item: Item): string => {
    const taken = item.rule.branches.find((b) => evaluate(b.when, read).truth === YES);
    const names = taken === undefined ? itemsOfCascade(item.rule) : itemsOf(taken.when);
    return names.length === 0 ? '' : ` because ${values(names)}`;
  };

  return (broken) => {
    const item = engine.items[broken.item];
    if (item === undefined) throw new RangeError(`no item with index ${broken.item}`);
    const found = (message: string, condition: string, fix?: string): Finding => ({
      rule: broken.rule,
      item: item.name,
      message,
      condition,
      clause: item.clause,
      fix: fix ?? printFix(smallestFix(engine, given, scan, broken)),
    });
    const capability = `"${item.capability}"`;
    switch (broken.rule) {
      case 'mandatory':
        return found(`${capability} is declared no, but must be supported${because(item)}`, rule(item));
      case 'excluded': {
        const word = engine.status(broken.item, settled) === 'N/A' ? 'does not apply' : 'must not be supported';
        return found(`${capability} is declared yes, but ${word}${because(item)}`, rule(item));
      }
      case 'prerequisite': {
        const needed = item.prerequisite;
        const why = needed === undefined ? '' : values(itemsOf(needed.expr));
        return found(
          `${capability} is declared yes, but belongs to a part that is not: ${why}`,
          `prerequisite ${needed?.text}`,
        );
      }
      case 'dependency': {
        const needed = item.depends;
        const why = needed === undefined ? '' : values(itemsOf(needed.expr));
        return found(
          `${capability} is declared yes, but what it is built on is not: ${why}`,
          `depends on ${needed?.text}`,
        );
      }
      case 'choice': {
        const status = engine.status(broken.item, settled);
        const members = engine.group(broken.item, status).map((i) => engine.items[i]?.name ?? '');
        const message = `none of the group ${status} of table ${item.table} is supported: ${members.map(named).join(', ')}`;
        return found(message, `${status}: at least one of ${members.join(', ')}`);
      }
      case 'unanswered': {
        const others = broken.readers.filter((r) => r !== broken.item).map((r) => engine.items[r]?.name ?? '');
        const needed = others.length === 0 ? '' : `; ${[...new Set(others)].join(', ')} cannot be judged without it`;
        return found(`${capability} is not answered${needed}`, rule(item), answerFor(engine, given, scan, broken));
      }
    }
  };
}

/** How an open question may be answered: both ways unless one of them breaks a rule of this very item. */
function answerFor(engine: Engine, given: Answers, scan: Scanner, broken: Broken): string {
  const works = [YES, NO].filter((value) => {
    const answers = given.slice();
    answers[broken.item] = value;
    return brokenRules(scan, engine.settle(answers)).every((b) => b.item !== broken.item);
  });
  const name = engine.items[broken.item]?.name;
  const [only] = works;
  return works.length === 1 ? `set ${name} to ${only === YES ? 'yes' : 'no'}` : `answer ${name} with yes or no`;
}

/** `declared yes`, `declared no` or `not answered`. */
function declared(truth: Truth): string {
  return truth === UNANSWERED ? printTruth(truth) : `declared ${printTruth(truth)}`;
}

/** Answers to items that the proforma does not have. */
function unknownItems(declaration: Declaration, proformas: Proformas): Finding[] {
  return [...declaration.answers.keys()]
    .filter((item) => !proformas.items.has(item))
    .map((item): Finding => {
      const spec = item.slice(0, item.indexOf(' '));
      const table = /^\S+ (\d+)\/\d+$/.exec(item)?.[1];
      const gone = proformas.specs.get(spec)?.tables.find((t) => String(t.number) === table)?.empty;
      const all = [...proformas.items.keys()].filter((known) => known.startsWith(`${spec} `));
      const close = nearest(item, all);
      const why = gone === undefined ? '' : ` (table ${table} is ${gone})`;
      return {
        rule: 'unknown',
        item,
        message: `the proforma ${spec} has no item ${item.slice(spec.length + 1)}${why}; the nearest is ${close}`,
        condition: '',
        clause: '',
        fix: `remove ${item}, or write ${close} if that was meant`,
      };
    });
}

/** Missing values that the declared items make necessary, and given ones that are unknown, of the wrong type or out of range. */
function ixitFindings(declaration: Declaration, proformas: Proformas, read: (item: string) => Truth): Finding[] {
  const findings: Finding[] = [];
  for (const [spec, values] of declaration.ixit) {
    const known = proformas.specs.get(spec)?.ixit;
    for (const [name, { value }] of values) {
      const item = `${spec} ${name}`;
      const def = known?.get(name)?.def;
      if (def === undefined) {
        const close = nearest(name, known?.keys() ?? []);
        const hint = close === undefined ? '' : `; the nearest is ${close}`;
        const fix = `remove ${name}${close === undefined ? '' : `, or write ${close} if that was meant`}`;
        findings.push({
          rule: 'ixit',
          item,
          message: `${spec} has no IXIT ${name}${hint}`,
          condition: '',
          clause: '',
          fix,
        });
      } else if (readIxit(def, value) === undefined) {
        const form = printForm(def);
        const message = `${name}: expected ${form}, found ${JSON.stringify(value)}`;
        findings.push({ rule: 'ixit', item, message, condition: form, clause: '', fix: `give ${name} as ${form}` });
      }
    }
  }
  for (const spec of declaration.specs) {
    for (const { name, def, required } of proformas.specs.get(spec)?.ixit.values() ?? []) {
      if (required === undefined || def.default !== undefined || declaration.ixit.get(spec)?.has(name)) continue;
      const { truth, values } = evaluate(required.expr, read);
      if (truth !== YES) continue;
      const because = [...values].map(([i, v]) => `${i} is ${declared(v)}`).join(' and ');
      findings.push({
        rule: 'ixit',
        item: `${spec} ${name}`,
        message: `${name} is missing: ${def.text}${because === '' ? '' : `; needed because ${because}`}`,
        condition: `required if ${required.text}`,
        clause: '',
        fix: `add ${name} (${printForm(def)}) under ixit, ${spec}`,
      });
    }
  }
  return findings;
}
