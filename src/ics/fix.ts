import { type Answers, itemsOf, NO, UNANSWERED, YES } from './condition.ts';
import { itemsOfCascade } from './cascade.ts';
import type { AnswerRule, Engine, Scanner } from './engine.ts';

/** A broken rule, by item index. */
export interface Broken {
  readonly rule: AnswerRule;
  readonly item: number;
  /** The items whose rules were being read when it was found; the item itself, or those that name it. */
  readonly readers: readonly number[];
}

/** One change of an answer. */
export interface Change {
  readonly item: number;
  readonly to: boolean;
}

/** Changes that mend a finding; `more` where they bring others with them that the search gave up on. */
export interface Fix {
  readonly changes: readonly Change[];
  readonly more: boolean;
}

/** Every rule that the answers break, in the order of the proforma, each once. The answers are settled already. */
export function brokenRules(scan: Scanner, answers: Answers): Broken[] {
  const found = new Map<string, { rule: AnswerRule; item: number; readers: number[] }>();
  scan(answers, (rule, item, reader) => {
    const key = `${rule} ${item}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { rule, item, readers: [reader] });
    else known.readers.push(reader);
  });
  return [...found.values()].toSorted((a, b) => a.item - b.item);
}

/** More changes than this are no longer called small; then the change of the item alone is proposed. */
const MOST_CHANGES = 3;

/**
 * The smallest change of the declaration after which the finding is gone and none has been added; among equally small ones the one that leaves the
 * fewest findings, then the one that touches the item itself. `given` are the answers as declared, before settling.
 */
export function smallestFix(engine: Engine, given: Answers, scan: Scanner, broken: Broken): Fix {
  const key = (b: Broken): string => `${b.rule} ${b.item}`;
  const before = new Set(brokenRules(scan, engine.settle(given.slice())).map(key));
  before.delete(key(broken));

  const apply = (changes: readonly Change[]): Broken[] => {
    const answers = given.slice();
    for (const c of changes) answers[c.item] = c.to ? YES : NO;
    return brokenRules(scan, engine.settle(answers));
  };
  let level: readonly { changes: readonly Change[]; next: Broken }[] = [{ changes: [], next: broken }];
  for (let n = 0; n < MOST_CHANGES; n++) {
    const tried = level.flatMap(({ changes, next }) =>
      candidates(engine, given, next)
        .filter((c) => changes.every((done) => done.item !== c.item))
        .map((c) => {
          const all = [...changes, c];
          const after = apply(all);
          return { changes: all, left: after.length, next: after.find((b) => !before.has(key(b))) };
        }),
    );
    const mended = tried.filter((t) => t.next === undefined).toSorted((a, b) => a.left - b.left);
    if (mended[0] !== undefined) return { changes: mended[0].changes, more: false };
    level = tried.flatMap(({ changes, next }) => (next === undefined ? [] : [{ changes, next }]));
  }
  return { changes: candidates(engine, given, broken).slice(0, 1), more: true };
}

/** The single changes that may mend a finding: the item itself first, then what its rule reads. */
function candidates(engine: Engine, given: Answers, broken: Broken): Change[] {
  const item = engine.items[broken.item];
  if (item === undefined) return [];
  const flip = (index: number): Change[] =>
    given[index] === UNANSWERED
      ? [
          { item: index, to: false },
          { item: index, to: true },
        ]
      : [{ item: index, to: given[index] === NO }];
  const flipAll = (names: readonly string[]): Change[] => names.flatMap((name) => flip(engine.indexOf(name)));
  switch (broken.rule) {
    case 'mandatory':
    case 'excluded':
      return [...flip(broken.item), ...flipAll(itemsOfCascade(item.rule))];
    case 'prerequisite':
      return [...flip(broken.item), ...flipAll(item.prerequisite ? itemsOf(item.prerequisite.expr) : [])];
    case 'dependency':
      return [...flip(broken.item), ...flipAll(item.depends ? itemsOf(item.depends.expr) : [])];
    case 'choice': {
      const status = engine.status(broken.item, engine.settle(given.slice()));
      return engine.group(broken.item, status).flatMap(flip);
    }
    case 'unanswered':
      return flip(broken.item);
  }
}
