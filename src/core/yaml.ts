import { readFileSync } from 'node:fs';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { InputError, InputErrors, messageOf, type Place } from './errors.ts';

type Path = readonly PropertyKey[];

/** A YAML file that has the shape asked for, with the way back from each value to its line. */
export interface YamlFile<T> {
  readonly file: string;
  readonly data: T;
  /** Where the value at this path stands (the nearest thing around it where it does not exist). */
  place(path: Path): Place;
  /** Where the key of this path stands. */
  placeOfKey(path: Path): Place;
  /** A scalar as it was written, so that `1.10` stays `1.10`; undefined for anything else. */
  written(path: Path): string | undefined;
}

interface Found {
  readonly key: Node | undefined;
  readonly value: Node | undefined;
}

/** Follows a path through the node tree; stops at the last node that exists. */
function find(doc: Document.Parsed, path: Path): Found & { complete: boolean } {
  let found: Found = { key: undefined, value: doc.contents ?? undefined };
  for (const step of path) {
    const node = isAlias(found.value) ? found.value.resolve(doc) : found.value;
    let next: Found | undefined;
    if (isMap(node)) {
      // The last of duplicate keys is the one whose value the data holds.
      const pair = node.items.findLast((p) => isScalar(p.key) && String(p.key.value) === String(step));
      if (pair !== undefined) next = { key: pair.key as Node, value: (pair.value as Node | null) ?? undefined };
    } else if (isSeq(node)) {
      const item = node.items[Number(step)];
      if (item !== undefined) next = { key: undefined, value: item as Node };
    }
    if (next === undefined) return { ...found, complete: false };
    found = next;
  }
  return { ...found, complete: true };
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'an empty value';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const text = JSON.stringify(value);
  return `the ${typeof value} ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function messageFor(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPE_NAMES[issue.expected] ?? issue.expected}, found ${describe(value)}`;
    case 'invalid_value':
      return `expected ${issue.values.map(String).join(' or ')}, found ${describe(value)}`;
    case 'invalid_key':
      return `the key is not allowed here: ${issue.issues.map((i) => i.message).join('; ')}`;
    case 'invalid_format':
    case 'too_big':
    case 'too_small':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_union':
    case 'invalid_element':
    case 'custom':
      return issue.code === 'custom' ? issue.message : `${issue.message}; found ${describe(value)}`;
  }
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>((v, step) => (v as Record<PropertyKey, unknown> | undefined)?.[step], data);
}

/** The slips that the YAML parser itself reports, duplicate keys among them. */
function slips(doc: Document.Parsed, text: string, lines: LineCounter, file: string): InputError[] {
  return [...doc.errors, ...doc.warnings].map((e) => {
    const { line, col } = lines.linePos(e.pos[0]);
    const place = { file, line, column: col };
    if (e.code === 'MULTIPLE_DOCS')
      return new InputError('yaml', 'not valid YAML: a second document begins here, expected one', { place, cause: e });
    if (e.code !== 'DUPLICATE_KEY') return new InputError('yaml', `not valid YAML: ${e.message}`, { place, cause: e });
    const key = /^(?:"[^"\n]*"|'[^'\n]*'|[^:\n]*)/.exec(text.slice(e.pos[0]))?.[0].trim();
    return new InputError('yaml-duplicate', `the key ${key} stands twice in the same map`, { place, cause: e });
  });
}

/** Aliases whose anchor does not exist; the parser reports them only when the data is asked for. */
function looseAliases(doc: Document.Parsed, placeOf: (node: Node) => Place): InputError[] {
  const errors: InputError[] = [];
  visit(doc, {
    Alias(_, alias) {
      if (alias.resolve(doc) !== undefined) return;
      const message = `not valid YAML: no anchor &${alias.source} before *${alias.source}`;
      errors.push(new InputError('yaml', message, { place: placeOf(alias) }));
    },
  });
  return errors;
}

