import { generate, parse } from 'coap-packet';
import { findBlock, printBlock } from './block.ts';
import { OPTION, type Option, optionNumber, pathOf, printOption, queryOf } from './options.ts';

/** Message types in the order of their numbers (RFC 7252 3). */
export const TYPES = ['CON', 'NON', 'ACK', 'RST'] as const;
export type MessageType = (typeof TYPES)[number];

/** A well-formed message. `code` is written `2.05`; `0.00` is the empty message. */
export interface Message {
  readonly type: MessageType;
  readonly code: string;
  readonly mid: number;
  readonly token: Buffer;
  readonly options: readonly Option[];
  readonly payload: Buffer;
}

export const EMPTY = '0.00';

/** Request methods (RFC 7252 12.1.1, RFC 8132). */
export const METHOD = {
  GET: '0.01',
  POST: '0.02',
  PUT: '0.03',
  DELETE: '0.04',
  FETCH: '0.05',
  PATCH: '0.06',
  iPATCH: '0.07',
} as const;
export type Method = keyof typeof METHOD;

/** Response codes by number (RFC 7252 12.1.2, 7959, 8132, 8516, 8768). */
export const CODES: Readonly<Record<string, string>> = {
  '0.00': 'Empty',
  '2.01': 'Created',
  '2.02': 'Deleted',
  '2.03': 'Valid',
  '2.04': 'Changed',
  '2.05': 'Content',
  '2.31': 'Continue',
  '4.00': 'Bad Request',
  '4.01': 'Unauthorized',
  '4.02': 'Bad Option',
  '4.03': 'Forbidden',
  '4.04': 'Not Found',
  '4.05': 'Method Not Allowed',
  '4.06': 'Not Acceptable',
  '4.08': 'Request Entity Incomplete',
  '4.09': 'Conflict',
  '4.12': 'Precondition Failed',
  '4.13': 'Request Entity Too Large',
  '4.15': 'Unsupported Content-Format',
  '4.22': 'Unprocessable Entity',
  '4.29': 'Too Many Requests',
  '5.00': 'Internal Server Error',
  '5.01': 'Not Implemented',
  '5.02': 'Bad Gateway',
  '5.03': 'Service Unavailable',
  '5.04': 'Gateway Timeout',
  '5.05': 'Proxying Not Supported',
  '5.08': 'Hop Limit Reached',
};

const METHODS = new Map<string, Method>(Object.entries(METHOD).map(([name, code]) => [code, name as Method]));

/** The method of a request code; undefined for responses, the empty code and unknown methods. */
export function methodOf(code: string): Method | undefined {
  return METHODS.get(code);
}

/** True for codes 0.01 to 0.31. */
export function isRequest(code: string): boolean {
  return code.startsWith('0.') && code !== EMPTY;
}

/** True for codes of the classes 2, 4 and 5. */
export function isResponse(code: string): boolean {
  return code.startsWith('2.') || code.startsWith('4.') || code.startsWith('5.');
}

/** True for a response that says yes. */
export function isSuccess(code: string): boolean {
  return code.startsWith('2.');
}

/** `2.05 Content`, `0.02 POST`, or the bare code where it has no name. */
export function printCode(code: string): string {
  const name = methodOf(code) ?? CODES[code];
  return name === undefined ? code : `${code} ${name}`;
}

/** The bytes of a message. What is not allowed by its type is left to the caller; malformed bytes are written by hand instead. */
export function encode(message: Message): Buffer {
  const { type, code, mid, token, options, payload } = message;
  const head = generate(
    {
      code: METHODS.get(code) ?? code,
      confirmable: type === 'CON',
      ack: type === 'ACK',
      reset: type === 'RST',
      messageId: mid,
      token,
      options: options.map(({ number, value }) => ({ name: String(number), value })),
    },
    MAX_DATAGRAM,
  );
  // The codec turns every payload into text and back to see whether it is empty; in a long transfer that is most of its time.
  return payload.length === 0 ? head : Buffer.concat([head, MARKER, payload]);
}

const MAX_DATAGRAM = 65_507;
const MARKER = Buffer.from([0xff]);

/** The bare 4-octet message: a ping (CON), an acknowledgement, a reset. */
export function emptyMessage(type: MessageType, mid: number): Message {
  return { type, code: EMPTY, mid, token: Buffer.alloc(0), options: [], payload: Buffer.alloc(0) };
}

/** How a message can be malformed, with the place in RFC 7252 that says so. */
export const MALFORMED = {
  short: { clause: '3', text: 'shorter than the 4-octet header' },
  version: { clause: '3', text: 'version is not 1' },
  'token-length': { clause: '3', text: 'token length 9 to 15 is reserved' },
  'token-truncated': { clause: '3', text: 'ends within the token' },
  'option-reserved': { clause: '3.1', text: 'option delta or length 15 is reserved' },
  'option-truncated': { clause: '3.1', text: 'ends within an option' },
  'option-number': { clause: '3.1', text: 'option number above 65535' },
  'marker-without-payload': { clause: '3', text: 'payload marker with nothing after it' },
  'empty-not-empty': { clause: '4.1', text: 'empty message with octets after the message id' },
  'reserved-class': { clause: '4.2', text: 'code of a reserved class (1, 6, 7)' },
  'empty-non': { clause: '4.3', text: 'non-confirmable message that is empty' },
  'ack-with-request': { clause: '4.2', text: 'acknowledgement that carries a request' },
  'reset-not-empty': { clause: '4.2', text: 'reset that is not empty' },
} as const;
export type MalformedRule = keyof typeof MALFORMED;

