import path from 'node:path';
import type { IxitValue } from '../core/ixit.ts';
import type { IxitDef, PolicyDef } from './schema.ts';

/** The form of an IXIT in words: `whole number in ms, 1 to 60000`. */
export function printForm(def: IxitDef): string {
  switch (def.type) {
    case 'integer':
    case 'number': {
      const unit = def.unit === undefined ? '' : ` in ${def.unit}`;
      const { min, max } = def;
      const range =
        min === undefined && max === undefined
          ? ''
          : min === undefined
            ? `, at most ${max}`
            : max === undefined
              ? `, at least ${min}`
              : `, ${min} to ${max}`;
      return `${def.type === 'integer' ? 'whole number' : 'number'}${unit}${range}`;
    }
    case 'flag':
      return 'yes or no';
    case 'choice':
      return `one of ${def.options.join(', ')}`;
    case 'text':
      return def.form ?? 'text';
    case 'url':
      return 'absolute URL';
    case 'reference':
      return 'reference, env:NAME or file:PATH';
  }
}

/** Takes `yes`, `no`, `true` and `false`; anything else is undefined. */
export function readFlag(value: unknown): boolean | undefined {
  if (value === true || value === 'yes' || value === 'true') return true;
  if (value === false || value === 'no' || value === 'false') return false;
  return undefined;
}

/** The value of an IXIT if it has the declared type and lies in its range, else undefined. */
export function readIxit(def: IxitDef, value: unknown): IxitValue | undefined {
  switch (def.type) {
    case 'integer':
    case 'number': {
      if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
      if (def.type === 'integer' && !Number.isSafeInteger(value)) return undefined;
      const inside = value >= (def.min ?? value) && value <= (def.max ?? value);
      return inside ? value : undefined;
    }
    case 'flag':
      return readFlag(value);
    case 'choice':
      return def.options.includes(String(value)) ? String(value) : undefined;
    case 'text':
      if (typeof value !== 'string' && typeof value !== 'number') return undefined;
      return def.pattern === undefined || matches(def.pattern, String(value)) ? String(value) : undefined;
    case 'url':
      return typeof value === 'string' && URL.canParse(value) ? value : undefined;
    case 'reference':
      return typeof value === 'string' && /^(env:[A-Za-z_]\w*|file:.+)$/.test(value) ? value : undefined;
  }
}

/** `file:` references of a declaration are relative to its folder; made absolute, they hold wherever the run starts. */
export function resolveReference(value: string, folder: string): string {
  return value.startsWith('file:') ? `file:${path.resolve(folder, value.slice('file:'.length))}` : value;
}

/** The form of a policy in words. */
export function printOptions(def: PolicyDef): string {
  const listed = def.options.join(', ');
  return def.pattern === undefined ? `one of ${listed}` : `one of ${listed}, or ${def.form ?? def.pattern}`;
}

/** True if the policy may have this value. */
export function isOption(def: PolicyDef, value: string): boolean {
  return def.options.includes(value) || (def.pattern !== undefined && matches(def.pattern, value));
}

function matches(pattern: string, value: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(value);
}
