import { InputError } from '../core/errors.ts';
import {
  type Answers,
  compileCondition,
  type Expr,
  itemsOf,
  type Names,
  NO,
  parseCondition,
  YES,
} from './condition.ts';

/**
 * A value that depends on items, written `M if DFUM 3/3, X if MESH 7/4, else O`: the first branch whose condition holds.
 * Statuses and the defaults of policies are written so; a plain `M` is the value in every case.
 */
export interface Cascade {
  readonly text: string;
  readonly branches: readonly { readonly value: string; readonly when: Expr }[];
  readonly otherwise: string;
}

/** Parses a cascade; throws an InputError that quotes it. */
export function parseCascade(text: string, names: Names): Cascade {
  const parts = text.split(',').map((part) => part.trim());
  const last = parts.pop() ?? '';
  if (parts.length === 0 && !/\sif\s/.test(last)) return { text, branches: [], otherwise: last };
  const otherwise = /^else\s+(\S+)$/.exec(last)?.[1];
  if (otherwise === undefined)
    throw new InputError('condition', `"${text}": expected "VALUE if CONDITION, else VALUE", found the end "${last}"`);
  const branches = parts.map((part) => {
    const [, value, when] = /^(\S+)\s+if\s+(.+)$/.exec(part) ?? [];
    if (value === undefined || when === undefined)
      throw new InputError('condition', `"${text}": expected "VALUE if CONDITION", found "${part}"`);
    return { value, when: parseCondition(when, names) };
  });
  return { text, branches, otherwise };
}

/** Every value that the cascade can yield. */
export function outcomesOf(cascade: Cascade): string[] {
  return [...new Set([...cascade.branches.map((b) => b.value), cascade.otherwise])];
}

/** The items that the conditions name, in order of appearance. */
export function itemsOfCascade(cascade: Cascade): string[] {
  return [...new Set(cascade.branches.flatMap((b) => itemsOf(b.when)))];
}

/**
 * Turns a cascade into a function over answers. `code` gives the number that stands for each value; `open` is yielded where an unanswered item
 * leaves the choice open.
 */
export function compileCascade(
  cascade: Cascade,
  indexOf: (item: string) => number,
  code: (value: string) => number,
  open: number,
): (answers: Answers) => number {
  const otherwise = code(cascade.otherwise);
  const branches = cascade.branches.map((b) => ({ test: compileCondition(b.when, indexOf), value: code(b.value) }));
  if (branches.length === 0) return () => otherwise;
  return (answers) => {
    for (const branch of branches) {
      const truth = branch.test(answers);
      if (truth === YES) return branch.value;
      if (truth !== NO) return open;
    }
    return otherwise;
  };
}
