import { createHash } from 'node:crypto';
import { printPeer } from '../../link/wire.ts';
import type { Answer, Handler, Reply, Request } from './endpoint.ts';
import { type Message, METHOD, type Option, OPTION, uintOf, uintOption } from './message.ts';

/** A Block1 or Block2 option (RFC 7959 section 2.2). */
export interface Block {
  readonly num: number;
  readonly more: boolean;
  /** Size exponent: blocks of 2^(szx+4) octets; 7 is reserved. */
  readonly szx: number;
}

export function blockSize(szx: number): number {
  return 2 ** (szx + 4);
}

export function blockOf(message: { readonly options: readonly Option[] }, number: number): Block | undefined {
  const value = uintOf(message, number);
  return value === undefined ? undefined : { num: value >>> 4, more: (value & 8) !== 0, szx: value & 7 };
}

export function blockOption(number: number, block: Block): Option {
  return uintOption(number, block.num * 16 + (block.more ? 8 : 0) + block.szx);
}

export interface BlockLimits {
  /** Largest block that the device sends and asks for. */
  readonly szx: number;
  /** Largest request body that it collects, in octets. */
  readonly maxBody: number;
}

/** Cuts a reply to the block that the request asks for, or to the device's own size; small replies to plain requests pass unchanged. */
export function cut(reply: Reply, request: Message, limits: BlockLimits): Reply {
  const asked = blockOf(request, OPTION.block2);
  const body = reply.payload ?? Buffer.alloc(0);
  const szx = Math.min(asked?.szx ?? limits.szx, limits.szx);
  const size = blockSize(szx);
  if (!reply.code.startsWith('2.') || (body.length <= size && (asked === undefined || asked.num === 0))) return reply;
  // The number counts in the size that the client used; where we use a smaller one it is a later block.
  const num = (asked?.num ?? 0) * 2 ** ((asked?.szx ?? szx) - szx);
  const from = num * size;
  if (from >= body.length) return { code: '4.00' };
  const more = body.length > from + size;
  const etag = createHash('sha256').update(body).digest().subarray(0, 4);
  const options = [
    ...(reply.options ?? []),
    { number: OPTION.etag, value: etag },
    blockOption(OPTION.block2, { num, more, szx }),
    ...(num === 0 ? [uintOption(OPTION.size2, body.length)] : []),
  ];
  return { code: reply.code, options, payload: body.subarray(from, from + size) };
}

/**
 * Puts block-wise transfer around a handler, which then sees whole requests and gives whole replies. The blocks of a request belong
 * together by peer, method and URI, whatever their tokens.
 */
export function blockwise(inner: Handler, limits: BlockLimits): Handler {
  const bodies = new Map<string, Buffer>();
  const replies = new Map<string, Reply>();
  const finish = (answer: Answer, request: Request, key: string, echo: readonly Option[]): Answer => {
    if (typeof answer === 'string') return answer;
    const reply = { ...answer, options: [...(answer.options ?? []), ...echo] };
    // Later blocks of the answer to a POST are fetched by repeating it: they must not run it again.
    if (request.message.code !== METHOD.get) replies.set(key, answer);
    return cut(reply, request.message, limits);
  };
  return async (request) => {
    const { message } = request;
    const key = exchangeKey(request);
    const block1 = blockOf(message, OPTION.block1);
    const block2 = blockOf(message, OPTION.block2);
    if (block1?.szx === 7 || block2?.szx === 7) return { code: '4.00' };
    if (block1 === undefined) {
      const before = block2 !== undefined && block2.num > 0 ? replies.get(key) : undefined;
      if (before !== undefined) return cut(before, message, limits);
      return finish(await inner(request), request, key, []);
    }
    const gathered = gather(bodies, key, message, block1, limits);
    if ('code' in gathered) return gathered;
    const echo = [blockOption(OPTION.block1, block1)];
    return finish(await inner({ ...request, message: { ...message, payload: gathered } }), request, key, echo);
  };
}

function exchangeKey({ from, message }: Request): string {
  const uri = message.options.filter((o) => o.number === OPTION.uriPath || o.number === OPTION.uriQuery);
  return [printPeer(from), message.code, ...uri.map((o) => `${o.number}=${o.value.toString()}`)].join(' ');
}

/** Adds one block to its body: the whole body once it is complete, else the reply to this block. */
function gather(
  bodies: Map<string, Buffer>,
  key: string,
  message: Message,
  block: Block,
  limits: BlockLimits,
): Buffer | Reply {
  const size = blockSize(block.szx);
  const at = block.num * size;
  const echo = [blockOption(OPTION.block1, block)];
  const before = block.num === 0 ? Buffer.alloc(0) : bodies.get(key);
  if (before === undefined || before.length < at) return { code: '4.08', options: echo };
  if (message.payload.length > size || (block.more && message.payload.length !== size)) return { code: '4.00' };
  if (at + message.payload.length > limits.maxBody) {
    bodies.delete(key);
    return { code: '4.13', options: [...echo, uintOption(OPTION.size1, limits.maxBody)] };
  }
  const body = Buffer.concat([before.subarray(0, at), message.payload]);
  if (!block.more) {
    bodies.delete(key);
    return body;
  }
  bodies.set(key, body);
  return { code: '2.31', options: echo };
}
