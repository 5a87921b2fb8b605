import { TesterError } from '../../../core/errors.ts';
import { CONTENT, VERSION } from '../numbers.ts';
import type { DirectionKeys } from '../keys.ts';
import { open, type RandomOctets, seal } from './cipher.ts';
import { type DtlsRecord, type RecordHead, writeRecord } from './record.ts';
import { ReplayWindow } from './replay.ts';
import { type Tamper, Tampering } from './tamper.ts';

export interface RecordLayerOptions {
  readonly random: RandomOctets;
  /** Off: repeated records are delivered like new ones. */
  readonly replayWindow: boolean;
  readonly tamper: readonly Tamper[];
  /** Sequence number of the first record in epoch 0; a server continues that of the ClientHello (RFC 6347 4.2.1). */
  readonly firstSequence: number;
  /** The connection id that this end handed out and expects in every protected record; empty for none. */
  readonly ownCid: Buffer;
}

/** The keys of epoch 1, and the connection id that the peer wants to see. */
export interface Protection {
  readonly read: DirectionKeys;
  readonly write: DirectionKeys;
  readonly peerCid: Buffer;
  /** False where the peer did not take up connection ids; then its records carry none of ours. */
  readonly cidInUse: boolean;
}

/** The outcome of opening a record: its true content type and octets, or why it is dropped. */
export type Opened =
  | { readonly content: number; readonly data: Buffer; readonly newest: boolean }
  | { readonly problem: 'unreadable' | 'repeated' | 'no connection id' | 'no content' };

/** Sequence numbers, keys and replay window of one association. Epoch 0 is in clear, epoch 1 protected; there is no other. */
export class RecordLayer {
  private readonly options: RecordLayerOptions;
  private readonly next: [number, number];
  private readonly window = new ReplayWindow();
  private tampering: Tampering;
  private protection: Protection | undefined;

  constructor(options: RecordLayerOptions) {
    this.options = options;
    this.next = [options.firstSequence, 0];
    this.tampering = new Tampering(options.tamper);
  }

  get isProtected(): boolean {
    return this.protection !== undefined;
  }

  /** From now on these rows are applied, counted anew. */
  tamper(rows: readonly Tamper[]): void {
    this.tampering = new Tampering(rows);
  }

  /** Epoch 1 begins: from now on records of it can be opened and sent. */
  protect(protection: Protection): void {
    this.protection = protection;
  }

  /** One record with the next sequence number, as it goes out: none, one or two, should tampering ask for it. */
  seal(content: number, data: Buffer, epoch: 0 | 1): readonly Buffer[] {
    const numbers = { version: VERSION.dtls12, epoch, sequence: this.next[epoch]++ };
    return this.tampering.apply(content, this.encode(content, data, numbers));
  }

  private encode(content: number, data: Buffer, numbers: Omit<RecordHead, 'content' | 'cid'>): Buffer {
    const { protection } = this;
    if (numbers.epoch === 0) return writeRecord({ content, ...numbers, fragment: data });
    if (protection === undefined) throw new TesterError('dtls-layer', 'a protected record before there are keys');
    if (protection.peerCid.length === 0) {
      const head = { content, ...numbers };
      return writeRecord({ ...head, fragment: seal(protection.write, head, data, this.options.random) });
    }
    const head = { content: CONTENT.tls12Cid, ...numbers, cid: protection.peerCid };
    const inner = Buffer.concat([data, Buffer.from([content])]);
    return writeRecord({ ...head, fragment: seal(protection.write, head, inner, this.options.random) });
  }

  /** Opens a record of epoch 1; only with {@link isProtected}. The key is tried first, so that `repeated` is said of authentic records alone. */
  open(record: DtlsRecord): Opened {
    const { protection } = this;
    if (protection === undefined) return { problem: 'unreadable' };
    const needsCid = protection.cidInUse && this.options.ownCid.length > 0;
    if (needsCid && record.cid === undefined) return { problem: 'no connection id' };
    const plain = open(protection.read, record, record.fragment);
    if (plain === undefined) return { problem: 'unreadable' };
    const newest = this.window.isNewest(record.sequence);
    if (!this.window.take(record.sequence) && this.options.replayWindow) return { problem: 'repeated' };
    if (record.cid === undefined) return { content: record.content, data: plain, newest };
    let end = plain.length - 1;
    while (end >= 0 && plain[end] === 0) end--;
    const content = plain[end];
    return content === undefined ? { problem: 'no content' } : { content, data: plain.subarray(0, end), newest };
  }
}
