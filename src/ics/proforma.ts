import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { InputError, InputErrors, messageOf } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import { readYaml, type YamlFile } from '../core/yaml.ts';
import { type Cascade, outcomesOf, parseCascade } from './cascade.ts';
import { type Expr, type Names, parseCondition } from './condition.ts';
import { type IxitDef, type PolicyDef, proformaSchema, type RawProforma } from './schema.ts';

/** A condition with the words it was written in. */
export interface Written {
  readonly text: string;
  readonly expr: Expr;
}

/** One row of a proforma. */
export interface Item {
  /** Full name, `DFUM 11/2`. */
  readonly name: string;
  readonly spec: string;
  readonly table: number;
  readonly number: number;
  readonly capability: string;
  readonly clause: string;
  /** As in the table: `M`, `O.1`, `C.2`. */
  readonly status: string;
  /** What the status comes to: `M`, `O`, `X`, `N/A` or `O.n`. */
  readonly rule: Cascade;
  /** The table's and the item's own prerequisite together. */
  readonly prerequisite?: Written;
  readonly depends?: Written;
  readonly alias?: string;
  readonly note?: string;
}

/** One table of a proforma; without items where the number is reserved or no longer used (`empty` says which). */
export interface Table {
  readonly number: number;
  readonly title: string;
  readonly empty?: string;
  readonly prerequisite?: string;
  readonly items: readonly Item[];
}

/** A value that cases may need; `required` says when a declaration must give it. */
export interface Ixit {
  readonly name: string;
  readonly def: IxitDef;
  readonly required?: Written;
}

/** An ambiguous place of the standard with its readings; the default may depend on items. */
export interface Policy {
  readonly name: string;
  readonly def: PolicyDef;
  readonly default: Cascade;
}

/** The empty questionnaire of one standard. */
export interface Proforma {
  readonly spec: string;
  readonly title: string;
  readonly document: string;
  readonly date?: string;
  readonly release?: string;
  readonly note?: string;
  readonly file: string;
  readonly tables: readonly Table[];
  readonly ixit: ReadonlyMap<string, Ixit>;
  readonly policies: ReadonlyMap<string, Policy>;
}

/** All proformas, with the items of all of them by name. */
export interface Proformas {
  readonly specs: ReadonlyMap<string, Proforma>;
  readonly items: ReadonlyMap<string, Item>;
  /** The names that a condition may use; `home` allows short names of that proforma. */
  names(home?: string): Names;
}

/** The folder `ics/` of the package; `PLUMBLINE_ICS` names another one (for tests and for proformas of one's own). */
export function icsFolder(): string {
  const given = process.env['PLUMBLINE_ICS'];
  if (given !== undefined && given !== '') return path.resolve(given);
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json')) && path.dirname(folder) !== folder)
    folder = path.dirname(folder);
  return path.join(folder, 'ics');
}

type Raw = YamlFile<RawProforma>;

/** The full names of a file's items; conditions of every file may use them. */
function namesIn(raw: Raw): string[] {
  return Object.entries(raw.data.tables).flatMap(([table, t]) =>
    Object.keys(t.items ?? {}).map((item) => `${raw.data.spec} ${table}/${item}`),
  );
}

