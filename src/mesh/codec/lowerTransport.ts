import { FrameError, Reader, Writer } from '../../core/layout/cursor.ts';

/** Octets of the upper transport PDU that one segment carries (Mesh Protocol 3.5.2). */
export const SEGMENT_OCTETS = { access: 12, control: 8 } as const;

/** Longest upper transport PDU that travels unsegmented. */
export const UNSEGMENTED_OCTETS = { access: 15, control: 11 } as const;

/** Most segments of one message. */
export const MAX_SEGMENTS = 32;

/** Which key an access message is under: an application key by its AID, or a device key. */
export interface KeyMark {
  readonly akf: boolean;
  readonly aid: number;
}

/** Where a segment belongs. */
export interface SegmentMark {
  /** The low 13 bits of the SEQ of the message's first transmission. */
  readonly seqZero: number;
  readonly segO: number;
  readonly segN: number;
}

/** A lower transport PDU (3.5.2). */
export type LowerPdu =
  | ({ readonly kind: 'access'; readonly upper: Buffer } & KeyMark)
  | ({ readonly kind: 'access segment'; readonly szmic: boolean; readonly data: Buffer } & KeyMark & SegmentMark)
  | { readonly kind: 'control'; readonly opcode: number; readonly parameters: Buffer }
  | ({ readonly kind: 'control segment'; readonly opcode: number; readonly data: Buffer } & SegmentMark)
  | { readonly kind: 'acknowledgment'; readonly obo: boolean; readonly seqZero: number; readonly blockAck: number };

/** The octets of a lower transport PDU. */
export function encodeLower(pdu: LowerPdu): Buffer {
  const w = new Writer('big');
  switch (pdu.kind) {
    case 'access':
      return w
        .bits(1, 0, 'SEG')
        .bits(1, pdu.akf ? 1 : 0, 'AKF')
        .bits(6, pdu.aid, 'AID')
        .bytes(pdu.upper)
        .done();
    case 'access segment':
      w.bits(1, 1, 'SEG')
        .bits(1, pdu.akf ? 1 : 0, 'AKF')
        .bits(6, pdu.aid, 'AID')
        .bits(1, pdu.szmic ? 1 : 0, 'SZMIC');
      return segmentMark(w, pdu).bytes(pdu.data).done();
    case 'control':
      return w.bits(1, 0, 'SEG').bits(7, pdu.opcode, 'opcode').bytes(pdu.parameters).done();
    case 'control segment':
      w.bits(1, 1, 'SEG').bits(7, pdu.opcode, 'opcode').bits(1, 0, 'RFU');
      return segmentMark(w, pdu).bytes(pdu.data).done();
    case 'acknowledgment':
      w.bits(8, 0, 'opcode')
        .bits(1, pdu.obo ? 1 : 0, 'OBO')
        .bits(13, pdu.seqZero, 'SeqZero')
        .bits(2, 0, 'RFU');
      return w.bits(32, pdu.blockAck, 'BlockAck').done();
  }
}

/** Reads a lower transport PDU; `ctl` is the network PDU's. Throws FrameError. */
export function decodeLower(octets: Uint8Array, ctl: boolean): LowerPdu {
  const r = new Reader(octets, 'big');
  const segmented = r.bits(1, 'SEG') === 1;
  if (ctl) return decodeControl(r, segmented);
  const key = { akf: r.bits(1, 'AKF') === 1, aid: r.bits(6, 'AID') };
  if (!segmented) {
    const upper = r.rest('upper transport PDU');
    if (upper.length < 5 || upper.length > UNSEGMENTED_OCTETS.access) throw badLength('access', upper.length);
    return { kind: 'access', ...key, upper };
  }
  const szmic = r.bits(1, 'SZMIC') === 1;
  return { kind: 'access segment', ...key, szmic, ...readSegment(r, SEGMENT_OCTETS.access) };
}

/** Control messages: segment acknowledgments have opcode 0, all others are handed on as they are. */
function decodeControl(r: Reader, segmented: boolean): LowerPdu {
  const opcode = r.bits(7, 'opcode');
  if (segmented) {
    r.bits(1, 'RFU');
    return { kind: 'control segment', opcode, ...readSegment(r, SEGMENT_OCTETS.control) };
  }
  if (opcode !== 0) return { kind: 'control', opcode, parameters: r.rest('parameters') };
  const ack = { obo: r.bits(1, 'OBO') === 1, seqZero: r.bits(13, 'SeqZero') };
  r.bits(2, 'RFU');
  const blockAck = r.bits(32, 'BlockAck');
  r.end('segment acknowledgment');
  return { kind: 'acknowledgment', ...ack, blockAck };
}

/** Header and octets of a segment; all but the last segment of a message are full. */
function readSegment(r: Reader, size: number): SegmentMark & { data: Buffer } {
  const mark = { seqZero: r.bits(13, 'SeqZero'), segO: r.bits(5, 'SegO'), segN: r.bits(5, 'SegN') };
  const data = r.rest('segment');
  if (mark.segO > mark.segN)
    throw new FrameError('invalid', 2, `segment ${mark.segO} after the last one, ${mark.segN}`);
  const whole = mark.segO < mark.segN;
  if (data.length === 0 || data.length > size || (whole && data.length < size)) throw badLength('segment', data.length);
  return { ...mark, data };
}

function segmentMark(w: Writer, mark: SegmentMark): Writer {
  return w.bits(13, mark.seqZero, 'SeqZero').bits(5, mark.segO, 'SegO').bits(5, mark.segN, 'SegN');
}

function badLength(what: string, length: number): FrameError {
  return new FrameError(length === 0 ? 'truncated' : 'invalid', 1, `${what} of ${length} octets`);
}

/** Cuts an upper transport PDU into what its segments carry. */
export function cutSegments(upper: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(upper.length / size) }, (_, i) => upper.subarray(i * size, (i + 1) * size));
}

/**
 * SeqAuth (3.5.3.1): the SEQ that the first segment's first transmission had, from SeqZero and the SEQ of any PDU that
 * belongs to the message and was sent no more than 8191 SEQs later.
 */
export function seqAuthOf(seq: number, seqZero: number): number {
  const guess = (seq & ~0x1fff) | seqZero;
  return guess > seq ? guess - 0x2000 : guess;
}
