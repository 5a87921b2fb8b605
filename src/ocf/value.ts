/** A value of a representation as it stands in messages: texts as they are, the rest as JSON, `nothing` for what is not there. */
export function printValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return value;
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v)) ?? typeof value;
}
