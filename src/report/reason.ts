import type { CaseRecord } from '../core/record.ts';
import type { Reason } from '../core/verdict.ts';

/** Any reason that a case record may give. */
export type AnyReason = NonNullable<CaseRecord['reason']>;

/** Longer lists are folded to their first and last entries. */
const LONGEST_LIST = 8;
const LAST_ENTRIES = 2;

/** What repeats in a row told once with how often, and the middle of a long list as a count. */
function shortened(lines: readonly string[]): string[] {
  const runs: { line: string; times: number }[] = [];
  for (const line of lines) {
    const last = runs.at(-1);
    if (last?.line === line) last.times += 1;
    else runs.push({ line, times: 1 });
  }
  const told = runs.map(({ line, times }) => (times === 1 ? line : `${line} (${times} times)`));
  if (told.length <= LONGEST_LIST) return told;
  const first = told.slice(0, LONGEST_LIST - LAST_ENTRIES - 1);
  const last = told.slice(-LAST_ENTRIES);
  return [...first, `… ${told.length - first.length - last.length} more …`, ...last];
}

/** Lists stand in reasons as JSON; people get one thing per line, and a word for the empty list. */
export function readable(value: string): string {
  if (!value.startsWith('[')) return value;
  try {
    const list: unknown = JSON.parse(value);
    if (!Array.isArray(list)) return value;
    if (list.length === 0) return 'none';
    return shortened(list.map((v) => (typeof v === 'string' ? v : JSON.stringify(v)))).join('\n');
  } catch {
    return value;
  }
}

/** Expected or observed as a card shows it; null where there is none. */
export function telling(value: string | undefined): string | null {
  return value === undefined ? null : readable(value);
}

function isFull(reason: AnyReason): reason is Reason & { readonly expected: string; readonly observed: string } {
  return 'expected' in reason && 'observed' in reason && reason.expected !== undefined && reason.observed !== undefined;
}

/** What an assertion library puts behind a claim, and expected and observed say as well; other comparisons (above, include) say more. */
const TAIL = /(?:: |^)expected [\s\S]*? ((?:not )?to [\s\S]*)$/;
const REPEATS =
  /^(?:not )?to (?:not )?(?:(?:deeply |strictly |loosely )*equal|have a length of|have the same (?:ordered )?members as) /;

/** What was claimed, without the repetition of expected and observed that an assertion library puts behind it. */
export function claimOf(reason: AnyReason): string {
  const { message } = reason;
  const tail = isFull(reason) ? TAIL.exec(message) : null;
  if (tail?.[1] === undefined || !isFull(reason)) return message;
  const repeated = REPEATS.test(tail[1]) || [reason.expected, `to be ${reason.expected}`].includes(tail[1]);
  return (repeated ? message.slice(0, tail.index) : message) || message;
}

/** The reason in one line, for lists. */
export function reasonLine(reason: CaseRecord['reason']): string {
  if (reason === null) return 'no reason was recorded';
  if (!isFull(reason)) return reason.message;
  const claim = claimOf(reason);
  if (claim === reason.expected) return `not so: ${claim}`;
  const one = (value: string): string => readable(value).replaceAll('\n', '; ');
  return claim === reason.message ? claim : `${claim}: ${one(reason.observed)}, expected ${one(reason.expected)}`;
}
