import { transferMode } from '../codec/enums.ts';
import { encodeMessage } from '../codec/message.ts';
import {
  blobBlockGet,
  blobBlockStart,
  blobChunkTransfer,
  blobPartialBlockReport,
  blobTransferGet,
  blobTransferStart,
} from '../codec/messages/blob.ts';
import { valueOf } from '../codec/access.ts';
import { Bell } from '../stack/bell.ts';
import { type Answer, type Deadline, request } from '../stack/exchange.ts';
import type { KeyName } from '../stack/keyRing.ts';
import type { MeshStack } from '../stack/meshStack.ts';
import {
  type BlobClientCommand,
  type BlobClientInput,
  blobClientNext,
  blobClientStart,
  type BlobTransfer,
  type TargetAnswer,
  type TargetState,
} from './blobClient.ts';
import { chunkRange } from './geometry.ts';

/** How to carry a transfer out. Times are real milliseconds, already scaled. */
export interface BlobSending {
  readonly key: KeyName;
  readonly from?: number;
  readonly ttl?: number;
  /** Our MTU, as Transfer Start tells it. */
  readonly mtu: number;
  /** Push: chunks go to this group or label instead of each target. */
  readonly group?: number | Buffer;
  /** For every acknowledged message; `withinMs` is the client timeout. */
  readonly deadline: Deadline;
  /** Pull: a target without a report for so long is dropped. */
  readonly reportMs: number;
  /** Chunks left out on purpose; `round` counts from 0 within a block. */
  readonly omit?: (block: number, chunk: number, round: number) => boolean;
}

/** How the transfer ended for each target. */
export type BlobResult = ReadonlyMap<number, TargetState>;

/** A Partial Block Report that has not been served yet. */
interface Report {
  readonly n: number;
  readonly from: number;
  /** Chunk numbers; none: the target has the block. */
  readonly wanted: readonly number[];
}

/** Sends a BLOB to targets that expect it, in push or pull mode. Drives the client machine; the event log tells the rest. */
export async function sendBlob(
  stack: MeshStack,
  data: Buffer,
  transfer: BlobTransfer,
  targets: readonly number[],
  sending: BlobSending,
): Promise<BlobResult> {
  const reports = new Reports(stack);
  let round = 0;
  try {
    let step = blobClientStart(transfer, targets);
    for (;;) {
      const { command, state } = step;
      if (command.kind === 'end') return state.targets;
      if (command.kind === 'ask' && command.question === 'block start') round = 0;
      const input = await perform(command, state.block);
      step = blobClientNext(state, input, transfer);
    }
  } finally {
    reports.close();
  }

  /** What the machine asks for, and what came of it. */
  async function perform(
    command: Exclude<BlobClientCommand, { kind: 'end' }>,
    block: number,
  ): Promise<BlobClientInput> {
    switch (command.kind) {
      case 'ask': {
        const answers = await Promise.all(
          command.to.map(async (to) => [to, await ask(command.question, to, block)] as const),
        );
        return { kind: 'answers', answers: new Map(answers) };
      }
      case 'send':
        await sendChunks(block, command.chunks, round++);
        return { kind: 'sent' };
      case 'await reports': {
        return reports.next(command.from, sending.reportMs);
      }
    }
  }

  /** One acknowledged message to one target. Silence and malformed answers are results: the machine drops such a target. */
  async function ask(
    question: Extract<BlobClientCommand, { kind: 'ask' }>['question'],
    to: number,
    block: number,
  ): Promise<TargetAnswer> {
    const options = { ...route(), to, ...sending.deadline };
    switch (question) {
      case 'transfer start': {
        const { mode, blobId, size, blockSizeLog } = transfer;
        const value = { mode, blobId, size, blockSizeLog, mtu: sending.mtu };
        return answerOf('transfer status', await request(stack, blobTransferStart, value, options));
      }
      case 'block start': {
        const answer = await request(stack, blobBlockStart, { block, chunkSize: transfer.chunkSize }, options);
        if (answer.kind === 'reply') reports.newBlock(to, answer.received.n);
        return answerOf('block status', answer);
      }
      case 'block get':
        return answerOf('block status', await request(stack, blobBlockGet, {}, options));
      case 'transfer get':
        return answerOf('transfer status', await request(stack, blobTransferGet, {}, options));
    }
  }

  /** Push to a group sends each chunk once for all targets, in the order of their numbers. */
  async function sendChunks(block: number, wanted: ReadonlyMap<number, readonly number[]>, nth: number): Promise<void> {
    const { group } = sending;
    const all = [...new Set([...wanted.values()].flat())].sort((a, b) => a - b);
    // In pull mode each target asks for chunks of its own, group or not.
    const plan = group !== undefined && transfer.mode === transferMode.PUSH ? [[group, all] as const] : [...wanted];
    for (const [to, chunks] of plan) {
      for (const chunk of chunks) {
        const { start, end } = chunkRange(transfer, block, transfer.chunkSize, chunk);
        if (start >= end || sending.omit?.(block, chunk, nth) === true) continue;
        const pdu = encodeMessage(blobChunkTransfer, { chunk, data: data.subarray(start, end) });
        await stack.sendAccess(pdu, { ...route(), to });
      }
    }
  }

  // The same way for every message of the transfer.
  function route(): { key: KeyName; from?: number; ttl?: number } {
    const { key, from, ttl } = sending;
    return { key, ...(from !== undefined && { from }), ...(ttl !== undefined && { ttl }) };
  }
}

