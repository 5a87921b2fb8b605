import {
  cutSegments,
  decodeLower,
  encodeLower,
  type KeyMark,
  type LowerPdu,
  SEGMENT_OCTETS,
  seqAuthOf,
  UNSEGMENTED_OCTETS,
} from '../codec/lowerTransport.ts';
import type { NetworkPdu } from '../codec/network.ts';
import { Bell, pause } from './bell.ts';
import type { ReplayList } from './replay.ts';
import { ackDelayMs, ackWaitMs, type SarTiming } from './sarTiming.ts';
import { receiverNext, type ReceiverInput, receiverStart, type ReceiverState } from './segmentReceiver.ts';
import { senderNext, senderStart, type SenderInput, type SenderState } from './segmentSender.ts';
import type { Timers } from './timers.ts';

/** How a message ended on its way. `sent`: nobody acknowledges it (unsegmented, or to a group). */
export type Delivery =
  | { readonly kind: 'sent' }
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed'; readonly reason: string };

/** An upper transport PDU with all that its decryption depends on. */
export interface UpperPdu extends KeyMark {
  readonly upper: Buffer;
  /** Whether the message carries an integrity check of 64 bits instead of 32. */
  readonly szmic: boolean;
  /** SEQ of an unsegmented message, SeqAuth of a segmented one. */
  readonly seq: number;
  readonly ivIndex: number;
  readonly src: number;
  readonly dst: number;
  readonly ttl: number;
  /** How many segments carried it; 1 for an unsegmented message. */
  readonly segments: number;
}

/** A network PDU received, under which IV index, and the event that recorded it. */
export interface HeardPdu {
  readonly pdu: NetworkPdu;
  readonly ivIndex: number;
  readonly n: number;
}

/** What the lower transport layer needs of its neighbours. */
export interface LowerPort {
  readonly timers: Timers;
  readonly replay: ReplayList;
  /** The next sequence number, used up by this call. */
  takeSeq(): number;
  /** Sends one network PDU; `via` is the event of the message that it belongs to. */
  sendNetwork(pdu: NetworkPdu, via: number | undefined): Promise<void>;
  isOwn(address: number): boolean;
  /** A whole PDU, still encrypted; `n` is the event of the network PDU that completed it. */
  deliver(upper: UpperPdu, n: number): void;
  /** An unsegmented control message other than an acknowledgment. */
  control(opcode: number, parameters: Buffer, heard: HeardPdu): void;
}

/** A segmented message to a unicast address on its way. */
interface Sending {
  state: SenderState;
  readonly src: number;
  readonly dst: number;
  readonly seqZero: number;
  input(input: SenderInput): void;
}

/** A segmented message that is being received, or was: completed ones are kept for a while. */
interface Receiving {
  state: ReceiverState;
  readonly src: number;
  readonly dst: number;
  readonly seqAuth: number;
  readonly ivIndex: number;
  cancelAck: (() => void) | undefined;
  cancelDiscard: () => void;
}

/** Finished receptions kept for each source, so that late segments are acknowledged again. */
const REMEMBERED = 8;

/** Segmentation and reassembly, acknowledgments and replay protection (Mesh Protocol 3.5). Drives the two segment machines. */
export class LowerTransport {
  readonly #port: LowerPort;
  readonly #timing: SarTiming;
  readonly #sending = new Set<Sending>();
  #segmented = 0;
  #receiving: Receiving[] = [];
  /** Per pair of addresses the end of the queue; the next message waits for it. */
  readonly #lines = new Map<number, Promise<unknown>>();

  constructor(port: LowerPort, timing: SarTiming) {
    this.#port = port;
    this.#timing = timing;
  }

  /** Segmented messages on their way: an IV index may not change under them. */
  get busy(): boolean {
    return this.#segmented > 0;
  }

