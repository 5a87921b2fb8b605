import { findOption, OPTION, type Option, uintOf, uintOption } from './options.ts';

/** The value of a Block1 or Block2 option (RFC 7959 2.2). */
export interface Block {
  /** Which block, in units of its size. */
  readonly num: number;
  /** M: more blocks follow. */
  readonly more: boolean;
  /** Size exponent; 0 to 6 stand for 16 to 1024 octets, 7 is reserved. */
  readonly szx: number;
}

/** The largest size exponent over UDP: 1024 octets. */
export const MAX_SZX = 6;

/** Octets per block; of the reserved exponent 7 what the formula gives. */
export function blockSize(szx: number): number {
  return 16 << szx;
}

/** Where in the body the block begins, in octets. */
export function blockOffset(block: Block): number {
  return block.num * blockSize(block.szx);
}

/** Any number, M and exponent from 0 to 7, also those that no standard allows. */
export function blockOption(number: typeof OPTION.block1 | typeof OPTION.block2, block: Block): Option {
  return uintOption(number, block.num * 16 + (block.more ? 8 : 0) + block.szx);
}

/** The Block1 or Block2 option of a message. */
export function findBlock(
  options: readonly Option[],
  number: typeof OPTION.block1 | typeof OPTION.block2,
): Block | undefined {
  const value = findOption(options, number);
  if (value === undefined) return undefined;
  const n = uintOf(value);
  return { num: Math.floor(n / 16), more: (n & 8) !== 0, szx: n & 7 };
}

/** `3/1/64` as RFC 7959 writes it: number, M, octets. */
export function printBlock(block: Block | undefined): string {
  return block === undefined ? 'no block option' : `${block.num}/${block.more ? 1 : 0}/${blockSize(block.szx)}`;
}
