import type { CaseMeta, DeclaredCase } from '../core/case.ts';
import type { Proforma } from './proforma.ts';

/** True where a case is named by `OCFSWU/RES/05` or by its group, `OCFSWU/RES/*`. */
export function isNamed(id: string, patterns: readonly string[]): boolean {
  return patterns.some((p) => p === id || (p.endsWith('/*') && id.startsWith(p.slice(0, -1))));
}

/**
 * Where the lists of cases that a proforma keeps with its IXIT and policies disagree with the cases themselves, as sentences: a case that reads a value
 * and is not listed, a listed case that does not exist.
 */
export function needsOutOfStep(proforma: Proforma, cases: readonly (CaseMeta | DeclaredCase)[]): string[] {
  if (cases.length === 0) return [];
  const rows = [...proforma.ixit.values(), ...proforma.policies.values()];
  return rows.flatMap(({ name, def }) => {
    const readers = cases.filter((c) => c.ixit?.includes(name) === true || c.policies?.includes(name) === true);
    const unlisted = readers.filter((c) => !isNamed(c.id, def.cases)).map((c) => c.id);
    const gone = def.cases.filter((pattern) => !cases.some((c) => isNamed(c.id, [pattern])));
    return [
      ...(unlisted.length === 0
        ? []
        : [`${name} is read by ${unlisted.join(', ')}, which its list of cases leaves out`]),
      ...(gone.length === 0 ? [] : [`${name} lists ${gone.join(', ')}, which does not exist`]),
    ];
  });
}
