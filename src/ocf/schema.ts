import type { CborMap, CborValue } from './codec/cbor.ts';
import { COMMON_PROPERTIES, PROPERTIES, type Property, type PropertyName } from './codec/swu.ts';
import { instantOf } from './instant.ts';
import { printValue } from './value.ts';

const ALL: Readonly<Record<string, Property>> = { ...PROPERTIES, ...COMMON_PROPERTIES };

/** The five properties that every RETRIEVE returns. */
export const MANDATORY: readonly PropertyName[] = [
  'purl',
  'swupdateaction',
  'swupdatestate',
  'swupdateresult',
  'updatetime',
];

/** Draft spellings by the name that the published schema uses. */
export const DRAFT_NAMES: Readonly<Record<string, PropertyName>> = Object.fromEntries(
  Object.entries(PROPERTIES).flatMap(([name, p]: [string, Property]) =>
    (p.draftSpellings ?? []).map((draft) => [draft, name as PropertyName]),
  ),
);

/** Values of the draft's enumerations, by property. */
export const DRAFT_VALUES: Readonly<Record<string, readonly string[]>> = {
  swupdateaction: ['isv'],
  swupdatestate: ['sv'],
};

/** What is wrong with a value, in words that continue "swupdatestate is …"; undefined where nothing is. */
export function problemOf(name: string, value: CborValue | undefined): string | undefined {
  const property = ALL[name];
  if (property === undefined || value === undefined) return undefined;
  const shown = typeof value === 'string' ? `"${value}"` : printValue(value);
  if (property.type === 'integer') return Number.isInteger(value) ? undefined : `${shown}, not an integer`;
  if (property.type === 'strings')
    return Array.isArray(value) && value.every((v) => typeof v === 'string')
      ? undefined
      : `${shown}, not an array of strings`;
  if (typeof value !== 'string') return `${shown}, not a string`;
  if (property.values !== undefined && !property.values.includes(value))
    return `${shown}, not one of ${property.values.join(', ')}`;
  if (property.format === 'date-time' && instantOf(value) === undefined) return `${shown}, not an RFC 3339 instant`;
  const limit = property.maxLength;
  // A long purl is the subject of a policy, not of the schema check: the text asks for a full URL as well.
  if (limit !== undefined && name !== 'purl' && Array.from(value).length > limit)
    return `${Array.from(value).length} characters long, more than ${limit}`;
  return undefined;
}

/** Every problem of a representation, as sentences. */
export function problemsOf(representation: CborMap): string[] {
  return Object.entries(representation).flatMap(([name, value]) => {
    const problem = problemOf(name, value);
    return problem === undefined ? [] : [`${name} is ${problem}`];
  });
}

/** Names that no schema of the resource has, draft spellings not counted. */
export function unknownNames(representation: CborMap): string[] {
  return Object.keys(representation).filter((name) => ALL[name] === undefined && DRAFT_NAMES[name] === undefined);
}

/** Draft spellings that occur. */
export function draftNames(representation: CborMap): string[] {
  return Object.keys(representation).filter((name) => DRAFT_NAMES[name] !== undefined);
}

/** The property under its published name, or under a draft spelling. */
export function valueOf(representation: CborMap, name: PropertyName): CborValue | undefined {
  if (representation[name] !== undefined) return representation[name];
  const draft = (PROPERTIES[name] as Property).draftSpellings?.find((d) => representation[d] !== undefined);
  return draft === undefined ? undefined : representation[draft];
}

/** True for an absolute URL and for the empty one that stands for a built-in source. */
export function isPackageUrl(text: unknown): boolean {
  return typeof text === 'string' && (text === '' || /^[a-z][a-z0-9+.-]*:\/\/[^/\s?#]+/i.test(text));
}