/** What a schema cannot tell (names that other files define). Called with the data as it is, also where its shape is wrong. */
export type Check = (raw: YamlFile<unknown>) => readonly InputError[];

/**
 * Reads YAML text against a schema. Throws InputErrors with every slip, duplicate key and wrong type at its line and column, and what `check` adds; what
 * is merely missing is not reported while the text does not parse, because a slip can hide it.
 */
export function parseYaml<T>(text: string, file: string, schema: z.ZodType<T>, check: Check = () => []): YamlFile<T> {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const errors = slips(doc, text, lines, file);
  const broken = errors.some((e) => e.code === 'yaml');

  const placeOf = (node: Node | undefined): Place => {
    const offset = node?.range?.[0];
    if (offset === undefined) return { file, line: 1, column: 1 };
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const place = (path: Path): Place => {
    const { key, value } = find(doc, path);
    return placeOf(value?.range?.[0] === value?.range?.[1] ? (key ?? value) : (value ?? key));
  };
  const placeOfKey = (path: Path): Place => {
    const { key, value } = find(doc, path);
    return placeOf(key ?? value);
  };

  let data: unknown;
  try {
    data = doc.toJS();
  } catch (e) {
    const loose = looseAliases(doc, placeOf);
    const other = new InputError('yaml', `not valid YAML: ${messageOf(e)}`, { place: { file } });
    throw new InputErrors([...errors, ...(loose.length > 0 ? loose : [other])].toSorted(byPlace));
  }
  const parsed = schema.safeParse(data);
  for (const issue of parsed.error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        errors.push(new InputError('yaml-key', `unknown key ${key}`, { place: placeOfKey([...issue.path, key]) }));
      continue;
    }
    const value = valueAt(data, issue.path);
    const missing = value === undefined && !find(doc, issue.path).complete;
    if (missing && broken) continue;
    const name = issue.path.map(String).join('.');
    const empty = name !== '' && (value === null || value === undefined) ? `${name}: ` : '';
    const what = missing ? `${name} is missing` : `${empty}${messageFor(issue, value)}`;
    const where = issue.code === 'invalid_key' ? placeOfKey(issue.path) : place(issue.path);
    errors.push(new InputError('yaml-type', what, { place: where }));
  }
  const written = (path: Path): string | undefined => {
    const { value, complete } = find(doc, path);
    const node = isAlias(value) ? value.resolve(doc) : value;
    return complete && isScalar(node) ? (node.source ?? String(node.value)) : undefined;
  };
  errors.push(...check({ file, data, place, placeOfKey, written }));
  if (errors.length > 0) throw new InputErrors(errors.toSorted(byPlace));
  return { file, data: parsed.data as T, place, placeOfKey, written };
}

function byPlace(a: InputError, b: InputError): number {
  return (a.place.line ?? 0) - (b.place.line ?? 0) || (a.place.column ?? 0) - (b.place.column ?? 0);
}

interface Read {
  readonly text: string;
  readonly check: Check | undefined;
  readonly result: YamlFile<unknown>;
}

/** By schema and file: a proof plans hundreds of runs on the same proformas, and reading those takes longer than planning. */
const before = new WeakMap<z.ZodType, Map<string, Read>>();

/**
 * Reads a YAML file against a schema; see `parseYaml`. A file that cannot be read is an InputError that names it. The same text is parsed once,
 * so nobody may change the data.
 */
export function readYaml<T>(file: string, schema: z.ZodType<T>, check?: Check): YamlFile<T> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (e) {
    throw new InputError('file', `cannot be read: ${messageOf(e)}`, { place: { file }, cause: e });
  }
  const known = before.get(schema) ?? new Map<string, Read>();
  const last = known.get(file);
  if (last !== undefined && last.text === text && last.check === check) return last.result as YamlFile<T>;
  const result = parseYaml(text, file, schema, check);
  before.set(schema, known.set(file, { text, check, result }));
  return result;
}
