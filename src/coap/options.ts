/** One option of a message, by number; the value as it stands on the wire. */
export interface Option {
  readonly number: number;
  readonly value: Buffer;
}

type Format = 'empty' | 'opaque' | 'uint' | 'string';

interface OptionRow {
  readonly number: number;
  readonly name: string;
  readonly format: Format;
  /** Allowed value lengths in octets. */
  readonly min: number;
  readonly max: number;
  readonly repeatable?: true;
}

/** The options that the tester knows: RFC 7252 5.10, 7641, 7959, 8613, 8768, 9175, 9177, 7967 and OCF's two version options. */
const ROWS = {
  ifMatch: { number: 1, name: 'If-Match', format: 'opaque', min: 0, max: 8, repeatable: true },
  uriHost: { number: 3, name: 'Uri-Host', format: 'string', min: 1, max: 255 },
  etag: { number: 4, name: 'ETag', format: 'opaque', min: 1, max: 8, repeatable: true },
  ifNoneMatch: { number: 5, name: 'If-None-Match', format: 'empty', min: 0, max: 0 },
  observe: { number: 6, name: 'Observe', format: 'uint', min: 0, max: 3 },
  uriPort: { number: 7, name: 'Uri-Port', format: 'uint', min: 0, max: 2 },
  locationPath: { number: 8, name: 'Location-Path', format: 'string', min: 0, max: 255, repeatable: true },
  oscore: { number: 9, name: 'OSCORE', format: 'opaque', min: 0, max: 255 },
  uriPath: { number: 11, name: 'Uri-Path', format: 'string', min: 0, max: 255, repeatable: true },
  contentFormat: { number: 12, name: 'Content-Format', format: 'uint', min: 0, max: 2 },
  maxAge: { number: 14, name: 'Max-Age', format: 'uint', min: 0, max: 4 },
  uriQuery: { number: 15, name: 'Uri-Query', format: 'string', min: 0, max: 255, repeatable: true },
  hopLimit: { number: 16, name: 'Hop-Limit', format: 'uint', min: 1, max: 1 },
  accept: { number: 17, name: 'Accept', format: 'uint', min: 0, max: 2 },
  qBlock1: { number: 19, name: 'Q-Block1', format: 'uint', min: 0, max: 3 },
  locationQuery: { number: 20, name: 'Location-Query', format: 'string', min: 0, max: 255, repeatable: true },
  block2: { number: 23, name: 'Block2', format: 'uint', min: 0, max: 3 },
  block1: { number: 27, name: 'Block1', format: 'uint', min: 0, max: 3 },
  size2: { number: 28, name: 'Size2', format: 'uint', min: 0, max: 4 },
  qBlock2: { number: 31, name: 'Q-Block2', format: 'uint', min: 0, max: 3, repeatable: true },
  proxyUri: { number: 35, name: 'Proxy-Uri', format: 'string', min: 1, max: 1034 },
  proxyScheme: { number: 39, name: 'Proxy-Scheme', format: 'string', min: 1, max: 255 },
  size1: { number: 60, name: 'Size1', format: 'uint', min: 0, max: 4 },
  echo: { number: 252, name: 'Echo', format: 'opaque', min: 1, max: 40 },
  noResponse: { number: 258, name: 'No-Response', format: 'uint', min: 0, max: 1 },
  requestTag: { number: 292, name: 'Request-Tag', format: 'opaque', min: 0, max: 8, repeatable: true },
  ocfAcceptVersion: { number: 2049, name: 'OCF-Accept-Content-Format-Version', format: 'uint', min: 0, max: 2 },
  ocfVersion: { number: 2053, name: 'OCF-Content-Format-Version', format: 'uint', min: 0, max: 2 },
} as const satisfies Readonly<Record<string, OptionRow>>;

const TABLE: readonly OptionRow[] = Object.values(ROWS);
const BY_NUMBER = new Map(TABLE.map((row) => [row.number, row]));
const BY_NAME = new Map(TABLE.map((row) => [row.name, row]));