/** Partial Block Reports as they come, whatever else is going on. */
class Reports {
  readonly #stack: MeshStack;
  readonly #stop: () => void;
  /** When each target was heard last; a report timeout counts from there. */
  readonly #heard = new Map<number, number>();
  #queue: Report[] = [];
  readonly #bell: Bell;

  constructor(stack: MeshStack) {
    this.#stack = stack;
    this.#bell = new Bell(stack.options.timers);
    this.#stop = stack.onReceive(({ n, src, decoded }) => {
      const report = valueOf(blobPartialBlockReport, decoded);
      if (report === undefined) return;
      this.#queue.push({ n, from: src, wanted: report.wanted });
      this.#heard.set(src, stack.options.timers.now());
      this.#bell.ring();
    });
  }

  /** The target has answered Block Start by this event: an older report of it speaks of the block before. */
  newBlock(from: number, answer: number): void {
    this.#queue = this.#queue.filter((report) => report.from !== from || report.n > answer);
    this.#heard.set(from, this.#stack.options.timers.now());
  }

  /** The next report of one of these targets, or which of them have not reported for `withinMs`. */
  async next(from: readonly number[], withinMs: number): Promise<BlobClientInput> {
    const { timers } = this.#stack.options;
    for (;;) {
      this.#queue = this.#queue.filter((report) => from.includes(report.from));
      const report = this.#queue.shift();
      if (report !== undefined) return { kind: 'report', ...report };
      const dueAt = (address: number): number => (this.#heard.get(address) ?? Number.NEGATIVE_INFINITY) + withinMs;
      const overdue = from.filter((address) => dueAt(address) <= timers.now());
      if (overdue.length > 0) return { kind: 'report timeout', of: overdue };
      await this.#bell.wait(Math.min(...from.map(dueAt)) - timers.now());
    }
  }

  close(): void {
    this.#stop();
  }
}

/** An answer as the machine takes it. */
function answerOf<K extends 'transfer status' | 'block status'>(
  kind: K,
  answer: Answer<Extract<TargetAnswer, { kind: K }>['value']>,
): TargetAnswer {
  switch (answer.kind) {
    case 'reply':
      return { kind, value: answer.value } as TargetAnswer;
    case 'malformed':
      return { kind: 'nothing', reason: 'malformed answer' };
    case 'silence':
      return { kind: 'nothing', reason: `no ${answer.awaited} within ${Math.round(answer.afterMs)} ms` };
  }
}
