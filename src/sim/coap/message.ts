import { generate, parse } from 'coap-packet';

export type MessageType = 'CON' | 'NON' | 'ACK' | 'RST';

export interface Option {
  readonly number: number;
  readonly value: Buffer;
}

/** One CoAP message (RFC 7252 section 3). `code` as the standards print it: `0.01` GET, `2.05` Content. */
export interface Message {
  readonly type: MessageType;
  readonly code: string;
  readonly mid: number;
  readonly token: Buffer;
  readonly options: readonly Option[];
  readonly payload: Buffer;
}

export const EMPTY = '0.00';
export const METHOD = {
  get: '0.01',
  post: '0.02',
  put: '0.03',
  delete: '0.04',
  fetch: '0.05',
  ipatch: '0.07',
} as const;

/** Option numbers; those in `UNDERSTOOD` may come in a request without being refused as unknown critical options. */
export const OPTION = {
  uriHost: 3,
  etag: 4,
  observe: 6,
  uriPort: 7,
  locationPath: 8,
  uriPath: 11,
  contentFormat: 12,
  maxAge: 14,
  uriQuery: 15,
  accept: 17,
  block2: 23,
  block1: 27,
  size2: 28,
  size1: 60,
} as const;

const NUMBER_BY_NAME: Readonly<Record<string, number>> = {
  'If-Match': 1,
  'Uri-Host': 3,
  ETag: 4,
  'If-None-Match': 5,
  Observe: 6,
  'Uri-Port': 7,
  'Location-Path': 8,
  OSCORE: 9,
  'Uri-Path': 11,
  'Content-Format': 12,
  'Max-Age': 14,
  'Uri-Query': 15,
  'Hop-Limit': 16,
  Accept: 17,
  'Q-Block1': 19,
  'Location-Query': 20,
  Block2: 23,
  Block1: 27,
  Size2: 28,
  'Q-Block2': 31,
  'Proxy-Uri': 35,
  'Proxy-Scheme': 39,
  Size1: 60,
  'No-Response': 258,
  'OCF-Accept-Content-Format-Version': 2049,
  'OCF-Content-Format-Version': 2053,
};

/** A datagram that is no message; type and mid where its first four octets could be read, so that a CON can be reset. */
export interface Malformed {
  readonly malformed: string;
  readonly type?: MessageType;
  readonly mid?: number;
}

const TYPES: readonly MessageType[] = ['CON', 'NON', 'ACK', 'RST'];
const MAX_DATAGRAM = 65_535;

/** Reads one datagram. What the codec would not write back octet by octet (a length past the end, a marker without payload) is malformed. */
export function readMessage(data: Buffer): Message | Malformed {
  const [first] = data;
  if (first === undefined || data.length < 4) return { malformed: `${data.length} octets are no message` };
  const type = TYPES[(first >> 4) & 3];
  const mid = data.readUInt16BE(2);
  if (type === undefined || first >> 6 !== 1) return { malformed: `version ${first >> 6}` };
  if ((first & 15) > 8) return { malformed: `token length ${first & 15}`, type, mid };
  try {
    const { code, token, options, payload } = parse(data);
    const message: Message = { type, code, mid, token, options: options.map(numbered), payload };
    if (writeMessage(message).equals(data)) return message;
    return { malformed: 'lengths that do not add up', type, mid };
  } catch (thrown) {
    return { malformed: thrown instanceof Error ? thrown.message : String(thrown), type, mid };
  }
}

function numbered(option: { name: string | number; value: Buffer }): Option {
  return { number: NUMBER_BY_NAME[option.name] ?? Number(option.name), value: option.value };
}

export function writeMessage(message: Message): Buffer {
  const { type, code, mid, token, options, payload } = message;
  return generate(
    {
      code,
      messageId: mid,
      token,
      payload,
      options: options.map(({ number, value }) => ({ name: number, value })),
      confirmable: type === 'CON',
      ack: type === 'ACK',
      reset: type === 'RST',
    },
    MAX_DATAGRAM,
  );
}

/** A message of four octets: an empty acknowledgement or a reset. */
export function emptyMessage(type: 'ACK' | 'RST', mid: number): Message {
  return { type, code: EMPTY, mid, token: Buffer.alloc(0), options: [], payload: Buffer.alloc(0) };
}

/** An option whose value is an unsigned number, in as few octets as it needs (0: none). */
export function uintOption(number: number, value: number): Option {
  const octets: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return { number, value: Buffer.from(octets) };
}

export function textOption(number: number, text: string): Option {
  return { number, value: Buffer.from(text) };
}

/** The first option of that number as an unsigned number; undefined where there is none. */
export function uintOf(message: { readonly options: readonly Option[] }, number: number): number | undefined {
  const option = message.options.find((o) => o.number === number);
  return option?.value.reduce((sum, octet) => sum * 256 + octet, 0);
}

/** All options of that number as text: path segments, queries. */
export function textsOf(message: { readonly options: readonly Option[] }, number: number): string[] {
  return message.options.flatMap((o) => (o.number === number ? [o.value.toString()] : []));
}

/** `/oc/swu` */
export function pathOf(message: { readonly options: readonly Option[] }): string {
  return `/${textsOf(message, OPTION.uriPath).join('/')}`;
}

/** Options for a path such as `/oc/swu` and queries such as `if=oic.if.rw`. */
export function uriOptions(path: string, queries: readonly string[] = []): Option[] {
  const segments = path.split('/').filter((segment) => segment !== '');
  return [
    ...segments.map((segment) => textOption(OPTION.uriPath, segment)),
    ...queries.map((query) => textOption(OPTION.uriQuery, query)),
  ];
}