/** Option numbers by name: `OPTION.block1` is 27. */
export const OPTION = Object.fromEntries(Object.entries(ROWS).map(([key, row]) => [key, row.number])) as {
  readonly [K in keyof typeof ROWS]: (typeof ROWS)[K]['number'];
};

/** The name of an option as the standards write it, or its number. */
export function optionName(number: number): string {
  return BY_NUMBER.get(number)?.name ?? String(number);
}

/** The number of an option given by name or by number in digits, as the codec gives them. */
export function optionNumber(name: string | number): number {
  return typeof name === 'number' ? name : (BY_NAME.get(name)?.number ?? Number(name));
}

/** A critical option must be understood or the message refused; any other may be ignored (RFC 7252 5.4.1). */
export function isCritical(number: number): boolean {
  return number % 2 === 1;
}

/** An option with a number as value, in the fewest octets; 0 is the empty value (RFC 7252 3.2). */
export function uintOption(number: number, value: number): Option {
  const octets: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return { number, value: Buffer.from(octets) };
}

/** An option with a text as value. */
export function textOption(number: number, text: string): Option {
  return { number, value: Buffer.from(text, 'utf8') };
}

/** The value of an option read as number; leading zeros do no harm. */
export function uintOf(value: Buffer): number {
  if (value.length === 0) return 0;
  // More octets than a number is read from at once are no option of any standard; what they say is then not exact.
  return value.length <= 6 ? value.readUIntBE(0, value.length) : Number.parseInt(value.toString('hex'), 16);
}

/** The first option with this number. */
export function findOption(options: readonly Option[], number: number): Buffer | undefined {
  return options.find((o) => o.number === number)?.value;
}

/** The first option with this number, read as number. */
export function findUint(options: readonly Option[], number: number): number | undefined {
  const value = findOption(options, number);
  return value === undefined ? undefined : uintOf(value);
}

/** All options with this number, read as texts. */
export function findTexts(options: readonly Option[], number: number): string[] {
  return options.filter((o) => o.number === number).map((o) => o.value.toString('utf8'));
}

/** Uri-Path and Uri-Query options of `/oic/res?rt=x`-like parts; path segments may be percent-encoded. */
export function uriOptions(path: string, query: readonly string[] = []): Option[] {
  const segments = path.replace(/^\//, '').split('/');
  const whole = segments.length === 1 && segments[0] === '' ? [] : segments;
  return [
    ...whole.map((s) => textOption(OPTION.uriPath, decodeURIComponent(s))),
    ...query.map((q) => textOption(OPTION.uriQuery, q)),
  ];
}

/** The path of a request, from `/`. */
export function pathOf(options: readonly Option[]): string {
  return `/${findTexts(options, OPTION.uriPath).join('/')}`;
}

/** The query parts of a request. */
export function queryOf(options: readonly Option[]): string[] {
  return findTexts(options, OPTION.uriQuery);
}

/** What is wrong with the options of a message, in words: unknown critical ones, forbidden repetitions, wrong lengths (RFC 7252 5.4). */
export function optionDefects(options: readonly Option[]): string[] {
  const defects: string[] = [];
  // Received options stand in the order of their numbers.
  let before = -1;
  for (const { number, value } of options) {
    const row = BY_NUMBER.get(number);
    if (row === undefined) {
      if (isCritical(number)) defects.push(`unknown critical option ${number}`);
    } else if (number === before && row.repeatable === undefined)
      defects.push(`${row.name} (${number}) stands more than once`);
    else if (value.length < row.min || value.length > row.max)
      defects.push(`${row.name} (${number}) has ${value.length} octets, allowed are ${row.min} to ${row.max}`);
    before = number;
  }
  return defects;
}

/** `Content-Format=10000`, `Uri-Path=oic`, `ETag=1a2b`, `2054=00`; Block options are printed by `printBlock`. */
export function printOption({ number, value }: Option): string {
  const name = optionName(number);
  switch (BY_NUMBER.get(number)?.format) {
    case 'uint':
      return `${name}=${uintOf(value)}`;
    case 'string':
      return `${name}=${value.toString('utf8')}`;
    case 'empty':
      return name;
    case 'opaque':
    case undefined:
      return `${name}=${value.toString('hex')}`;
  }
}
