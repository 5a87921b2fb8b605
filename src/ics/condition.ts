import { InputError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';

/** A condition over items: `DFUM 3/1 and (MESH 7/4 or not DFUM 22/1)`, or `always`. */
export type Expr =
  | { readonly kind: 'always' }
  | { readonly kind: 'item'; readonly item: string }
  | { readonly kind: 'not'; readonly of: Expr }
  | { readonly kind: 'and' | 'or'; readonly left: Expr; readonly right: Expr };

/** What is known of an item; the numbers make `and` the minimum, `or` the maximum and `not` the difference from YES. */
export const NO = 0;
export const UNANSWERED = 1;
export const YES = 2;
/** One of the three values that an item or a condition can have. */
export type Truth = typeof NO | typeof UNANSWERED | typeof YES;

/** Answers by item index. */
export type Answers = Int8Array;
/** A compiled condition. */
export type Test = (answers: Answers) => Truth;

/** Which names a condition may use. */
export interface Names {
  /** Full names, `DFUM 11/2`. */
  has(item: string): boolean;
  all(): Iterable<string>;
  /** The proforma whose short names (`11/2`) may be used. */
  readonly home?: string;
}

/** A piece of a condition and where it begins, from 0. */
interface Token {
  readonly text: string;
  readonly at: number;
  readonly kind: 'word' | 'item' | '(' | ')' | 'end' | 'stray';
}

const TOKEN = /\s*(?:(?<item>(?:[A-Z][A-Z0-9]*\s+)?\d+\/\d+)|(?<bracket>[()])|(?<word>[A-Za-z][\w/]*)|(?<stray>\S))/y;

/** Cuts a condition into pieces; what fits nowhere becomes a `stray` that the parser refuses in its place. */
function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let m = TOKEN.exec(text); m !== null; m = TOKEN.exec(text)) {
    const { item, bracket, word, stray } = m.groups ?? {};
    const piece = item ?? bracket ?? word ?? stray ?? '';
    const kind = item !== undefined ? 'item' : word !== undefined ? 'word' : stray !== undefined ? 'stray' : 'bracket';
    const at = m.index + m[0].length - piece.length;
    found.push({ text: piece, at, kind: kind === 'bracket' ? (piece as '(' | ')') : kind });
  }
  return [...found, { text: '', at: text.length, kind: 'end' }];
}

/**
 * Parses a condition. `not` binds closer than `and`, `and` closer than `or`; both group to the left.
 * Throws an InputError that quotes the condition and says where in it the fault is; an unknown item is one, with the nearest known name.
 */
export function parseCondition(text: string, names: Names): Expr {
  const list = tokens(text);
  let next = 0;
  const peek = (): Token => list[next] ?? { text: '', at: text.length, kind: 'end' };
  const fail = (why: string, at: number): never => {
    throw new InputError('condition', `condition "${text}", character ${at + 1}: ${why}`);
  };
  const shown = (t: Token): string => (t.kind === 'end' ? 'the end' : `"${t.text}"`);
  const takeWord = (word: string): boolean => {
    const hit = peek().kind === 'word' && peek().text === word;
    if (hit) next++;
    return hit;
  };

  function item(token: Token): Expr {
    const parts = token.text.split(/\s+/);
    const short = parts.length === 1;
    if (short && names.home === undefined) return fail(`"${token.text}" must be written with its proforma`, token.at);
    const full = short ? `${names.home} ${token.text}` : parts.join(' ');
    if (!names.has(full)) return fail(`unknown item ${full}${didYouMean(full, names.all())}`, token.at);
    return { kind: 'item', item: full };
  }
  function factor(): Expr {
    const token = peek();
    if (takeWord('not')) return { kind: 'not', of: factor() };
    if (takeWord('always')) return { kind: 'always' };
    next++;
    if (token.kind === 'item') return item(token);
    if (token.kind === '(') {
      const inner = disjunction();
      const close = peek();
      if (close.kind !== ')') return fail(`expected ")", found ${shown(close)}`, close.at);
      next++;
      return inner;
    }
    return fail(`expected an item, "not", "always" or "(", found ${shown(token)}`, token.at);
  }
  function conjunction(): Expr {
    let left = factor();
    while (takeWord('and')) left = { kind: 'and', left, right: factor() };
    return left;
  }
  function disjunction(): Expr {
    let left = conjunction();
    while (takeWord('or')) left = { kind: 'or', left, right: conjunction() };
    return left;
  }

  const whole = disjunction();
  const rest = peek();
  if (rest.kind !== 'end') return fail(`expected "and", "or" or the end, found ${shown(rest)}`, rest.at);
  return whole;
}

/** The items that a condition names, in order of appearance, each once. */
export function itemsOf(expr: Expr): string[] {
  switch (expr.kind) {
    case 'always':
      return [];
    case 'item':
      return [expr.item];
    case 'not':
      return itemsOf(expr.of);
    case 'and':
    case 'or':
      return [...new Set([...itemsOf(expr.left), ...itemsOf(expr.right)])];
  }
}

/** Turns a condition into a function over an array of answers; `indexOf` gives an item's place in it. */
export function compileCondition(expr: Expr, indexOf: (item: string) => number): Test {
  switch (expr.kind) {
    case 'always':
      return () => YES;
    case 'item': {
      const index = indexOf(expr.item);
      return (answers) => answers[index] as Truth;
    }
    case 'not': {
      const of = compileCondition(expr.of, indexOf);
      return (answers) => (YES - of(answers)) as Truth;
    }
    case 'and': {
      const left = compileCondition(expr.left, indexOf);
      const right = compileCondition(expr.right, indexOf);
      return (answers) => Math.min(left(answers), right(answers)) as Truth;
    }
    case 'or': {
      const left = compileCondition(expr.left, indexOf);
      const right = compileCondition(expr.right, indexOf);
      return (answers) => Math.max(left(answers), right(answers)) as Truth;
    }
  }
}

/** The value of a condition with its explanation: what each item it names was worth. */
export function evaluate(
  expr: Expr,
  read: (item: string) => Truth,
): { readonly truth: Truth; readonly values: ReadonlyMap<string, Truth> } {
  const items = itemsOf(expr);
  const answers = Int8Array.from(items, read);
  const truth = compileCondition(expr, (item) => items.indexOf(item))(answers);
  return { truth, values: new Map(items.map((item) => [item, read(item)])) };
}

/** `yes`, `no` or `not answered`, as findings and plans print it. */
export function printTruth(truth: Truth): 'yes' | 'no' | 'not answered' {
  return truth === YES ? 'yes' : truth === NO ? 'no' : 'not answered';
}
