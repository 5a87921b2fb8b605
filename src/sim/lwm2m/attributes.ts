import type { Path } from '../../lwm2m/codec/path.ts';
import type { Options } from './options.ts';

/** Notification attributes by name; times in seconds. */
export type Attributes = Readonly<Record<string, number>>;

const BY_VERSION: Readonly<Record<Options['lwm2m'], readonly string[]>> = {
  '1.0': ['pmin', 'pmax', 'gt', 'lt', 'st'],
  '1.1': ['pmin', 'pmax', 'gt', 'lt', 'st', 'epmin', 'epmax'],
  '1.2': ['pmin', 'pmax', 'gt', 'lt', 'st', 'epmin', 'epmax', 'edge', 'con', 'hqmax'],
};
const NUMBER = /^-?\d+(\.\d+)?$/;

/** Reads `pmin=1` and the like; undefined marks an attribute that is taken away. Undefined as a whole: not for this device. */
export function readAttributes(
  queries: readonly string[],
  version: Options['lwm2m'],
): ReadonlyMap<string, number | undefined> | undefined {
  const found = new Map<string, number | undefined>();
  for (const query of queries) {
    const [name = '', value] = query.split('=');
    if (!BY_VERSION[version].includes(name)) return undefined;
    if (value !== undefined && !NUMBER.test(value)) return undefined;
    found.set(name, value === undefined ? undefined : Number(value));
  }
  return found;
}

/** The attributes that the server has attached to places in the data model. */
export class AttributeTable {
  private readonly rows = new Map<string, Record<string, number>>();

  change(path: Path, changes: ReadonlyMap<string, number | undefined>): void {
    const row = { ...this.rows.get(path.join('/')) };
    for (const [name, value] of changes)
      if (value === undefined) delete row[name];
      else row[name] = value;
    this.rows.set(path.join('/'), row);
  }

  /** Attached to this very place. */
  at(path: Path): Attributes {
    return this.rows.get(path.join('/')) ?? {};
  }

  /** Those that hold for a place: its own over those of the levels above. */
  holding(path: Path): Attributes {
    const levels = path.map((_, i) => this.at(path.slice(0, i + 1)));
    return Object.assign({}, ...levels) as Attributes;
  }

  clear(): void {
    this.rows.clear();
  }
}
