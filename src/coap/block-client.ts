import { type Block, blockOffset, blockOption, blockSize, findBlock, MAX_SZX, printBlock } from './block.ts';
import type { Outgoing, Step, StepReply } from './exchange.ts';
import type { Report, Rule } from './findings.ts';
import { isSuccess, type Message, printCode } from './message.ts';
import { findOption, findUint, OPTION, type Option, printOption, uintOption } from './options.ts';

/** One exchange with the device, the rest of its parameters fixed. */
export type Ask = (outgoing: Pick<Outgoing, 'options' | 'payload'>) => Promise<Step>;

/** What both directions of a transfer need. */
export interface Transfer {
  readonly ask: Ask;
  /** Options that every block carries. */
  readonly base: readonly Option[];
  readonly report: Report;
  /** Stops on purpose after so many blocks. */
  readonly stopAfterBlocks?: number | undefined;
  /** An upload begins anew in smaller blocks where 4.13 asks for them (RFC 7959 2.9.3). */
  readonly restartSmaller?: boolean | undefined;
}

const CONTINUE = '2.31';

/** How a block-wise upload ended: with the step that ended it, and how many octets the device had accepted before. */
export interface Uploaded {
  readonly step: Step;
  readonly acceptedOctets: number;
}

/**
 * Sends a body in blocks (Block1, RFC 7959 2.5), from block 0 to the last or to the first answer that ends the transfer. A smaller block size asked for by the
 * device is taken up; everything else that is out of order is reported, not repaired.
 */
export async function upload(transfer: Transfer, body: Buffer, wanted: number): Promise<Uploaded> {
  const { ask, base, report } = transfer;
  let szx = wanted;
  let offset = 0;
  for (let blocks = 1; ; blocks++) {
    const size = blockSize(szx);
    const payload = body.subarray(offset, offset + size);
    const sent: Block = { num: offset / size, more: offset + size < body.length, szx };
    const size1 = offset === 0 ? [uintOption(OPTION.size1, body.length)] : [];
    const step = await ask({ options: [...base, blockOption(OPTION.block1, sent), ...size1], payload });
    if (step.kind !== 'reply') return { step, acceptedOctets: offset };
    const smaller = transfer.restartSmaller === true ? smallerSize(step.message, sent) : undefined;
    if (smaller !== undefined) {
      [szx, offset] = [smaller, 0];
      continue;
    }
    const goOn = checkUploadAnswer(step, sent, report);
    if (isSuccess(step.message.code)) offset += payload.length;
    if (!goOn || blocks === transfer.stopAfterBlocks) return { step, acceptedOctets: offset };
    szx = Math.min(szx, findBlock(step.message.options, OPTION.block1)?.szx ?? szx);
  }
}

/** The smaller block size with which a refusal as too large asks for another attempt. */
function smallerSize({ code, options }: Message, sent: Block): number | undefined {
  const hint = findBlock(options, OPTION.block1)?.szx ?? sent.szx;
  return code === '4.13' && hint < sent.szx ? hint : undefined;
}

/** Reports what is wrong with the answer to one block; true if the next block may follow. */
function checkUploadAnswer({ message, n }: StepReply, sent: Block, report: Report): boolean {
  const { code, options } = message;
  const echoed = findBlock(options, OPTION.block1);
  const { rules, goOn } = judgeUploadAnswer(code, echoed, sent);
  for (const rule of rules) {
    const expected = `${sent.more ? printCode(CONTINUE) : 'a final answer'} to block ${printBlock(sent)}`;
    report(rule, expected, `${printCode(code)} with ${printBlock(echoed)}`, n);
  }
  return goOn;
}

/** The rules that an answer to one block breaks, and whether the next block may follow. */
function judgeUploadAnswer(code: string, echoed: Block | undefined, sent: Block): { rules: Rule[]; goOn: boolean } {
  const asksForMore = code === CONTINUE;
  if (!isSuccess(code)) return { rules: sent.more ? ['block1-stopped'] : [], goOn: false };
  if (asksForMore && !sent.more) return { rules: ['block1-endless'], goOn: false };
  if (echoed === undefined) {
    return { rules: [sent.more && !asksForMore ? 'block1-early' : 'block1-missing'], goOn: sent.more && asksForMore };
  }
  const rules: Rule[] = [];
  if (echoed.num !== sent.num) rules.push('block1-number');
  if (echoed.szx > MAX_SZX) rules.push('block1-reserved');
  else if (echoed.szx > sent.szx) rules.push('block1-grew');
  // A server that acts on each block by itself answers each with a final code and M clear (RFC 7959 2.3): no fault, the rest follows.
  if (echoed.more !== asksForMore) rules.push('block1-more');
  return { rules, goOn: sent.more && echoed.num === sent.num };
}

/** How a block-wise download ended. */
export interface Downloaded {
  /** The last step; a reply unless the device fell silent or reset. */
  readonly step: Step;
  /** What was gathered in order. */
  readonly body: Buffer;
  readonly complete: boolean;
}

/**
 * Gathers a body that may come in blocks (Block2, RFC 7959 2.4), given the first response. Ends at the last block or at the first one that does not follow:
 * a body is never patched together from what was not asked for.
 * @param asked Size exponent that the first request asked for; undefined where it asked for none.
 * @param limit Largest exponent to ask for in the requests that follow.
 */
