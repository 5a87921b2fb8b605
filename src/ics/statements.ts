import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { CaseMeta, DeclaredCase } from '../core/case.ts';
import { InputError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import type { Statement } from '../core/statement.ts';
import { readYaml, type YamlFile } from '../core/yaml.ts';
import { icsFolder } from './proforma.ts';
import { SPEC } from './schema.ts';

/** Why a statement is not tested: the only reasons that are accepted. */
export const EXCUSES = {
  'not-observable': 'nothing that a tester outside the device can see depends on it',
  'no-requirement': 'it explains, recommends, permits or gives an example, and demands nothing',
  'covered-elsewhere': 'it repeats another statement, which is judged',
  'other-role': 'it binds the other side (the client, the server, the cloud), not the device under test',
  'outside-scope': 'it belongs to another document or layer, and is tested there',
  'checked-on-ics': 'it is a rule over the declaration; the consistency check enforces it',
  'needs-foreign-stack': 'it shows only with a peer that the tester does not have',
  'needs-tester': 'the tester cannot carry its case out yet; the declared case says what is lacking',
  'needs-vendor-means': 'it shows only with means that the vendor has (a debug port, signing keys)',
} as const;
/** One of the accepted reasons. */
export type Excuse = keyof typeof EXCUSES;

/** A statement with how it is judged, or why it is not. */
export interface StatementRow extends Statement {
  readonly spec: string;
  /** How a case judges it, in a sentence. */
  readonly judged?: string | undefined;
  readonly excused?: Excuse | undefined;
  /** What the excuse rests on in this place. */
  readonly because?: string | undefined;
  readonly line: number;
}

const text = z.string().min(1);
const row = z.strictObject({
  id: z.string().regex(/^[A-Z0-9]+-[\w.-]+$/, 'expected an id such as OCFSWU-T3.sva'),
  place: text,
  text,
  judged: text.optional(),
  excused: z.enum(Object.keys(EXCUSES) as [Excuse, ...Excuse[]]).optional(),
  because: text.optional(),
});
const shape = z.strictObject({
  spec: z.string().regex(SPEC, 'expected capital letters and digits'),
  document: text.optional(),
  statements: z.array(row),
});

/** What the shape cannot say: ids are unique and begin with the spec; a row is either judged or excused. */
function checkRows(raw: YamlFile<unknown>): InputError[] {
  const parsed = shape.safeParse(raw.data);
  if (!parsed.success) return [];
  const { spec, statements } = parsed.data;
  const ids = statements.map((s) => s.id);
  return statements.flatMap((s, i) => {
    const place = raw.place(['statements', i]);
    const fault = (message: string): InputError => new InputError('statement', `${s.id}: ${message}`, { place });
    return [
      ...(s.id.startsWith(`${spec}-`) ? [] : [fault(`expected an id that begins with ${spec}-`)]),
      ...(ids.indexOf(s.id) === i ? [] : [fault('the id stands twice')]),
      ...((s.judged === undefined) === (s.excused === undefined) ? [fault('expected either judged or excused')] : []),
    ];
  });
}

/** Reads one file of statements. Throws InputErrors with every fault at its line. */
export function readStatements(file: string): StatementRow[] {
  const raw = readYaml(file, shape, checkRows);
  const { spec, statements } = raw.data;
  return statements.map((s, i) => ({ ...s, spec, line: raw.place(['statements', i]).line ?? 1 }));
}

/** Every statement of a folder (default: the package's own); none where the folder does not exist. */
export function loadStatements(folder: string = path.join(icsFolder(), 'statements')): StatementRow[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((f) => f.endsWith('.yaml'));
  return files.toSorted().flatMap((f) => readStatements(path.join(folder, f)));
}

/** How the statements of one standard and its cases match. */
export interface Coverage {
  readonly spec: string;
  readonly total: number;
  /** Statement to the cases that judge it. */
  readonly judged: Readonly<Record<string, readonly string[]>>;
  readonly excused: Readonly<Record<string, Excuse>>;
  /** Neither judged by a case that can be carried out nor excused. */
  readonly open: readonly string[];
  /** Of the open ones: those that cases name which the tester cannot carry out yet. */
  readonly lacking: Readonly<Record<string, readonly string[]>>;
  /** Cases that name a statement which does not exist, with the nearest that does. */
  readonly unknown: readonly { readonly case: string; readonly statement: string; readonly nearest: string | null }[];
  /** Excused although a case judges it. */
  readonly contradicted: readonly string[];
  /** True where every statement is judged or excused and every case names statements that exist. */
  readonly complete: boolean;
}

/** Compares the statements of a standard with its cases. */
export function coverageOf(
  spec: string,
  statements: readonly StatementRow[],
  cases: readonly CaseMeta[],
  declared: readonly DeclaredCase[] = [],
  everywhere: readonly string[] = [],
): Coverage {
  const own = statements.filter((s) => s.spec === spec);
  // A case may judge statements of another proforma of its bench: those of BLOB transfer, in a case of firmware update.
  const ids = new Set(statements.map((s) => s.id));
  const casesFor = (list: readonly { readonly id: string; readonly statements: readonly string[] }[], id: string) =>
    list.filter((c) => c.statements.includes(id)).map((c) => c.id);
  const judged: Record<string, string[]> = {};
  const excused: Record<string, Excuse> = {};
  const lacking: Record<string, string[]> = {};
  const open: string[] = [];
  const contradicted: string[] = [];
  for (const s of own) {
    const by = [...casesFor(cases, s.id), ...(everywhere.includes(s.id) ? ['every case'] : [])];
    const later = casesFor(declared, s.id);
    if (by.length > 0) judged[s.id] = by;
    if (s.excused !== undefined) excused[s.id] = s.excused;
    if (s.excused !== undefined && by.length > 0) contradicted.push(s.id);
    if (by.length > 0 || s.excused !== undefined) continue;
    open.push(s.id);
    if (later.length > 0) lacking[s.id] = later;
  }
  const unknown = [...cases, ...declared].flatMap((c) =>
    c.statements
      .filter((id) => !ids.has(id))
      .map((id) => ({ case: c.id, statement: id, nearest: nearest(id, ids) ?? null })),
  );
  const complete = open.length === 0 && unknown.length === 0 && contradicted.length === 0;
  return { spec, total: own.length, judged, excused, open, lacking, unknown, contradicted, complete };
}
