import { printTruth } from '../ics/condition.ts';
import type { Ics } from '../ics/ics.ts';
import { type Catalogue, type PlannedCase, planCases } from '../ics/plan.ts';
import { natural } from './order.ts';

/** One answer or value that differs. */
export interface Difference {
  /** `DFUM 11/2`, or `OCFSWU maxDownloadS`. */
  readonly name: string;
  /** What the row asks, or what the value is for. */
  readonly text: string;
  readonly from: string;
  readonly to: string;
}

/** A case that one declaration selects and the other does not. */
export interface Moved {
  readonly id: string;
  readonly purpose: string;
  /** Why it is out on the other side. */
  readonly reason: string;
}

/** How two declarations differ, and what that does to the plan. */
export interface IcsDifference {
  readonly from: string;
  readonly to: string;
  readonly items: readonly Difference[];
  readonly ixit: readonly Difference[];
  readonly policies: readonly Difference[];
  readonly come: readonly Moved[];
  readonly go: readonly Moved[];
}

type Settings = ReadonlyMap<string, { readonly value: unknown }>;

const asText = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none'));

function settings(
  specs: readonly string[],
  a: (spec: string) => Settings,
  b: (spec: string) => Settings,
  text: (spec: string, name: string) => string,
): Difference[] {
  return specs.flatMap((spec) => {
    const from = a(spec);
    const to = b(spec);
    const names = [...new Set([...from.keys(), ...to.keys()])].sort(natural);
    return names
      .map((name) => ({
        name: `${spec} ${name}`,
        text: text(spec, name),
        from: asText(from.get(name)?.value),
        to: asText(to.get(name)?.value),
      }))
      .filter((d) => d.from !== d.to);
  });
}

function answers(a: Ics, b: Ics): Difference[] {
  const given = (ics: Ics, item: string): string => {
    const answer = ics.declaration.answers.get(item);
    return answer === undefined ? 'not answered' : printTruth(ics.truth(item));
  };
  const specs = new Set([...a.declaration.specs, ...b.declaration.specs]);
  return [...a.proformas.items.values()]
    .filter((item) => specs.has(item.spec))
    .map((item) => ({ name: item.name, text: item.capability, from: given(a, item.name), to: given(b, item.name) }))
    .filter((d) => d.from !== d.to)
    .sort((x, y) => natural(x.name, y.name));
}

/** Cases selected on one side only; `whyNot` explains from the other side. */
function moved(selected: readonly PlannedCase[], whyNot: ReadonlyMap<string, string>): Moved[] {
  return selected
    .flatMap((c) => {
      const reason = whyNot.get(c.id);
      return reason === undefined ? [] : [{ id: c.id, purpose: c.meta.purpose, reason }];
    })
    .sort((x, y) => natural(x.id, y.id));
}

/** Compares two declarations read with the same proformas; cases come and go as their conditions say. */
export function diffIcs(a: Ics, b: Ics, catalogue: readonly Catalogue[]): IcsDifference {
  const specs = [...new Set([...a.declaration.specs, ...b.declaration.specs])];
  const has = (ics: Ics, spec: string): boolean => ics.declaration.specs.includes(spec);
  const NONE: Settings = new Map();
  const planA = planCases(catalogue, a);
  const planB = planCases(catalogue, b);
  const reasons = (left: typeof planA.leftOut): Map<string, string> => new Map(left.map((c) => [c.id, c.reason.text]));
  const { proformas } = a;
  return {
    from: a.declaration.file,
    to: b.declaration.file,
    items: answers(a, b),
    ixit: settings(
      specs,
      (s) => (has(a, s) ? a.ixitUsed(s) : NONE),
      (s) => (has(b, s) ? b.ixitUsed(s) : NONE),
      (s, name) => proformas.specs.get(s)?.ixit.get(name)?.def.text ?? '',
    ),
    policies: settings(
      specs,
      (s) => (has(a, s) ? a.policiesUsed(s) : NONE),
      (s) => (has(b, s) ? b.policiesUsed(s) : NONE),
      (s, name) => proformas.specs.get(s)?.policies.get(name)?.def.question ?? '',
    ),
    come: moved(planB.selected, reasons(planA.leftOut)),
    go: moved(planA.selected, reasons(planB.leftOut)),
  };
}

/** The difference as text. */
export function icsDifferenceText(d: IcsDifference): string {
  const list = (title: string, of: readonly Difference[]): string[] =>
    of.length === 0 ? [] : ['', title, ...of.map((x) => `  ${x.name.padEnd(16)}  ${x.from} → ${x.to}  ${x.text}`)];
  const cases = (title: string, of: readonly Moved[]): string[] =>
    of.length === 0
      ? []
      : [
          '',
          `${title} (${of.length})`,
          ...of.map((c) => `  ${c.id.padEnd(18)}  ${c.purpose}\n${' '.repeat(22)}${c.reason}`),
        ];
  const lists = [
    ...list('items', d.items),
    ...list('values (IXIT)', d.ixit),
    ...list('policies', d.policies),
    ...cases('cases that come', d.come),
    ...cases('cases that go', d.go),
  ];
  return [`${d.from} → ${d.to}`, ...(lists.length === 0 ? ['', 'nothing differs'] : lists)].join('\n');
}