  /** Takes a received network PDU addressed to us. Throws FrameError for a malformed one. */
  receive(heard: HeardPdu): void {
    const { pdu } = heard;
    const lower = decodeLower(pdu.transport, pdu.ctl);
    switch (lower.kind) {
      case 'access segment':
        return this.#segment(lower, heard);
      case 'control segment':
        return;
      case 'acknowledgment':
        if (this.#fresh(heard)) this.#acknowledged(lower, pdu);
        return;
      case 'control':
        if (this.#fresh(heard)) this.#port.control(lower.opcode, lower.parameters, heard);
        return;
      case 'access': {
        if (!this.#fresh(heard)) return;
        const { src, dst, seq, ttl } = pdu;
        const { akf, aid, upper } = lower;
        return this.#port.deliver(
          { akf, aid, upper, szmic: false, seq, ivIndex: heard.ivIndex, src, dst, ttl, segments: 1 },
          heard.n,
        );
      }
    }
  }

  /**
   * Sends an upper transport PDU; `seal` makes it once its SEQ is known. Segmented messages between the same two addresses
   * go one after the other (3.6.4.1).
   */
  send(
    message: KeyMark & { octets: number; szmic: boolean; segmented: boolean; src: number; dst: number; ttl: number },
    seal: (seq: number) => Buffer,
    via: number,
  ): Promise<Delivery> {
    if (!message.segmented && message.octets <= UNSEGMENTED_OCTETS.access) {
      const { akf, aid, src, dst, ttl } = message;
      const seq = this.#port.takeSeq();
      const transport = encodeLower({ kind: 'access', akf, aid, upper: seal(seq) });
      return this.#port.sendNetwork({ ctl: false, ttl, seq, src, dst, transport }, via).then(() => ({ kind: 'sent' }));
    }
    const line = message.src * 0x10000 + message.dst;
    const turn = (this.#lines.get(line) ?? Promise.resolve()).then(() => this.#counted(message, seal, via));
    const quiet = turn
      .catch(() => undefined)
      .then(() => {
        if (this.#lines.get(line) === quiet) this.#lines.delete(line);
      });
    this.#lines.set(line, quiet);
    return turn;
  }

  /** Ends everything that waits: the link is gone. */
  close(): void {
    for (const sending of this.#sending) sending.input({ kind: 'link closed' });
    for (const receiving of this.#receiving) this.#stopTimers(receiving);
    this.#receiving = [];
  }

  /** Counts the messages on their way, for `busy`. */
  async #counted(...args: Parameters<LowerTransport['send']>): Promise<Delivery> {
    this.#segmented++;
    try {
      return await this.#sendSegmented(...args);
    } finally {
      this.#segmented--;
    }
  }

  async #sendSegmented(
    message: KeyMark & { szmic: boolean; src: number; dst: number; ttl: number },
    seal: (seq: number) => Buffer,
    via: number,
  ): Promise<Delivery> {
    const { akf, aid, szmic, src, dst, ttl } = message;
    const first = this.#port.takeSeq();
    const seqZero = first & 0x1fff;
    const parts = cutSegments(seal(first), SEGMENT_OCTETS.access);
    const segN = parts.length - 1;
    // The first segment goes out under the SEQ that the encryption depends on.
    let reserved: number | undefined = first;
    const sendRound = async (numbers: readonly number[]): Promise<void> => {
      for (const [i, segO] of numbers.entries()) {
        const data = parts[segO];
        if (data === undefined) continue;
        if (i > 0 && this.#timing.segmentIntervalMs > 0) await pause(this.#port.timers, this.#timing.segmentIntervalMs);
        const transport = encodeLower({ kind: 'access segment', akf, aid, szmic, seqZero, segO, segN, data });
        const seq = reserved ?? this.#port.takeSeq();
        reserved = undefined;
        await this.#port.sendNetwork({ ctl: false, ttl, seq, src, dst, transport }, via);
      }
    };
    // Groups and virtual addresses acknowledge nothing, so that all segments are repeated some times.
    if (dst < 0x8000) return this.#toUnicast({ src, dst, seqZero, ttl }, parts.length, sendRound);
    for (let round = 0; round < this.#timing.multicastTries; round++) {
      if (round > 0) await pause(this.#port.timers, this.#timing.multicastIntervalMs);
      await sendRound(parts.map((_, i) => i));
    }
    return { kind: 'sent' };
  }

  /** Sends rounds of segments until all are acknowledged or the machine gives up. */
  async #toUnicast(
    to: { src: number; dst: number; seqZero: number; ttl: number },
    segments: number,
    sendRound: (numbers: readonly number[]) => Promise<void>,
  ): Promise<Delivery> {
    const bell = new Bell(this.#port.timers);
    const inputs: SenderInput[] = [];
    const sending: Sending = {
      ...to,
      state: { kind: 'delivered' },
      input(input) {
        inputs.push(input);
        bell.ring();
      },
    };
    this.#sending.add(sending);
    try {
      let step = senderStart(segments, this.#timing);
      sending.state = step.state;
      for (;;) {
        await sendRound(step.send);
        const { timers } = this.#port;
        // Acknowledgments that change nothing do not restart the wait.
        const due = timers.now() + ackWaitMs(this.#timing, to.ttl);
        do {
          if (inputs.length === 0) await bell.wait(Math.max(0, due - timers.now()));
          step = senderNext(sending.state, inputs.shift() ?? { kind: 'timer' }, this.#timing);
          sending.state = step.state;
        } while (sending.state.kind === 'sending' && step.send.length === 0);
        if (sending.state.kind !== 'sending') return sending.state;
      }
    } finally {
      this.#sending.delete(sending);
    }
  }

  /** Hands an acknowledgment to the message it is for; a friend acknowledges for its node (OBO). */
  #acknowledged(ack: Extract<LowerPdu, { kind: 'acknowledgment' }>, pdu: NetworkPdu): void {
    for (const sending of this.#sending) {
      const from = ack.obo || sending.dst === pdu.src;
      if (from && sending.src === pdu.dst && sending.seqZero === ack.seqZero) {
        sending.input({ kind: 'acknowledgment', blockAck: ack.blockAck });
      }
    }
  }

  /** A segment: of a message that is being received, of one that is complete, or the first of a new one. */
  #segment(segment: Extract<LowerPdu, { kind: 'access segment' }>, { pdu, ivIndex, n }: HeardPdu): void {
    const { src, dst } = pdu;
    const seqAuth = seqAuthOf(pdu.seq, segment.seqZero);
    let known = this.#receiving.find(
      (r) => r.src === src && r.dst === dst && r.seqAuth === seqAuth && r.ivIndex === ivIndex,
    );
    if (known === undefined) {
      // The segment's own SEQ decides: where the whole first round was lost, SeqAuth may be older than what came since.
      if (seqAuth < 0 || !this.#port.replay.isNew(src, ivIndex, pdu.seq)) return;
      known = {
        state: receiverStart(segment.segN),
        src,
        dst,
        seqAuth,
        ivIndex,
        cancelAck: undefined,
        cancelDiscard: () => undefined,
      };
      this.#remember(known);
    }
    const { akf, aid, szmic, segO, data, segN } = segment;
    const upper = this.#received(known, { kind: 'segment', segO, data }, pdu.ttl);
    if (upper === undefined) return;
    this.#port.replay.accept(src, ivIndex, seqAuth);
    this.#port.deliver(
      { akf, aid, upper, szmic, seq: seqAuth, ivIndex, src, dst, ttl: pdu.ttl, segments: segN + 1 },
      n,
    );
  }

  /** Feeds the receiver machine and does what it asks for; the whole PDU when it is complete. */
  #received(receiving: Receiving, input: ReceiverInput, ttl: number): Buffer | undefined {
    const step = receiverNext(receiving.state, input);
    receiving.state = step.state;
    const unicast = this.#port.isOwn(receiving.dst);
    if (step.progress === true) {
      const { segN } = step.state.kind === 'receiving' ? step.state : { segN: 0 };
      receiving.cancelDiscard();
      receiving.cancelDiscard = this.#port.timers.after(this.#timing.discardMs, () =>
        this.#received(receiving, { kind: 'discard timer' }, ttl),
      );
      if (unicast)
        receiving.cancelAck ??= this.#port.timers.after(ackDelayMs(this.#timing, segN), () => {
          receiving.cancelAck = undefined;
          this.#received(receiving, { kind: 'ack timer' }, ttl);
        });
    }
    if (step.state.kind !== 'receiving') this.#stopTimers(receiving);
    if (step.ack !== undefined && unicast) this.#acknowledge(receiving, step.ack, ttl);
    return step.deliver;
  }

  /** Nobody waits for an acknowledgment to be sent: one that is lost is asked for again by its segments. */
  #acknowledge({ src, dst, seqAuth }: Receiving, blockAck: number, ttl: number): void {
    const transport = encodeLower({ kind: 'acknowledgment', obo: false, seqZero: seqAuth & 0x1fff, blockAck });
    const pdu = { ctl: true, ttl: ttl === 0 ? 0 : 0x7f, seq: this.#port.takeSeq(), src: dst, dst: src, transport };
    void this.#port.sendNetwork(pdu, undefined).catch(() => undefined);
  }

  /** A new message between two addresses ends the one before (3.5.3.4); old completed ones are forgotten. */
  #remember(receiving: Receiving): void {
    const same = this.#receiving.filter((r) => r.src === receiving.src);
    for (const old of same) {
      if (old.dst !== receiving.dst || old.state.kind !== 'receiving') continue;
      this.#received(old, { kind: 'discard timer' }, 0);
    }
    const forgotten = new Set(same.slice(0, Math.max(0, same.length - REMEMBERED + 1)));
    for (const old of forgotten) this.#stopTimers(old);
    this.#receiving = [...this.#receiving.filter((r) => !forgotten.has(r)), receiving];
  }

  #stopTimers(receiving: Receiving): void {
    receiving.cancelAck?.();
    receiving.cancelAck = undefined;
    receiving.cancelDiscard();
  }

  /** Whether an unsegmented PDU is no replay; it is remembered then. */
  #fresh({ pdu, ivIndex }: HeardPdu): boolean {
    if (!this.#port.replay.isNew(pdu.src, ivIndex, pdu.seq)) return false;
    this.#port.replay.accept(pdu.src, ivIndex, pdu.seq);
    return true;
  }
}
