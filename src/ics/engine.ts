import { compileCascade, itemsOfCascade, outcomesOf } from './cascade.ts';
import { type Answers, compileCondition, itemsOf, NO, type Test, UNANSWERED, YES } from './condition.ts';
import type { Item, Proformas } from './proforma.ts';

/** The rules that answers can break. */
export const RULES = ['mandatory', 'excluded', 'prerequisite', 'dependency', 'choice', 'unanswered'] as const;
export type AnswerRule = (typeof RULES)[number];

/** Called for every broken rule: the item it is about, and the item whose rule was being read. Both are indexes. */
export type Emit = (rule: AnswerRule, item: number, reader: number) => void;

/** Reports every rule that settled answers break; an unanswered item may be reported by several readers. */
export type Scanner = (answers: Answers, emit: Emit) => void;

/** The consistency rules of all proformas, compiled once to functions over an array of answers. */
export interface Engine {
  readonly items: readonly Item[];
  indexOf(item: string): number;
  /** Answers with every item unanswered. */
  blank(): Answers;
  /**
   * Fills in what need not be answered: an unanswered item whose prerequisite is off, or which is not applicable, counts as not supported.
   * Changes the array it is given.
   */
  settle(answers: Answers): Answers;
  /** The rules of these specs alone. */
  scanner(specs: Iterable<string>): Scanner;
  /** The status that an item has under these answers: M, O, X, N/A, O.n, or `open` where an unanswered item decides. */
  status(item: number, answers: Answers): string;
  /** The items of a choice group (`O.n` of one table). */
  group(item: number, status: string): readonly number[];
}

const STATUS = ['M', 'O', 'X', 'N/A', 'open'] as const;
const [MANDATORY, OPTIONAL, EXCLUDED, NOT_APPLICABLE, OPEN] = [0, 1, 2, 3, 4] as const;

/** One item with its rules compiled, and the items that they name. */
interface Row {
  readonly index: number;
  readonly spec: string;
  readonly prerequisite: Test | undefined;
  readonly prerequisiteNames: readonly number[];
  readonly status: (answers: Answers) => number;
  readonly statusNames: readonly number[];
  readonly depends: Test | undefined;
  readonly dependsNames: readonly number[];
}

/** The items of one table that can have the status O.n; who is in it at a time depends on conditions. */
interface Group {
  readonly spec: string;
  readonly code: number;
  readonly members: readonly Row[];
}

/** Compiles the rules of all proformas. */
export function compileEngine(proformas: Proformas): Engine {
  const items = [...proformas.items.values()];
  const index = new Map(items.map((item, i) => [item.name, i]));
  const indexOf = (name: string): number => {
    const i = index.get(name);
    if (i === undefined) throw new RangeError(`no item ${name}`);
    return i;
  };

  const groupNames: string[] = [];
  const groupName = (item: Item, status: string): string => `${item.spec} ${item.table} ${status}`;
  const codeFor = (item: Item) => (status: string) => {
    const plain = (STATUS as readonly string[]).indexOf(status);
    if (plain >= 0) return plain;
    const name = groupName(item, status);
    if (!groupNames.includes(name)) groupNames.push(name);
    return STATUS.length + groupNames.indexOf(name);
  };

  const rows = items.map((item, i): Row => {
    const { prerequisite, depends, rule } = item;
    const indexes = (names: readonly string[]): number[] => names.map(indexOf);
    return {
      index: i,
      spec: item.spec,
      prerequisite: prerequisite && compileCondition(prerequisite.expr, indexOf),
      prerequisiteNames: prerequisite ? indexes(itemsOf(prerequisite.expr)) : [],
      status: compileCascade(rule, indexOf, codeFor(item), OPEN),
      statusNames: indexes(itemsOfCascade(rule)),
      depends: depends && compileCondition(depends.expr, indexOf),
      dependsNames: depends ? indexes(itemsOf(depends.expr)) : [],
    };
  });
  const groups = groupNames.map((name, g): Group => {
    const members = rows.filter((row) => {
      const item = items[row.index];
      return item !== undefined && outcomesOf(item.rule).some((value) => groupName(item, value) === name);
    });
    return { spec: members[0]?.spec ?? '', code: STATUS.length + g, members };
  });
  const prerequisiteOf = (row: Row, answers: Answers) => (row.prerequisite ? row.prerequisite(answers) : YES);

  /** The rules of one item, the most basic first; at most one finding is about the item itself. */
  function checkRow(row: Row, answers: Answers, emit: Emit): void {
    const i = row.index;
    const value = answers[i];
    const reached = prerequisiteOf(row, answers);
    if (reached === NO) {
      if (value === YES) emit('prerequisite', i, i);
      return;
    }
    if (reached === UNANSWERED) {
      // The root of a chain of unanswered prerequisites is the one to answer first.
      for (const n of row.prerequisiteNames) {
        const named = rows[n];
        if (answers[n] === UNANSWERED && named && prerequisiteOf(named, answers) !== UNANSWERED)
          emit('unanswered', n, i);
      }
      return;
    }
    const status = row.status(answers);
    for (const n of row.statusNames) if (answers[n] === UNANSWERED) emit('unanswered', n, i);
    if (value === UNANSWERED) {
      emit('unanswered', i, i);
      return;
    }
    if (value === NO) {
      if (status === MANDATORY) emit('mandatory', i, i);
      return;
    }
    if (status === EXCLUDED || status === NOT_APPLICABLE) {
      emit('excluded', i, i);
      return;
    }
    if (row.depends === undefined) return;
    for (const n of row.dependsNames) if (answers[n] === UNANSWERED) emit('unanswered', n, i);
    if (row.depends(answers) === NO) emit('dependency', i, i);
  }

  /** At least one member that counts at present must be supported. */
  function checkGroup(group: Group, answers: Answers, emit: Emit): void {
    let first: number | undefined;
    for (const row of group.members) {
      const reached = prerequisiteOf(row, answers);
      if (reached === NO) continue;
      const status = row.status(answers);
      if (status !== group.code && status !== OPEN) continue;
      // A supported member satisfies the group; an unanswered one leaves it open.
      if (answers[row.index] !== NO) return;
      if (reached === YES && status === group.code) first ??= row.index;
    }
    if (first !== undefined) emit('choice', first, first);
  }

  return {
    items,
    indexOf,
    blank: () => new Int8Array(items.length).fill(UNANSWERED),
    settle(answers) {
      let changed = answers.includes(UNANSWERED);
      while (changed) {
        changed = false;
        for (const row of rows) {
          if (answers[row.index] !== UNANSWERED) continue;
          const reached = prerequisiteOf(row, answers);
          if (reached === NO || (reached === YES && row.status(answers) === NOT_APPLICABLE)) {
            answers[row.index] = NO;
            changed = true;
          }
        }
      }
      return answers;
    },
    scanner(specs) {
      const wanted = new Set(specs);
      const someRows = rows.filter((row) => wanted.has(row.spec));
      const someGroups = groups.filter((group) => wanted.has(group.spec));
      return (answers, emit) => {
        for (const row of someRows) checkRow(row, answers, emit);
        for (const group of someGroups) checkGroup(group, answers, emit);
      };
    },
    status(i, answers) {
      const code = rows[i]?.status(answers) ?? OPTIONAL;
      return STATUS[code] ?? groupNames[code - STATUS.length]?.split(' ')[2] ?? 'open';
    },
    group(i, status) {
      const item = items[i];
      const g = item === undefined ? -1 : groupNames.indexOf(groupName(item, status));
      return groups[g]?.members.map((row) => row.index) ?? [];
    },
  };
}
