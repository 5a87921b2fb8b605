import { type Block, blockOffset, blockOption, blockSize, findBlock, MAX_SZX, printBlock } from './block.ts';
import type { Report } from './findings.ts';
import { findUint, OPTION, type Option, uintOption } from './options.ts';

/** What a block of an upload is answered with, short of the handler's own answer. */
export interface BlockAnswer {
  readonly code: string;
  readonly options: readonly Option[];
}

/** What became of one Block1 request. */
export type Received =
  /** Answer this; the body is not whole. */
  | { readonly kind: 'answer'; readonly answer: BlockAnswer }
  /** The body is whole; the final answer carries `echo`. */
  | { readonly kind: 'whole'; readonly body: Buffer; readonly echo: Option };

interface Upload {
  readonly parts: Buffer[];
  offset: number;
  /** Agreed size exponent. */
  szx: number;
  size1: number | undefined;
}

/** What a receiver accepts. */
export interface UploadLimits {
  /** Largest block size exponent; a sender that starts larger is asked to come down. */
  readonly szx: number;
  readonly octets: number;
}

/** Receives bodies block by block (Block1, RFC 7959 2.5), one for every key: peer, method, path, query, Request-Tag; tokens do not matter. */
export class Uploads {
  private readonly open = new Map<string, Upload>();

  /** Takes one block. Anything out of order is reported and answered as the standard says, never mended. */
  take(
    key: string,
    block: Block,
    options: readonly Option[],
    payload: Buffer,
    limits: UploadLimits,
    report: Report,
    at: number,
  ): Received {
    const refuse = (code: string, ...options: Option[]): Received => {
      this.open.delete(key);
      return { kind: 'answer', answer: { code, options: [blockOption(OPTION.block1, block), ...options] } };
    };
    const observed = `block ${printBlock(block)} with ${payload.length} octets`;
    if (block.szx > MAX_SZX) {
      report('upload-reserved', 'size exponent 0 to 6', observed, at);
      return refuse('4.00');
    }
    const upload = this.find(key, block, options, report, at);
    const offset = blockOffset(block);
    if (offset > upload.offset || (offset < upload.offset && !this.isRepetition(upload, offset, payload))) {
      report('upload-number', `octets from ${upload.offset}`, observed, at);
      return refuse('4.08');
    }
    const fits = block.more ? payload.length === blockSize(block.szx) : payload.length <= blockSize(block.szx);
    if (!fits) {
      report('upload-length', `${blockSize(block.szx)} octets`, observed, at);
      return refuse('4.00');
    }
    if (offset + payload.length > limits.octets) return refuse('4.13', uintOption(OPTION.size1, limits.octets));
    if (block.szx > upload.szx)
      report('upload-grew', `blocks of ${blockSize(upload.szx)} octets or less`, observed, at);
    upload.szx = Math.min(upload.szx, block.szx, limits.szx);
    if (offset < upload.offset) report('upload-repeated', `octets from ${upload.offset}`, observed, at);
    else {
      upload.parts.push(payload);
      upload.offset += payload.length;
    }
    const echo = blockOption(OPTION.block1, { num: block.num, more: block.more, szx: Math.min(block.szx, upload.szx) });
    if (block.more) return { kind: 'answer', answer: { code: '2.31', options: [echo] } };
    this.open.delete(key);
    const { size1 } = upload;
    if (size1 !== undefined && size1 !== upload.offset)
      report('upload-size1', `Size1 ${upload.offset} as sent`, `Size1 ${size1}`, at);
    return { kind: 'whole', body: Buffer.concat(upload.parts), echo };
  }

  /** Drops every upload whose key begins so. */
  forget(prefix: string): void {
    for (const key of this.open.keys()) if (key.startsWith(prefix)) this.open.delete(key);
  }

  private find(key: string, block: Block, options: readonly Option[], report: Report, at: number): Upload {
    const old = this.open.get(key);
    const again = block.num === 0 && old !== undefined && old.offset > blockSize(block.szx);
    if (again) report('upload-restarted', `octets from ${old.offset}`, `block ${printBlock(block)}`, at);
    if (old !== undefined && !again) return old;
    const upload = { parts: [], offset: 0, szx: MAX_SZX, size1: findUint(options, OPTION.size1) };
    this.open.set(key, upload);
    return upload;
  }

  /** The latest block once more, under a new message id: its answer was lost and the sender does not repeat messages but requests. */
  private isRepetition(upload: Upload, offset: number, payload: Buffer): boolean {
    const last = upload.parts.at(-1);
    return last !== undefined && offset === upload.offset - last.length && last.equals(payload);
  }
}

/** The part of a body that a request asks for. */
export interface Slice {
  readonly options: readonly Option[];
  readonly payload: Buffer;
  /** Of the body, from 0. */
  readonly num: number;
  /** Ends the body. */
  readonly last: boolean;
}

/**
 * Cuts the block asked for out of a body (Block2, RFC 7959 2.4); a small body that nobody asked to have cut stays whole. Undefined: past the end.
 * @param szx Largest size exponent that the server uses.
 */
export function sliceOf(body: Buffer, asked: Block | undefined, szx: number): Slice | undefined {
  if (asked === undefined && body.length <= blockSize(szx)) return { options: [], payload: body, num: 0, last: true };
  const wanted = asked ?? { num: 0, more: false, szx };
  const used = Math.min(wanted.szx, szx);
  const offset = blockOffset(wanted);
  if (offset > 0 && offset >= body.length) return undefined;
  const end = offset + blockSize(used);
  const num = offset / blockSize(used);
  const last = end >= body.length;
  const size2 = num === 0 && !last ? [uintOption(OPTION.size2, body.length)] : [];
  const block = blockOption(OPTION.block2, { num, more: !last, szx: used });
  return { options: [block, ...size2], payload: body.subarray(offset, end), num, last };
}

/** The Block2 request of a message, with what is wrong with it reported. */
export function askedBlock(options: readonly Option[], report: Report, at: number): Block | 'reserved' | undefined {
  const block = findBlock(options, OPTION.block2);
  if (block === undefined) return undefined;
  if (block.more) report('download-more', 'M clear', `Block2 ${printBlock(block)}`, at);
  if (block.szx <= MAX_SZX) return block;
  report('download-reserved', 'size exponent 0 to 6', `Block2 ${printBlock(block)}`, at);
  return 'reserved';
}