/** Builds one proforma; whatever is wrong is added to `errors` with its place. */
function build(raw: Raw, names: Names, errors: InputError[]): Proforma {
  const { data, file } = raw;
  const fail = (message: string, at: readonly PropertyKey[]): void => {
    errors.push(new InputError('proforma', message, { place: raw.place(at) }));
  };
  function attempt<T>(at: readonly PropertyKey[], parse: () => T): T | undefined {
    try {
      return parse();
    } catch (e) {
      fail(messageOf(e), at);
      return undefined;
    }
  }
  const written = (text: string | undefined, at: readonly PropertyKey[]): Written | undefined => {
    if (text === undefined) return undefined;
    const expr = attempt(at, () => parseCondition(text, names));
    return expr === undefined ? undefined : { text, expr };
  };
  const both = (a: Written | undefined, b: Written | undefined): Written | undefined => {
    if (a === undefined || b === undefined) return a ?? b;
    return { text: `(${a.text}) and (${b.text})`, expr: { kind: 'and', left: a.expr, right: b.expr } };
  };

  const tables = Object.entries(data.tables).map(([key, t]): Table => {
    const number = Number(key);
    const { items: rows } = t;
    if (rows === undefined) return { number, title: t.title, empty: t.title, items: [] };
    const at = ['tables', key];
    const shared = written(t.prerequisite, [...at, 'prerequisite']);
    const conditions = new Map<string, Cascade>();
    for (const [id, text] of Object.entries(t.conditions ?? {})) {
      const where = [...at, 'conditions', id];
      const cascade = attempt(where, () => parseCascade(text, names));
      for (const value of cascade === undefined ? [] : outcomesOf(cascade)) {
        if (!/^(M|O|X|N\/A|O\.\d+)$/.test(value)) fail(`"${text}": ${value} is not M, O, X, N/A or O.n`, where);
      }
      conditions.set(id, cascade ?? { text, branches: [], otherwise: 'O' });
      if (!Object.values(rows).some((i) => i.status === id)) fail(`no item of table ${key} has status ${id}`, where);
    }
    const items = Object.entries(rows).map(([n, i]): Item => {
      const here = [...at, 'items', n];
      const rule = i.status.startsWith('C.')
        ? conditions.get(i.status)
        : { text: i.status, branches: [], otherwise: i.status };
      if (rule === undefined) fail(`table ${key} has no condition ${i.status}`, [...here, 'status']);
      const prerequisite = both(shared, written(i.prerequisite, [...here, 'prerequisite']));
      const depends = written(i.depends, [...here, 'depends']);
      return {
        name: `${data.spec} ${key}/${n}`,
        spec: data.spec,
        table: number,
        number: Number(n),
        capability: i.capability,
        clause: i.clause,
        status: i.status,
        rule: rule ?? { text: 'O', branches: [], otherwise: 'O' },
        ...(prerequisite === undefined ? {} : { prerequisite }),
        ...(depends === undefined ? {} : { depends }),
        ...(i.alias === undefined ? {} : { alias: i.alias }),
        ...(i.note === undefined ? {} : { note: i.note }),
      };
    });
    return { number, title: t.title, ...(t.prerequisite === undefined ? {} : { prerequisite: t.prerequisite }), items };
  });

  const ixit = Object.entries(data.ixit).map(([name, def]): [string, Ixit] => {
    const required = written(def.required, ['ixit', name, 'required']);
    return [name, { name, def, ...(required === undefined ? {} : { required }) }];
  });
  const policies = Object.entries(data.policies).map(([name, def]): [string, Policy] => {
    const at = ['policies', name, 'default'];
    const parsed = attempt(at, () => parseCascade(def.default, names));
    for (const value of parsed === undefined ? [] : outcomesOf(parsed)) {
      if (!def.options.includes(value)) fail(`the default ${value} is none of ${def.options.join(', ')}`, at);
    }
    return [name, { name, def, default: parsed ?? { text: def.default, branches: [], otherwise: def.default } }];
  });
  const { spec, title, document, date, release, note } = data;
  return {
    spec,
    title,
    document,
    file,
    tables,
    ...(date === undefined ? {} : { date }),
    ...(release === undefined ? {} : { release }),
    ...(note === undefined ? {} : { note }),
    ixit: new Map(ixit),
    policies: new Map(policies),
  };
}

/**
 * Reads every proforma of a folder (default: the package's own). Throws InputErrors with everything that is wrong in any of them: a wrong type, an
 * unknown item in a condition, a status without its condition.
 */
export function loadProformas(folder: string = path.join(icsFolder(), 'proformas')): Proformas {
  let files: string[];
  try {
    files = readdirSync(folder)
      .filter((f) => f.endsWith('.yaml'))
      .toSorted();
  } catch (e) {
    throw new InputError('file', `the folder of proformas cannot be read: ${messageOf(e)}`, {
      place: { file: folder },
    });
  }
  const errors: InputError[] = [];
  const raws: Raw[] = [];
  for (const file of files) {
    try {
      raws.push(readYaml(path.join(folder, file), proformaSchema));
    } catch (e) {
      if (!(e instanceof InputError)) throw e;
      errors.push(...(e instanceof InputErrors ? e.errors : [e]));
    }
  }
  if (errors.length > 0) throw new InputErrors(errors);
  const known = new Set(raws.flatMap(namesIn));
  const names = (home?: string): Names => ({
    has: (item) => known.has(item),
    all: () => known,
    ...(home === undefined ? {} : { home }),
  });
  const specs = new Map<string, Proforma>();
  for (const raw of raws) {
    const { spec } = raw.data;
    if (specs.has(spec))
      errors.push(new InputError('proforma', `a second proforma ${spec}`, { place: raw.place(['spec']) }));
    specs.set(spec, build(raw, names(spec), errors));
  }
  if (errors.length > 0) throw new InputErrors(errors);
  const items = [...specs.values()].flatMap((p) => p.tables.flatMap((t) => t.items));
  return { specs, items: new Map(items.map((i) => [i.name, i])), names };
}

/** The proforma of that name; an unknown one is an InputError with the nearest known name. */
export function proformaOf(proformas: Proformas, spec: string): Proforma {
  const found = proformas.specs.get(spec);
  if (found !== undefined) return found;
  throw new InputError('spec', `unknown proforma ${spec}${didYouMean(spec, proformas.specs.keys())}`);
}

/** The item of that name; an unknown one is an InputError with the nearest known name. */
export function itemOf(proformas: Proformas, name: string): Item {
  const found = proformas.items.get(name);
  if (found !== undefined) return found;
  throw new InputError('item', `unknown item ${name}${didYouMean(name, proformas.items.keys())}`);
}
