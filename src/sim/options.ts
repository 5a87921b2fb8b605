import { InputError, InputErrors } from '../core/errors.ts';

// The options of simulated devices: everything in which conforming devices differ, as a table for each device.

export interface Choice<T extends string> {
  readonly kind: 'choice';
  readonly values: readonly T[];
  readonly preset: T;
  readonly help: string;
}
export interface Count {
  readonly kind: 'count';
  readonly preset: number;
  readonly help: string;
}
export interface Text {
  readonly kind: 'text';
  readonly preset: string;
  readonly help: string;
}

/** Every option of a device by name, with its values, its preset and what it decides. */
export type OptionTable = Readonly<Record<string, Choice<string> | Count | Text>>;

/** The options of one device: the value of every row of its table. */
export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: Value<T[K]> };
type Value<R> = R extends Choice<infer V> ? V : R extends Count ? number : string;

/** One of several words. */
export const choice = <T extends string>(values: readonly T[], preset: NoInfer<T>, help: string): Choice<T> => ({
  kind: 'choice',
  values,
  preset,
  help,
});
export const yesNo = (preset: 'yes' | 'no', help: string): Choice<'yes' | 'no'> => choice(['yes', 'no'], preset, help);
/** A whole number above 0. */
export const count = (preset: number, help: string): Count => ({ kind: 'count', preset, help });
export const text = (preset: string, help: string): Text => ({ kind: 'text', preset, help });

/** The presets of a table, with changes. */
export function presetOf<T extends OptionTable>(table: T, changes: Partial<OptionValues<T>> = {}): OptionValues<T> {
  const presets = Object.entries(table).map(([name, row]) => [name, row.preset] as const);
  return { ...(Object.fromEntries(presets) as OptionValues<T>), ...changes };
}

/** Reads `key=value` words. Throws InputErrors with one error for each word that is wrong. */
export function readWords<T extends OptionTable>(table: T, words: readonly string[]): OptionValues<T> {
  const errors: InputError[] = [];
  const changes: Record<string, string | number> = {};
  for (const word of words) {
    const [name = '', ...rest] = word.split('=');
    const value = rest.join('=');
    const row = Object.hasOwn(table, name) ? table[name] : undefined;
    const wrong = valueError(row, value, rest.length > 0);
    if (row === undefined)
      errors.push(slip(word, `no option of that name; there are ${Object.keys(table).join(', ')}`));
    else if (wrong !== undefined) errors.push(slip(word, wrong));
    else changes[name] = row.kind === 'count' ? Number(value) : value;
  }
  if (errors.length > 0) throw new InputErrors(errors);
  return presetOf(table, changes as Partial<OptionValues<T>>);
}

function slip(word: string, why: string): InputError {
  return new InputError('sim-option', why, { place: { where: `--option ${word}` } });
}

function valueError(row: OptionTable[string] | undefined, value: string, given: boolean): string | undefined {
  if (!given) return 'expected name=value';
  if (row?.kind === 'choice' && !row.values.includes(value))
    return `expected ${row.values.join(' or ')}, found ${JSON.stringify(value)}`;
  if (row?.kind === 'count' && !/^[1-9]\d*$/.test(value))
    return `expected a whole number above 0, found ${JSON.stringify(value)}`;
  return undefined;
}
