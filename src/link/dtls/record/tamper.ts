import { CONTENT } from '../numbers.ts';

/** Something done to one outgoing record on purpose, so that a peer's reaction can be seen. */
export interface Tamper {
  /** The n-th record sent by an association, from 1, repeats included; among those of `content` where that is given. */
  readonly record: number;
  readonly content?: Exclude<keyof typeof CONTENT, 'tls12Cid'>;
  /**
   * `drop`: not sent. `corrupt`: last bit of the last octet flipped (the tag, or padding and with it the MAC).
   * `replay`: sent twice, octet for octet. `version`: a version that does not exist stands in the header.
   */
  readonly do: 'drop' | 'corrupt' | 'replay' | 'version';
}

const NO_VERSION = 0xfe01;

const ACTIONS: Readonly<Record<Tamper['do'], (record: Buffer) => readonly Buffer[]>> = {
  drop: () => [],
  corrupt(record) {
    const out = Buffer.from(record);
    out[out.length - 1] = (out.at(-1) ?? 0) ^ 1;
    return [out];
  },
  replay: (record) => [record, record],
  version(record) {
    const out = Buffer.from(record);
    out.writeUInt16BE(NO_VERSION, 1);
    return [out];
  },
};

/** Counts the outgoing records of one association and applies the rows that fall due. */
export class Tampering {
  private readonly rows: readonly Tamper[];
  private readonly counts = new Map<number, number>();
  private all = 0;

  constructor(rows: readonly Tamper[]) {
    this.rows = rows;
  }

  /** What is sent in place of the record; `content` is its true content type, even where a connection id hides it. */
  apply(content: number, record: Buffer): readonly Buffer[] {
    this.all++;
    const ofContent = (this.counts.get(content) ?? 0) + 1;
    this.counts.set(content, ofContent);
    const due = this.rows.find((row) =>
      row.content === undefined
        ? row.record === this.all
        : CONTENT[row.content] === content && row.record === ofContent,
    );
    return due === undefined ? [record] : ACTIONS[due.do](record);
  }
}
