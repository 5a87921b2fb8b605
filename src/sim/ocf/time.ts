/** What a device makes of a date-time beyond RFC 3339 to the letter. */
export interface TimeReading {
  /** Takes second 60 as the start of the next minute. */
  readonly leapSecond?: boolean;
  /** Takes a time without seconds. */
  readonly withoutSeconds?: boolean;
  /** Wrong devices: 30 February becomes 1 or 2 March. */
  readonly rollsDays?: boolean;
  /** Wrong devices: the offset is dropped, or counted in the wrong direction. */
  readonly offset?: 'dropped' | 'reversed';
}

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const MINUTE_MS = 60_000;

/** Unix milliseconds of an RFC 3339 date-time, or undefined where the text is none. */
export function readTime(text: string, reading: TimeReading = {}): number | undefined {
  const found = DATE_TIME.exec(text);
  if (found === null) return undefined;
  const [year, month, day, hour, minute] = found.slice(1, 6).map(Number) as [number, number, number, number, number];
  const [seconds, fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = found.slice(6);
  if (seconds === undefined && reading.withoutSeconds !== true) return undefined;
  const second = Number(seconds ?? 0);
  if (second > (reading.leapSecond === true ? 60 : 59)) return undefined;
  if (hour > 23 || minute > 59 || Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const rolled = date.getUTCMonth() !== month - 1;
  if (month < 1 || month > 12 || day < 1 || day > 31 || (rolled && reading.rollsDays !== true)) return undefined;
  date.setUTCHours(hour, minute, second);
  const ms = date.getTime() + Number(`0${fraction}`) * 1000;
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * MINUTE_MS * (sign === '-' ? -1 : 1);
  if (reading.offset === 'dropped') return ms;
  return reading.offset === 'reversed' ? ms + offset : ms - offset;
}

/** RFC 3339 in UTC; milliseconds only where there are any: `2030-01-09T14:30:00Z`. */
export function writeTime(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
