import { type Block, blockOffset, blockOption, blockSize, findBlock, MAX_SZX, printBlock } from './block.ts';
import type { Outgoing, Step, StepReply } from './exchange.ts';
import type { Report } from './findings.ts';
import { isSuccess, printCode } from './message.ts';
import { findOption, findUint, OPTION, type Option, uintOption } from './options.ts';

/** One exchange with the device, the rest of its parameters fixed. */
export type Ask = (outgoing: Pick<Outgoing, 'options' | 'payload'>) => Promise<Step>;

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
export async function upload(
  ask: Ask,
  base: readonly Option[],
  body: Buffer,
  wanted: number,
  report: Report,
): Promise<Uploaded> {
  let szx = wanted;
  let offset = 0;
  for (;;) {
    const size = blockSize(szx);
    const payload = body.subarray(offset, offset + size);
    const sent: Block = { num: offset / size, more: offset + size < body.length, szx };
    const size1 = offset === 0 ? [uintOption(OPTION.size1, body.length)] : [];
    const step = await ask({ options: [...base, blockOption(OPTION.block1, sent), ...size1], payload });
    if (step.kind !== 'reply') return { step, acceptedOctets: offset };
    const goOn = checkUploadAnswer(step, sent, report);
    if (isSuccess(step.message.code)) offset += payload.length;
    if (!goOn) return { step, acceptedOctets: offset };
    szx = Math.min(szx, findBlock(step.message.options, OPTION.block1)?.szx ?? szx);
  }
}

/** Reports what is wrong with the answer to one block; true if the next block may follow. */
function checkUploadAnswer({ message, n }: StepReply, sent: Block, report: Report): boolean {
  const { code, options } = message;
  const echoed = findBlock(options, OPTION.block1);
  const observed = `${printCode(code)} with ${echoed === undefined ? 'no Block1' : `Block1 ${printBlock(echoed)}`}`;
  const expected = sent.more
    ? `${printCode(CONTINUE)} to block ${printBlock(sent)}`
    : `a final answer to block ${printBlock(sent)}`;
  if (!isSuccess(code)) {
    if (sent.more) report('block1-stopped', expected, observed, n);
    return false;
  }
  if (code === CONTINUE && !sent.more) {
    report('block1-endless', expected, observed, n);
    return false;
  }
  if (echoed === undefined) {
    report('block1-missing', expected, observed, n);
    if (sent.more && code !== CONTINUE) report('block1-early', expected, observed, n);
    return sent.more && code === CONTINUE;
  }
  if (echoed.num !== sent.num) report('block1-number', expected, observed, n);
  if (echoed.szx > MAX_SZX) report('block1-reserved', expected, observed, n);
  else if (echoed.szx > sent.szx) report('block1-grew', expected, observed, n);
  if (echoed.more !== (code === CONTINUE)) report('block1-more', expected, observed, n);
  // A server that acts on each block by itself answers each with a final code and M clear (RFC 7959 2.3): no fault, the rest follows.
  if (sent.more && code !== CONTINUE && echoed.more) report('block1-early', expected, observed, n);
  return sent.more && echoed.num === sent.num;
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
  ask: Ask,
  base: readonly Option[],
  first: StepReply,
  asked: number | undefined,
  limit: number,
  report: Report,
): Promise<Downloaded> {
  const parts: Buffer[] = [];
  const check = new DownloadCheck(first, asked, report);
  let step = first;
  for (;;) {
    const block = findBlock(step.message.options, OPTION.block2);
    const goOn = check.next(step, block);
    if (goOn !== 'stop') parts.push(step.message.payload);
    if (goOn !== 'more' || block === undefined) return { step, body: Buffer.concat(parts), complete: goOn === 'end' };
    const szx = Math.min(block.szx, limit);
    const num = check.offset / blockSize(szx);
    const answer = await ask({ options: [...base, blockOption(OPTION.block2, { num, more: false, szx })] });
    if (answer.kind !== 'reply') return { step: answer, body: Buffer.concat(parts), complete: false };
    check.asked = { num, more: false, szx };
    step = answer;
  }
}

