import { createHash } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { InputError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import { readYaml, type YamlFile } from '../core/yaml.ts';
import type { Proformas } from './proforma.ts';
import { isOption, printOptions, readFlag } from './values.ts';

/** An accepted FAIL. */
export interface Waiver {
  readonly case: string;
  readonly statement: string;
  readonly owner: string;
  /** The last day on which it holds, `2027-01-31`. */
  readonly expires: string;
  readonly reason: string;
  readonly line: number;
}

/** A declared value with the line it stands on. */
export interface Given<T> {
  readonly value: T;
  readonly line: number;
}

/** The ICS of one product as it was filled in: well-formed, but not yet known to be consistent. */
export interface Declaration {
  readonly file: string;
  readonly product: Readonly<Record<string, string>>;
  /** The proformas that have a section, in the order of the file. */
  readonly specs: readonly string[];
  /** Full item name to answer; an empty value is no answer. The names need not exist in the proforma. */
  readonly answers: ReadonlyMap<string, Given<boolean>>;
  readonly ixit: ReadonlyMap<string, ReadonlyMap<string, Given<unknown>>>;
  /** Spec to policy to value, checked against the proforma. */
  readonly policies: ReadonlyMap<string, ReadonlyMap<string, Given<string>>>;
  readonly waivers: readonly Waiver[];
  /** SHA-256 of the content in a canonical form: comments, order of keys and `yes` or `true` make no difference. */
  readonly digest: string;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const entries = (value: unknown): [string, unknown][] => (isMap(value) ? Object.entries(value) : []);
const shown = (value: unknown): string =>
  isMap(value) ? 'a map' : Array.isArray(value) ? 'a list' : value === null ? 'nothing' : JSON.stringify(value);

function custom<T>(read: (value: unknown) => T | undefined, expected: string): z.ZodType<T> {
  return z.unknown().transform((value, context): T => {
    const taken = read(value);
    if (taken !== undefined) return taken;
    context.addIssue({ code: 'custom', message: `expected ${expected}, found ${shown(value)}` });
    return z.NEVER;
  });
}

const scalar = (value: unknown): string | undefined =>
  ['string', 'number', 'boolean'].includes(typeof value) && String(value).trim() !== '' ? String(value) : undefined;
const text = custom(scalar, 'a text');
const answer = custom<boolean | null>((v) => (v === null ? null : readFlag(v)), 'yes, no, true or false');
const specMap = <T>(value: z.ZodType<T>) =>
  z.record(z.string(), custom((v) => (v === null ? {} : v), 'a map').pipe(z.record(z.string(), value)));
/** A text, or a map of texts. */
const remark = custom(
  (v) => (isMap(v) ? (Object.values(v).every(scalar) ? v : undefined) : scalar(v)),
  'a text or a map of texts',
);
const day = custom(
  (v) => (typeof v === 'string' && z.iso.date().safeParse(v).success ? v : undefined),
  'a date such as 2027-01-31',
);
const list = <T>(item: z.ZodType<T>) => z.array(item).nullish();

const shape = z.strictObject({
  product: z.strictObject({
    vendor: text,
    name: text,
    version: text,
    contact: remark.optional(),
    configuration: remark.optional(),
  }),
  ics: specMap(answer).refine((given) => Object.keys(given).length > 0, 'expected a section for at least one proforma'),
  ixit: specMap(z.unknown()).nullish(),
  policies: specMap(text).nullish(),
  waivers: list(z.strictObject({ case: text, statement: text, owner: text, expires: day, reason: text })),
});

/** What only the proformas can tell: unknown specs, unknown policies, options that do not exist. */
function checkNames(raw: YamlFile<unknown>, proformas: Proformas): InputError[] {
  const errors: InputError[] = [];
  const whole = isMap(raw.data) ? raw.data : {};
  for (const section of ['ics', 'ixit', 'policies']) {
    for (const [spec] of entries(whole[section])) {
      if (proformas.specs.has(spec)) continue;
      const message = `unknown proforma ${spec}${didYouMean(spec, proformas.specs.keys())}`;
      errors.push(new InputError('spec', message, { place: raw.placeOfKey([section, spec]) }));
    }
  }
  for (const [spec, given] of entries(whole['policies'])) {
    const known = proformas.specs.get(spec)?.policies;
    if (known === undefined) continue;
    for (const [name] of entries(given)) {
      const at = ['policies', spec, name];
      const policy = known.get(name);
      const value = raw.written(at);
      if (policy === undefined) {
        const message = `${spec} has no policy ${name}${didYouMean(name, known.keys())}`;
        errors.push(new InputError('policy', message, { place: raw.placeOfKey(at) }));
      } else if (value !== undefined && !isOption(policy.def, value)) {
        const message = `policy ${name}: expected ${printOptions(policy.def)}, found ${value}`;
        errors.push(new InputError('policy', message, { place: raw.place(at) }));
      }
    }
  }
  return errors;
}

/** JSON with sorted keys, so that equal content gives equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    v !== null && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  );
}

/**
 * Reads a declaration. Throws InputErrors with every YAML slip, duplicate key, unknown proforma or policy and wrong type, each with file, line and
 * column. Unknown items and IXIT are left to the consistency check, which explains them.
 */
export function loadDeclaration(file: string, proformas: Proformas): Declaration {
  const raw = readYaml(file, shape, (data) => checkNames(data, proformas));
  const { data } = raw;
  const line = (at: readonly PropertyKey[]): number => raw.placeOfKey(at).line ?? 1;
  const answers = new Map<string, Given<boolean>>();
  for (const [spec, given] of Object.entries(data.ics)) {
    for (const [item, value] of Object.entries(given)) {
      if (value !== null) answers.set(`${spec} ${item}`, { value, line: line(['ics', spec, item]) });
    }
  }
  const ixit = new Map(
    Object.entries(data.ixit ?? {}).map(([spec, given]) => [
      spec,
      new Map(
        Object.entries(given)
          .filter(([, value]) => value !== null)
          .map(([name, value]) => [name, { value, line: line(['ixit', spec, name]) }]),
      ),
    ]),
  );
  const policies = new Map(
    Object.entries(data.policies ?? {}).map(([spec, given]) => [
      spec,
      new Map(
        Object.keys(given).map((name) => {
          const at = ['policies', spec, name];
          return [name, { value: raw.written(at) ?? '', line: line(at) }];
        }),
      ),
    ]),
  );
  const product = Object.fromEntries(
    Object.entries(data.product).map(([key, value]) => {
      const parts = entries(value).map(([part]) => `${part}: ${raw.written(['product', key, part]) ?? ''}`);
      return [key, raw.written(['product', key]) ?? parts.join('; ')];
    }),
  );
  const waivers = (data.waivers ?? []).map((w, i) => ({ ...w, line: line(['waivers', i]) }));
  const content = {
    product,
    ics: Object.fromEntries([...answers].map(([item, given]) => [item, given.value])),
    ixit: data.ixit ?? {},
    policies: Object.fromEntries(
      [...policies].map(([spec, given]) => [spec, Object.fromEntries([...given].map(([n, g]) => [n, g.value]))]),
    ),
    waivers: data.waivers ?? [],
  };
  const digest = createHash('sha256').update(canonical(content)).digest('hex');
  return { file, product, specs: Object.keys(data.ics), answers, ixit, policies, waivers, digest };
}

/** The folder that `file:` references of a declaration are relative to. */
export function folderOf(declaration: Declaration): string {
  return path.dirname(path.resolve(declaration.file));
}
