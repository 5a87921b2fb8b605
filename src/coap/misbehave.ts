import { blockOption, findBlock } from './block.ts';
import type { Message } from './message.ts';
import { OPTION, type Option, uintOption } from './options.ts';

/**
 * What a route of the tester's server does wrong on purpose. Block numbers count from 0 in the size in use, for uploads (Block1) and downloads (Block2) alike;
 * a request without block options is block 0.
 */
export interface Behaviour {
  /** Every request is answered with this code and nothing else: `4.04`, `5.03`. */
  readonly code?: string;
  /** From this block on: this code. 4.13 and 4.08 for uploads. */
  readonly codeAt?: { readonly num: number; readonly code: string };
  /** From this block on: no answer and no acknowledgement. */
  readonly silentAt?: number;
  /** From this block on: acknowledged, never answered. */
  readonly stallAt?: number;
  /** Every answer comes this much later, real ms, as a separate response. */
  readonly delayMs?: number;
  /** The same for every octet of its payload: a whole body takes as long whatever the size of its blocks. */
  readonly octetMs?: number;
  /** In place of this block: the number of the next one. */
  readonly skipAt?: number;
  /** This block is one octet short. */
  readonly shortAt?: number;
  /** From this block on: another ETag. */
  readonly etagAt?: number;
  /** This block claims to be the last. */
  readonly endAt?: number;
  /** Size2 says so. */
  readonly size2?: number;
  /** Answers lack Block1. */
  readonly noBlock1?: true;
  /** Block options name twice the size that was asked for or sent. */
  readonly grow?: true;
}

/** What is to be done with an answer. */
export type Spoilt =
  | { readonly kind: 'answer'; readonly message: Message }
  | { readonly kind: 'silent' }
  | { readonly kind: 'stall' };

/** Applies a behaviour to the right answer to block `num`. */
export function spoil(message: Message, num: number, behaviour: Behaviour): Spoilt {
  const from = (at: number | undefined): boolean => at !== undefined && num >= at;
  if (from(behaviour.silentAt)) return { kind: 'silent' };
  if (from(behaviour.stallAt)) return { kind: 'stall' };
  const code = from(behaviour.codeAt?.num) ? behaviour.codeAt?.code : behaviour.code;
  if (code !== undefined) {
    const echo = message.options.filter((o) => o.number === OPTION.block1 && !behaviour.noBlock1);
    return { kind: 'answer', message: { ...message, code, options: echo, payload: Buffer.alloc(0) } };
  }
  const options = message.options.flatMap((o) => spoilOption(o, num, behaviour));
  const payload = behaviour.shortAt === num ? message.payload.subarray(0, -1) : message.payload;
  return { kind: 'answer', message: { ...message, options, payload } };
}

function spoilOption(option: Option, num: number, behaviour: Behaviour): Option[] {
  const { number, value } = option;
  if (number === OPTION.etag && behaviour.etagAt !== undefined && num >= behaviour.etagAt)
    return [{ number, value: Buffer.from(value.map((octet) => octet ^ 0xff)) }];
  if (number === OPTION.size2 && behaviour.size2 !== undefined) return [uintOption(number, behaviour.size2)];
  if (number === OPTION.block1 && behaviour.noBlock1) return [];
  if (number !== OPTION.block1 && number !== OPTION.block2) return [option];
  const block = findBlock([option], number);
  if (block === undefined) return [option];
  const skip = number === OPTION.block2 && behaviour.skipAt === num ? 1 : 0;
  const more = block.more && behaviour.endAt !== num;
  return [blockOption(number, { num: block.num + skip, more, szx: block.szx + (behaviour.grow ? 1 : 0) })];
}
