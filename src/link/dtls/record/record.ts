import { CONTENT, VERSION } from '../numbers.ts';

/** What stands before the protected part of a record: RFC 6347 4.1, RFC 9146 4. */
export interface RecordHead {
  readonly content: number;
  readonly version: number;
  readonly epoch: number;
  /** 48 bits. */
  readonly sequence: number;
  /** Connection id of the receiver; only in records of type tls12_cid. */
  readonly cid?: Buffer;
}

export interface DtlsRecord extends RecordHead {
  readonly fragment: Buffer;
}

const EPOCH_AT = 3;
const HEAD_OCTETS = 11;
const LARGEST_FRAGMENT = 2 ** 14 + 2048;

/** Epoch and sequence number as the 8 octets that stand on the wire and go into MAC and nonce. */
export function epochAndSequence(head: RecordHead): Buffer {
  const out = Buffer.alloc(8);
  out.writeUInt16BE(head.epoch, 0);
  out.writeUIntBE(head.sequence, 2, 6);
  return out;
}

/** One record as octets. */
export function writeRecord(record: DtlsRecord): Buffer {
  const { content, version, cid = Buffer.alloc(0), fragment } = record;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(fragment.length);
  const start = Buffer.from([content, version >> 8, version & 0xff]);
  return Buffer.concat([start, epochAndSequence(record), cid, length, fragment]);
}

/** The records of one datagram, and what was wrong with the octets from the first unusable record on. */
export interface Reading {
  readonly records: readonly DtlsRecord[];
  readonly problem?: string;
}

/**
 * Cuts a datagram into records. `cidLength` is that of the connection ids that this end hands out; records of type
 * tls12_cid cannot be read without it. What cannot be read ends the datagram and is named in `problem`.
 */
export function readRecords(datagram: Buffer, cidLength: number): Reading {
  const records: DtlsRecord[] = [];
  for (let at = 0; at < datagram.length; ) {
    const found = readRecord(datagram.subarray(at), cidLength);
    if (typeof found === 'string') return { records, problem: `offset ${at}: ${found}` };
    records.push(found.record);
    at += found.octets;
  }
  return { records };
}

function readRecord(bytes: Buffer, cidLength: number): { record: DtlsRecord; octets: number } | string {
  const content = bytes[0] ?? 0;
  if (content < CONTENT.changeCipherSpec || content > CONTENT.tls12Cid)
    return `first octet ${content} starts no record`;
  const withCid = content === CONTENT.tls12Cid;
  if (withCid && cidLength === 0) return 'record with a connection id where none was handed out';
  const cidOctets = withCid ? cidLength : 0;
  const start = HEAD_OCTETS + cidOctets + 2;
  if (bytes.length < start) return `record header needs ${start} octets, found ${bytes.length}`;
  const length = bytes.readUInt16BE(start - 2);
  if (length > LARGEST_FRAGMENT) return `record of ${length} octets, more than ${LARGEST_FRAGMENT}`;
  if (bytes.length < start + length) return `record of ${length} octets, found ${bytes.length - start}`;
  const version = bytes.readUInt16BE(1);
  if (version !== VERSION.dtls12 && version !== VERSION.dtls10) return `version 0x${version.toString(16)}`;
  const record: DtlsRecord = {
    content,
    version,
    epoch: bytes.readUInt16BE(EPOCH_AT),
    sequence: bytes.readUIntBE(EPOCH_AT + 2, 6),
    ...(withCid ? { cid: bytes.subarray(HEAD_OCTETS, HEAD_OCTETS + cidOctets) } : {}),
    fragment: bytes.subarray(start, start + length),
  };
  return { record, octets: start + length };
}
