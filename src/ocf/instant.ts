const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|([+-])(\d\d):(\d\d))$/i;
const MINUTE_MS = 60_000;

/** The instant that an RFC 3339 text names, as Unix milliseconds; undefined where it names none. A leap second counts as the second after. */
export function instantOf(text: unknown): number | undefined {
  const part = typeof text === 'string' ? RFC3339.exec(text) : null;
  if (part === null) return undefined;
  const field = (n: number): number => Number(part[n] ?? 0);
  const [year, month, day, hour, minute, second] = [field(1), field(2), field(3), field(4), field(5), field(6)];
  const days = new Date(Date.UTC(2000, month, 0));
  if (month < 1 || month > 12 || day < 1 || day > days.getUTCDate() || (month === 2 && day === 29 && !isLeap(year)))
    return undefined;
  if (hour > 23 || minute > 59 || second > 60 || field(10) > 23 || field(11) > 59) return undefined;
  const offset = (field(10) * 60 + field(11)) * MINUTE_MS * (part[9] === '-' ? -1 : 1);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const clock = (hour * 60 + minute) * MINUTE_MS + second * 1000 + Math.trunc(Number(`0${part[7] ?? ''}`) * 1000);
  return date.getTime() + clock - offset;
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/** `2030-01-09T14:30:00Z`: whole seconds, as every device must understand; rounds up. */
export function printInstant(unixMs: number): string {
  return `${new Date(Math.ceil(unixMs / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

/** True where both texts name one instant, to the second: a device may drop fractions. */
export function sameInstant(a: unknown, b: unknown): boolean {
  const [x, y] = [instantOf(a), instantOf(b)];
  return x !== undefined && y !== undefined && Math.floor(x / 1000) === Math.floor(y / 1000);
}