/** A malformed message and as much of its header as can be read. */
export interface Malformed {
  readonly rule: MalformedRule;
  /** Octet, from 0, at which it shows. */
  readonly at: number;
  readonly type?: MessageType;
  readonly mid?: number;
}

export type Decoded =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly defect: Malformed };

/** Reads one datagram, strictly: whatever RFC 7252 calls a format error is a result, never an exception. */
export function decode(raw: Uint8Array): Decoded {
  const data = Buffer.isBuffer(raw) ? raw : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const bad = (rule: MalformedRule, at: number): Decoded => {
    const head = rule === 'short' || rule === 'version' ? {} : { type: typeOf(data), mid: data.readUInt16BE(2) };
    return { ok: false, defect: { rule, at, ...head } };
  };
  if (data.length < 4) return bad('short', data.length);
  const form = formDefect(data);
  if (form !== undefined) return bad(form.rule, form.at);
  const { code, messageId, token, options, payload } = parse(data);
  const type = typeOf(data);
  const rule = useDefect(type, code);
  if (rule !== undefined) return bad(rule, 1);
  const numbered = options.map(({ name, value }) => ({ number: optionNumber(name), value }));
  return { ok: true, message: { type, code, mid: messageId, token, options: numbered, payload } };
}

function typeOf(data: Buffer): MessageType {
  return TYPES[((data[0] ?? 0) >> 4) & 3] ?? 'CON';
}

/** The first format error of a datagram of at least 4 octets. */
function formDefect(data: Buffer): { rule: MalformedRule; at: number } | undefined {
  const first = data.readUInt8(0);
  const tokenLength = first & 15;
  if (first >> 6 !== 1) return { rule: 'version', at: 0 };
  if (data.readUInt8(1) === 0 && (data.length > 4 || tokenLength > 0)) return { rule: 'empty-not-empty', at: 4 };
  if (tokenLength > 8) return { rule: 'token-length', at: 0 };
  if (data.length < 4 + tokenLength) return { rule: 'token-truncated', at: data.length };
  let number = 0;
  for (let at = 4 + tokenLength; at < data.length; ) {
    const start = at;
    const head = data.readUInt8(at++);
    if (head === 0xff) return at === data.length ? { rule: 'marker-without-payload', at: start } : undefined;
    const delta = head >> 4;
    const length = head & 15;
    if (delta === 15) return { rule: 'option-reserved', at: start };
    const lengthAt = at + extraOctets(delta);
    if (lengthAt > data.length) return { rule: 'option-truncated', at: data.length };
    if (length === 15) return { rule: 'option-reserved', at: start };
    at = lengthAt + extraOctets(length);
    if (at > data.length) return { rule: 'option-truncated', at: data.length };
    number += optionPart(data, delta, lengthAt - extraOctets(delta));
    at += optionPart(data, length, lengthAt);
    if (number > 0xffff) return { rule: 'option-number', at: start };
    if (at > data.length) return { rule: 'option-truncated', at: data.length };
  }
  return undefined;
}

/** How many octets follow the head of an option for its delta or its length. */
function extraOctets(nibble: number): number {
  return nibble === 13 ? 1 : nibble === 14 ? 2 : 0;
}

/** A delta or length, with its further octets (RFC 7252 3.1). */
function optionPart(data: Buffer, nibble: number, at: number): number {
  if (nibble === 13) return data.readUInt8(at) + 13;
  return nibble === 14 ? data.readUInt16BE(at) + 269 : nibble;
}

/** Well-formed, but not in a message of this type. */
function useDefect(type: MessageType, code: string): MalformedRule | undefined {
  if (code !== EMPTY && !isRequest(code) && !isResponse(code)) return 'reserved-class';
  if (type === 'NON' && code === EMPTY) return 'empty-non';
  if (type === 'ACK' && isRequest(code)) return 'ack-with-request';
  if (type === 'RST' && code !== EMPTY) return 'reset-not-empty';
  return undefined;
}

/** `version is not 1 (octet 0, RFC 7252 3)`. */
export function printMalformed({ rule, at }: Malformed): string {
  return `${MALFORMED[rule].text} (octet ${at}, RFC 7252 ${MALFORMED[rule].clause})`;
}

/** One line for timelines: `CON 0.02 POST /swu?if=oic.if.rw mid=7d34 token=ab Content-Format=10000 Block1=0/1/64, 64 octets`. */
export function printMessage(message: Message): string {
  const { type, code, mid, token, options, payload } = message;
  const query = queryOf(options);
  const uri = isRequest(code) ? [`${pathOf(options)}${query.length === 0 ? '' : `?${query.join('&')}`}`] : [];
  const rest = options
    .filter(({ number }) => !isRequest(code) || (number !== OPTION.uriPath && number !== OPTION.uriQuery))
    .map((o) => printBlockOption(o) ?? printOption(o));
  const head = [type, code === EMPTY ? 'empty' : printCode(code), ...uri, `mid=${mid.toString(16).padStart(4, '0')}`];
  const parts = [...head, ...(token.length === 0 ? [] : [`token=${token.toString('hex')}`]), ...rest];
  return parts.join(' ') + (payload.length === 0 ? '' : `, ${payload.length} octets`);
}

function printBlockOption(option: Option): string | undefined {
  if (option.number !== OPTION.block1 && option.number !== OPTION.block2) return undefined;
  const name = option.number === OPTION.block1 ? 'Block1' : 'Block2';
  return `${name}=${printBlock(findBlock([option], option.number))}`;
}