export async function download(
  transfer: Transfer,
  first: StepReply,
  asked: number | undefined,
  limit: number,
): Promise<Downloaded> {
  const { ask, base, report } = transfer;
  const parts: Buffer[] = [];
  const check = new DownloadCheck(first, asked, report);
  let step = first;
  for (let blocks = 1; ; blocks++) {
    const block = findBlock(step.message.options, OPTION.block2);
    const goOn = check.next(step, block);
    if (goOn !== 'stop') parts.push(step.message.payload);
    if (goOn !== 'more' || block === undefined || blocks === transfer.stopAfterBlocks)
      return { step, body: Buffer.concat(parts), complete: goOn === 'end' };
    const szx = Math.min(block.szx, limit);
    const num = check.offset / blockSize(szx);
    const answer = await ask({ options: [...base, blockOption(OPTION.block2, { num, more: false, szx })] });
    if (answer.kind !== 'reply') return { step: answer, body: Buffer.concat(parts), complete: false };
    check.asked = { num, more: false, szx };
    step = answer;
  }
}

/** `more`: the block fits and others follow; `end`: it was the last; `stop`: it does not continue the body. */
type Next = 'more' | 'end' | 'stop';

/**
 * A message that ends an upload which stopped half-way: a final block with a gap before it, which a conforming server answers with 4.08 and forgets
 * (RFC 7959 2.9.2). It is never taken for the end of the body.
 * @param sentBlocks How many blocks of this size were sent.
 */
export function closingBlock(
  base: readonly Option[],
  sentBlocks: number,
  szx: number,
): Pick<Outgoing, 'options' | 'payload'> {
  const block = { num: sentBlocks + 1, more: false, szx };
  return { options: [...base, blockOption(OPTION.block1, block)], payload: Buffer.alloc(1) };
}

/** What one download has shown so far; reports what does not fit. */
class DownloadCheck {
  /** Octets gathered. */
  offset = 0;
  /** The block asked for. */
  asked: Block;
  private readonly first: Message;
  private readonly report: Report;
  /** The first request named no size: the device chooses. */
  private readonly free: boolean;

  constructor(first: StepReply, asked: number | undefined, report: Report) {
    this.first = first.message;
    this.report = report;
    this.free = asked === undefined;
    this.asked = { num: 0, more: false, szx: asked ?? MAX_SZX };
  }

  next({ message, n }: StepReply, block: Block | undefined): Next {
    const { rules, next } = this.judge(message, block);
    for (const rule of rules) {
      const { code, options, payload } = message;
      const observed = `${printCode(code)} with ${printBlock(block)}, ${payload.length} octets, ${printBody(options)}`;
      const before = this.offset > 0 ? `, ${printCode(this.first.code)}, ${printBody(this.first.options)}` : '';
      this.report(rule, `block ${printBlock(this.asked)} (octets from ${this.offset}${before})`, observed, n);
    }
    if (next !== 'stop') this.offset += message.payload.length;
    return next;
  }

  /** The rules that a block breaks, and what it means for the transfer. */
  private judge(message: Message, block: Block | undefined): { rules: Rule[]; next: Next } {
    const { code, options, payload } = message;
    const begun = this.offset > 0;
    if (begun && code !== this.first.code) return { rules: ['block2-stopped'], next: 'stop' };
    if (block === undefined) {
      if (begun) return { rules: ['block2-missing'], next: 'stop' };
      const small = this.free || payload.length <= blockSize(this.asked.szx) || !isSuccess(code);
      return { rules: small ? [] : ['block2-missing'], next: 'end' };
    }
    if (block.szx > MAX_SZX) return { rules: ['block2-reserved'], next: 'stop' };
    const rules: Rule[] = [];
    if (block.szx > this.asked.szx) rules.push('block2-grew');
    if (begun && block.szx < this.asked.szx) rules.push('block2-changed');
    const stop = (rule: Rule): { rules: Rule[]; next: Next } => ({ rules: [...rules, rule], next: 'stop' });
    if (blockOffset(block) !== this.offset) return stop('block2-number');
    if (begun && valueOf(options, OPTION.contentFormat) !== valueOf(this.first.options, OPTION.contentFormat))
      rules.push('block2-format');
    if (begun && valueOf(options, OPTION.etag) !== valueOf(this.first.options, OPTION.etag)) return stop('block2-etag');
    const size = blockSize(block.szx);
    const fits = block.more ? payload.length === size : payload.length <= size && (payload.length > 0 || !begun);
    if (!fits) return stop('block2-length');
    const octets = this.offset + payload.length;
    const size2 = findUint(options, OPTION.size2) ?? findUint(this.first.options, OPTION.size2) ?? octets;
    // More than announced shows before the end comes, if it ever does.
    if (block.more ? octets > size2 : octets !== size2) rules.push('block2-size2');
    if (begun && !block.more && findOption(this.first.options, OPTION.etag) === undefined) rules.push('block2-no-etag');
    return { rules, next: block.more ? 'more' : 'end' };
  }
}

function valueOf(options: readonly Option[], number: number): string | undefined {
  return findOption(options, number)?.toString('hex');
}

/** What tells one body from another. */
function printBody(options: readonly Option[]): string {
  const shown = options.filter(
    ({ number }) => number === OPTION.etag || number === OPTION.contentFormat || number === OPTION.size2,
  );
  return shown.length === 0 ? 'no ETag' : shown.map((o) => printOption(o)).join(' ');
}