/** What one download has shown so far; reports what does not fit. */
class DownloadCheck {
  /** Octets gathered. */
  offset = 0;
  asked: Block;
  private readonly first: StepReply;
  private readonly report: Report;
  /** The first request named no size: the device chooses. */
  private free: boolean;

  constructor(first: StepReply, asked: number | undefined, report: Report) {
    this.first = first;
    this.report = report;
    this.free = asked === undefined;
    this.asked = { num: 0, more: false, szx: asked ?? MAX_SZX };
  }

  /** `more`: this block fits and others follow; `end`: it was the last; `stop`: it does not continue the body. */
  next({ message, n }: StepReply, block: Block | undefined): 'more' | 'end' | 'stop' {
    const { code, options, payload } = message;
    const wanted = `block ${printBlock(this.asked)}`;
    const observed = `${printCode(code)} with ${block === undefined ? 'no Block2' : `Block2 ${printBlock(block)}`} and ${payload.length} octets`;
    const say = (rule: Parameters<Report>[0], expected: string, what = observed): void =>
      this.report(rule, expected, what, n);
    const begun = this.offset > 0;
    if (begun && code !== this.first.message.code) {
      say('block2-stopped', `${printCode(this.first.message.code)} with ${wanted}`);
      return 'stop';
    }
    if (block === undefined) {
      const small = this.free || payload.length <= blockSize(this.asked.szx) || !isSuccess(code);
      if (begun || !small) say('block2-missing', wanted);
      return begun ? 'stop' : 'end';
    }
    if (block.szx > MAX_SZX) {
      say('block2-reserved', wanted);
      return 'stop';
    }
    if (block.szx > this.asked.szx) say('block2-grew', wanted);
    if (begun && block.szx < this.asked.szx) say('block2-changed', wanted);
    if (blockOffset(block) !== this.offset) {
      say('block2-number', wanted);
      return 'stop';
    }
    if (begun && !this.sameBody(message.options, say)) return 'stop';
    const size = blockSize(block.szx);
    const fits = block.more ? payload.length === size : payload.length <= size && (payload.length > 0 || !begun);
    if (!fits) {
      say('block2-length', block.more ? `${size} octets` : `1 to ${size} octets`);
      return 'stop';
    }
    this.free = false;
    this.offset += payload.length;
    this.checkSize(options, block, say);
    return block.more ? 'more' : 'end';
  }

  private sameBody(
    options: readonly Option[],
    say: (rule: Parameters<Report>[0], expected: string, what: string) => void,
  ): boolean {
    const etag = (of: readonly Option[]): string => findOption(of, OPTION.etag)?.toString('hex') ?? 'none';
    const format = (of: readonly Option[]): string => String(findUint(of, OPTION.contentFormat) ?? 'none');
    const before = this.first.message.options;
    if (format(options) !== format(before)) say('block2-format', `Content-Format ${format(before)}`, format(options));
    if (etag(options) === etag(before)) return true;
    say('block2-etag', `ETag ${etag(before)}`, `ETag ${etag(options)}`);
    return false;
  }

  private checkSize(
    options: readonly Option[],
    block: Block,
    say: (rule: Parameters<Report>[0], expected: string, what: string) => void,
  ): void {
    const several = block.more || block.num > 0;
    if (!block.more && several && findOption(this.first.message.options, OPTION.etag) === undefined)
      say('block2-no-etag', 'an ETag', 'none in a body of several blocks');
    const size2 = findUint(options, OPTION.size2) ?? findUint(this.first.message.options, OPTION.size2);
    if (!block.more && size2 !== undefined && size2 !== this.offset)
      say('block2-size2', `${this.offset} octets as received`, `Size2 ${size2}`);
    // More than announced shows before the end comes, if it ever does.
    if (block.more && size2 !== undefined && this.offset > size2)
      say('block2-size2', `at most ${size2} octets as announced`, `${this.offset} octets and more to come`);
  }
}
