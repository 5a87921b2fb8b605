import type { CaseRecord } from '../core/record.ts';
import type { Reason } from '../core/verdict.ts';

/** Any reason that a case record may give. */
export type AnyReason = NonNullable<CaseRecord['reason']>;

/** Lists stand in reasons as JSON; people get one thing per line, and a word for the empty list. */
export function readable(value: string): string {
  if (!value.startsWith('[')) return value;
  try {
    const list: unknown = JSON.parse(value);
    if (!Array.isArray(list)) return value;
    if (list.length === 0) return 'none';
    return list.map((v) => (typeof v === 'string' ? v : JSON.stringify(v))).join('\n');
  } catch {
    return value;
  }
}

/** True where a claim was only true or false: the message says it all. */
function isBare({ expected, observed }: Partial<Reason>): boolean {
  return expected === 'true' && observed === 'false';
}

/** Expected or observed as a card shows it; null where it tells nothing. */
export function telling(reason: Partial<Reason>, value: string | undefined): string | null {
  return value === undefined || isBare(reason) ? null : readable(value);
}

function isFull(reason: AnyReason): reason is Reason & { readonly expected: string; readonly observed: string } {
  return 'expected' in reason && 'observed' in reason && reason.expected !== undefined && reason.observed !== undefined;
}

/** The part of an assertion's message that expected and observed say as well; other comparisons (above, include) say more. */
const EQUAL = /(?:: |^)expected [\s\S]*? (?:to not|not to|to) (?:deeply |strictly |loosely )*equal [\s\S]*$/;

/** What was claimed, without the repetition of expected and observed that an assertion library puts behind it. */
export function claimOf(reason: AnyReason): string {
  return isFull(reason) ? reason.message.replace(EQUAL, '') || reason.message : reason.message;
}

/** The reason in one line, for lists. */
export function reasonLine(reason: CaseRecord['reason']): string {
  if (reason === null) return 'no reason was recorded';
  if (!isFull(reason)) return reason.message;
  const claim = claimOf(reason);
  if (isBare(reason)) return claim;
  const one = (value: string): string => readable(value).replaceAll('\n', '; ');
  return claim === reason.message ? claim : `${claim}: ${one(reason.observed)}, expected ${one(reason.expected)}`;
}
