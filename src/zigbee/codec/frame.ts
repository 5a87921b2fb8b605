import { TesterError } from '../../core/errors.ts';
import { FrameError, Reader } from '../../core/layout/cursor.ts';
import { reserved, u8, uint, when } from '../../core/layout/fields.ts';
import { encodeLayout, type Layout, printLayout, readLayout, type Value } from '../../core/layout/layout.ts';
import { hexNumber } from '../../core/layout/names.ts';
import type { CommandType } from './command.ts';
import { code } from './fields.ts';
import { globalCommands } from './global.ts';
import { type Direction, direction, frameType, OTA_CLUSTER } from './numbers.ts';
import { otaCommands } from './ota.ts';

const HEADER = {
  frameType: uint(2, { of: frameType }),
  manufacturerSpecific: uint(1),
  direction: uint(1, { of: direction }),
  disableDefaultResponse: uint(1),
  rfu: reserved(3),
  manufacturerCode: when('manufacturerSpecific', 1, code),
  sequence: u8,
  command: uint(8, { hex: true }),
} as const;

/** The ZCL header (2.4.1), 3 octets, or 5 with a manufacturer code. */
export type ZclHeader = Value<typeof HEADER>;

/** What the caller decides about the header of a command. */
export interface FrameOptions {
  /** Transaction sequence number; an answer repeats that of its request. */
  readonly sequence: number;
  /** Needed for global commands only. */
  readonly direction?: Direction;
  /** Preset: set in answers, clear elsewhere; an Image Notify that is broadcast sets it as well. */
  readonly disableDefaultResponse?: boolean;
}

/** The frame of a command: header and payload, as handed to APS. TesterError where a value does not fit its field. */
export function encodeCommand<L extends Layout>(type: CommandType<L>, value: Value<L>, options: FrameOptions): Buffer {
  const from = type.direction ?? options.direction;
  if (from === undefined) throw new TesterError('zcl', `${type.name} needs a direction`);
  const quiet = options.disableDefaultResponse ?? type.answers;
  return rawFrame(
    { frameType: type.frameType, direction: from, disableDefaultResponse: quiet ? 1 : 0, sequence: options.sequence },
    type.id,
    encodeLayout(type.layout, value, 'little'),
  );
}

/** Any ZCL frame, valid or not: for tests that send what no correct implementation sends. */
export function rawFrame(
  header: Partial<ZclHeader> & Pick<ZclHeader, 'frameType' | 'direction' | 'sequence'>,
  command: number,
  payload: Uint8Array,
): Buffer {
  const whole = { manufacturerSpecific: 0, disableDefaultResponse: 0, ...header, command };
  return Buffer.concat([encodeLayout(HEADER, whole, 'little'), payload]);
}

/** A ZCL frame as decoded. Nothing that a device sends makes the decoder throw. */
export type DecodedFrame =
  | {
      readonly kind: 'command';
      readonly header: ZclHeader;
      readonly type: CommandType;
      readonly value: Readonly<Record<string, unknown>>;
      /** What was odd: prohibited values, octets after the last field, forms of older revisions. */
      readonly reports: readonly string[];
    }
  | {
      /** A command that is not known here, or not from this side. */
      readonly kind: 'unknown';
      readonly header: ZclHeader;
      readonly payload: Buffer;
      readonly reports: readonly string[];
    }
  | {
      readonly kind: 'malformed';
      /** Absent where not even the header could be read. */
      readonly header?: ZclHeader;
      /** The command that the header announces, where it is known. */
      readonly type?: CommandType;
      readonly octets: Buffer;
      readonly error: FrameError;
    };

/** Decodes the frame of a cluster; commands of other clusters than OTA Upgrade are known only if global. */
export function decodeFrame(frame: Uint8Array, cluster: number = OTA_CLUSTER): DecodedFrame {
  const octets = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const reader = new Reader(octets, 'little');
  let header: ZclHeader | undefined;
  let type: CommandType | undefined;
  try {
    header = readLayout(HEADER, reader);
    type = typeOf(header, cluster);
    if (type === undefined) {
      const other = strayDirection(header, cluster);
      return { kind: 'unknown', header, payload: reader.rest('payload'), reports: [...reader.reports, ...other] };
    }
    const value = readLayout(type.layout, reader);
    // Later revisions may append fields, which a receiver has to skip.
    if (reader.left > 0) reader.reports.push(`${reader.left} octets after the last field`);
    return { kind: 'command', header, type, value, reports: reader.reports };
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return { kind: 'malformed', ...(header && { header }), ...(type && { type }), octets, error };
  }
}

/** Commands by cluster; a frame of any other cluster is known only if it is global. */
const CLUSTERS: ReadonlyMap<number, readonly CommandType[]> = new Map([[OTA_CLUSTER, otaCommands]]);

/** Commands with this number and frame type, from either side. A manufacturer's own commands are never ours. */
function candidates({ frameType: of, command, manufacturerSpecific }: ZclHeader, cluster: number): CommandType[] {
  if (manufacturerSpecific === 1) return [];
  const known: readonly CommandType[] = of === frameType.GLOBAL ? globalCommands : (CLUSTERS.get(cluster) ?? []);
  return known.filter((type) => type.id === command && type.frameType === of);
}

/** The command that the header announces, if the side that sent it may. */
function typeOf(header: ZclHeader, cluster: number): CommandType | undefined {
  return candidates(header, cluster).find((type) => (type.direction ?? header.direction) === header.direction);
}

/** Tells a command of the other side from one that nobody has. */
function strayDirection(header: ZclHeader, cluster: number): string[] {
  return candidates(header, cluster).map((type) => `${type.name} from the wrong side`);
}

/** The value of `decoded` if it is a well-formed command of this type. */
export function valueOf<L extends Layout>(type: CommandType<L>, decoded: DecodedFrame): Value<L> | undefined {
  if (decoded.kind !== 'command' || decoded.type.id !== type.id || decoded.type.frameType !== type.frameType)
    return undefined;
  return decoded.value as Value<L>;
}

/** One line for a person: sequence number, name, fields, and what was odd. */
export function printFrame(frame: Uint8Array, cluster: number = OTA_CLUSTER): string {
  const decoded = decodeFrame(frame, cluster);
  const start = decoded.header === undefined ? '' : `#${decoded.header.sequence} `;
  switch (decoded.kind) {
    case 'command':
      return `${start}${printFields(decoded.type, decoded.value)}${printReports(decoded.reports)}`;
    case 'unknown': {
      const { command, frameType: of, manufacturerCode } = decoded.header;
      const kind = of === frameType.GLOBAL ? 'global' : of === frameType.CLUSTER ? 'cluster' : 'reserved';
      const whose = manufacturerCode === undefined ? '' : ` of manufacturer ${hexNumber(manufacturerCode, 4)}`;
      const payload = decoded.payload.toString('hex');
      return `${start}unknown ${kind} command ${hexNumber(command, 2)}${whose}: [${payload}]${printReports(decoded.reports)}`;
    }
    case 'malformed':
      return `${start}malformed ${decoded.type?.name ?? 'ZCL frame'}: ${decoded.error.message}`;
  }
}

/** Name and fields; the name alone where there are none. */
function printFields(type: CommandType, value: Readonly<Record<string, unknown>>): string {
  const fields = printLayout<Layout>(type.layout, value);
  return fields === '' ? type.name : `${type.name}: ${fields}`;
}

/** What was odd, in parentheses. */
function printReports(reports: readonly string[]): string {
  return reports.length === 0 ? '' : ` (odd: ${reports.join('; ')})`;
}
