import type { Layout, Value } from '../../core/layout/layout.ts';
import type { CommandType } from '../../zigbee/codec/command.ts';
import type { AttributeContent } from '../../zigbee/codec/dataTypes.ts';
import { type DecodedFrame, encodeCommand, valueOf } from '../../zigbee/codec/frame.ts';
import {
  defaultResponse,
  readAttributes,
  readAttributesResponse,
  writeAttributes,
  writeAttributesResponse,
} from '../../zigbee/codec/global.ts';
import { type Direction, frameType, OTA_CLUSTER, zclStatus } from '../../zigbee/codec/numbers.ts';
import { ALL_ENDPOINTS, type ApsFrame, isBroadcast } from './air.ts';

/** Profile of the endpoints. */
export const HOME_AUTOMATION = 0x0104;
/** Endpoint with the OTA Upgrade cluster. */
export const OTA_ENDPOINT = 1;
/** The cluster is not on this side of the endpoint. */
export const UNSUPPORTED_CLUSTER = 0xc3;

/** Where a frame goes to. */
export interface Peer {
  readonly address: number;
  readonly endpoint: number;
}

/** One attribute as it is read. */
export interface AttributeValue {
  readonly id: number;
  readonly type: number;
  readonly content: AttributeContent;
}

/** A frame that came in, with what is needed to answer it. */
export interface Incoming {
  readonly from: Peer;
  readonly cluster: number;
  readonly broadcast: boolean;
  readonly decoded: DecodedFrame;
}

/** The frames of one endpoint: numbering, answers to the sender, default responses. */
export class ZclPort {
  readonly #endpoint: number;
  readonly #send: (frame: Omit<ApsFrame, 'source'>) => void;
  #sequence = 0;

  constructor(endpoint: number, send: (frame: Omit<ApsFrame, 'source'>) => void) {
    this.#endpoint = endpoint;
    this.#send = send;
  }

  /** Sends a command of the OTA cluster; returns its sequence number. */
  request<L extends Layout>(type: CommandType<L>, value: Value<L>, to: Peer, quiet?: boolean): number {
    this.#sequence = (this.#sequence + 1) & 0xff;
    const header = { sequence: this.#sequence, ...(quiet !== undefined && { disableDefaultResponse: quiet }) };
    this.raw(encodeCommand(type, value, header), to);
    return this.#sequence;
  }

  /** Answers with a command; the sequence number is that of the request. */
  answer<L extends Layout>(type: CommandType<L>, value: Value<L>, { from, cluster, decoded }: Incoming): void {
    const { header } = decoded;
    if (header === undefined) return;
    const other: Direction = header.direction === 0 ? 1 : 0;
    this.raw(encodeCommand(type, value, { sequence: header.sequence, direction: other }), from, cluster);
  }

  /** A Default Response; none to a broadcast, to another Default Response, or for a success that nobody wants to hear of. */
  default(incoming: Incoming, status: number): void {
    const { header } = incoming.decoded;
    if (header === undefined || incoming.broadcast) return;
    const isDefault = header.frameType === frameType.GLOBAL && header.command === defaultResponse.id;
    if (isDefault || (status === zclStatus.SUCCESS && header.disableDefaultResponse === 1)) return;
    this.answer(defaultResponse, { command: header.command, status }, incoming);
  }

  /** Sends octets as they are. */
  raw(data: Buffer, { address, endpoint }: Peer, cluster: number = OTA_CLUSTER): void {
    const head = { profile: HOME_AUTOMATION, cluster, sourceEndpoint: this.#endpoint };
    this.#send({ ...head, to: { address }, endpoint, data });
  }

  /** Whether a frame is for this endpoint. */
  takes(frame: ApsFrame): boolean {
    return frame.endpoint === this.#endpoint || (frame.endpoint === ALL_ENDPOINTS && isBroadcast(frame));
  }
}

/** Answers global commands out of a table of attributes; false where the frame is none of them. Attributes are all read-only. */
export function answerGlobal(
  port: ZclPort,
  incoming: Incoming,
  attributes: readonly AttributeValue[],
  writeStatus: number = zclStatus.READ_ONLY,
): boolean {
  const { decoded } = incoming;
  const read = valueOf(readAttributes, decoded);
  if (read !== undefined) {
    const records = read.attributes.map((attribute) => {
      const found = attributes.find(({ id }) => id === attribute);
      if (found === undefined) return { attribute, status: zclStatus.UNSUPPORTED_ATTRIBUTE };
      const value = { type: found.type, content: found.content };
      return { attribute, status: zclStatus.SUCCESS, value };
    });
    port.answer(readAttributesResponse, { records }, incoming);
    return true;
  }
  const write = valueOf(writeAttributes, decoded);
  if (write === undefined) return false;
  const records = write.records.map(({ attribute }) => {
    const known = attributes.some(({ id }) => id === attribute);
    return { status: known ? writeStatus : zclStatus.UNSUPPORTED_ATTRIBUTE, attribute };
  });
  const all = records.every(({ status }) => status === zclStatus.SUCCESS);
  port.answer(writeAttributesResponse, { records: all ? [{ status: zclStatus.SUCCESS }] : records }, incoming);
  return true;
}
