import { type Ev, rawOf } from '../core/events.ts';
import type { Kind, Log } from '../core/log.ts';
import { ZIGBEE_EVENT } from '../link/zigbee/link.ts';
import type { CommandType, CommandValue } from './codec/command.ts';
import { type DecodedFrame, decodeFrame, valueOf } from './codec/frame.ts';
import { defaultResponse, readAttributesResponse, writeAttributesResponse } from './codec/global.ts';
import { OTA_CLUSTER, zclStatus } from './codec/numbers.ts';
import {
  imageBlockRequest,
  imageBlockResponse,
  imageNotify,
  imagePageRequest,
  queryNextImageRequest,
  queryNextImageResponse,
  querySpecificFileRequest,
  querySpecificFileResponse,
  upgradeEndRequest,
  upgradeEndResponse,
} from './codec/ota.ts';

/** How the tester names the device under test in events. */
export const IUT = 'iut';

/** A frame of the OTA Upgrade cluster, either way. */
export interface SeenFrame {
  readonly dir: 'in' | 'out';
  readonly broadcast: boolean;
  /** Why the tester sent it. */
  readonly note: string | undefined;
  readonly decoded: DecodedFrame;
}

const decodedFrames = new WeakMap<Ev, DecodedFrame>();

function decodedOf(event: Ev): DecodedFrame {
  const known = decodedFrames.get(event);
  if (known !== undefined) return known;
  const decoded = decodeFrame(rawOf(event));
  decodedFrames.set(event, decoded);
  return decoded;
}

/** Protocol milliseconds within which the same octets are the network's repeat of one frame; no client repeats itself so soon. */
const REPEAT_MS = 2_000;

/** True where the network delivered a frame of the device twice and this is not the first time. */
function isRepeat(event: Ev, log: Log): boolean {
  for (let n = event.n - 1; n >= 0; n--) {
    const before = log.at(n);
    if (before === undefined || log.elapsed(before, event) > REPEAT_MS) return false;
    if (before.dir === 'in' && before.type === event.type && before.raw === event.raw && before.data?.['peer'] === IUT)
      return true;
  }
  return false;
}

/** Frames between tester and device, each once; those of other nodes and other clusters are left out. */
export const frames: Kind<SeenFrame> = {
  name: 'frame',
  read(event, log) {
    if (event.type !== ZIGBEE_EVENT.frame || event.data?.['cluster'] !== OTA_CLUSTER) return undefined;
    if (event.dir === 'in' && (event.data['peer'] !== IUT || isRepeat(event, log))) return undefined;
    const note = event.data['note'];
    return {
      dir: event.dir ?? 'in',
      broadcast: event.data['broadcast'] === true,
      note: typeof note === 'string' ? note : undefined,
      decoded: decodedOf(event),
    };
  },
};

/** Whether the dongle confirmed the frame of this event; a broadcast is confirmed when it was sent. */
function wasDelivered(event: Ev, log: Log): boolean {
  for (let n = event.n + 1; ; n++) {
    const later = log.at(n);
    if (later === undefined) return false;
    if (later.type === ZIGBEE_EVENT.confirm && later.via === event.n) return later.data?.['delivered'] === true;
  }
}

/** What the tester sent with this note, as far as it was delivered. */
export function sent(note: string): Kind<SeenFrame> {
  return {
    name: note,
    read(event, log) {
      const frame = frames.read(event, log);
      return frame?.dir === 'out' && frame.note === note && wasDelivered(event, log) ? frame : undefined;
    },
  };
}

/** The dongle's word that a frame of this note was delivered; a drive waits for it, where `sent` is for judges. */
export function delivered(note: string): Kind<SeenFrame> {
  return {
    name: `delivery of ${note}`,
    read(event, log) {
      if (event.type !== ZIGBEE_EVENT.confirm || event.data?.['delivered'] !== true) return undefined;
      const sending = event.via === undefined ? undefined : log.at(event.via);
      const frame = sending === undefined ? undefined : frames.read(sending, log);
      return frame?.dir === 'out' && frame.note === note ? frame : undefined;
    },
  };
}

/** A well-formed command from the device: its fields, and the sequence number of its header. */
export type Received<C extends CommandType> = CommandValue<C> & {
  readonly sequence: number;
  readonly quiet: boolean;
  readonly broadcast: boolean;
};

/** Every command of this type from the device. */
export function received<C extends CommandType>(type: C): Kind<Received<C>> {
  return {
    name: type.name,
    read(event, log) {
      const frame = frames.read(event, log);
      if (frame?.dir !== 'in' || frame.decoded.kind !== 'command') return undefined;
      const value = valueOf(type, frame.decoded) as CommandValue<C> | undefined;
      if (value === undefined) return undefined;
      const { sequence, disableDefaultResponse } = frame.decoded.header;
      return { ...value, sequence, quiet: disableDefaultResponse === 1, broadcast: frame.broadcast };
    },
  };
}

export const queries = received(queryNextImageRequest);
export const blockRequests = received(imageBlockRequest);
export const pageRequests = received(imagePageRequest);
export const endRequests = received(upgradeEndRequest);
export const specificQueries = received(querySpecificFileRequest);
export const notifies = received(imageNotify);
export const endResponses = received(upgradeEndResponse);

/** What asks for data, by block or by page. */
export const dataRequests: Kind<{
  readonly fileOffset: number;
  readonly maximumDataSize: number;
  readonly sequence: number;
  /** Of a page request alone. */
  readonly pageSize?: number;
}> = {
  name: 'request for data',
  read: (event, log) => blockRequests.read(event, log) ?? pageRequests.read(event, log),
};

/** A Default Response of the device to this command of ours. */
export function refusals(command: number): Kind<{ readonly command: number; readonly status: number }> {
  const all = received(defaultResponse);
  return {
    name: `Default Response to command 0x${command.toString(16).padStart(2, '0')}`,
    read(event, log) {
      const value = all.read(event, log);
      return value?.command === command ? value : undefined;
    },
  };
}

/** True where the frame answers one of ours: a Default Response or a command that is declared as an answer. */
function isAnswer(decoded: DecodedFrame): boolean {
  return decoded.kind === 'command' ? decoded.type.answers : decoded.kind === 'malformed';
}

/** The tester's frame that a frame of the device answers: the last one before it with the same sequence number. */
function asked(event: Ev, sequence: number, log: Log): SeenFrame | undefined {
  for (let n = event.n - 1; n >= 0; n--) {
    const before = log.at(n);
    const frame = before === undefined ? undefined : frames.read(before, log);
    if (frame?.dir !== 'out' || frame.decoded.header?.sequence !== sequence) continue;
    // A question that the tester has cut off on purpose is one all the same.
    const { decoded } = frame;
    if (decoded.kind === 'malformed' ? decoded.type?.answers !== true : !isAnswer(decoded)) return frame;
  }
  return undefined;
}

/** The device's answer, of whatever type, to what the tester asked with this note. */
export interface Answer {
  readonly note: string;
  readonly decoded: DecodedFrame;
  /** Status of the answer: that of a Default Response or of the first field; undefined where it has none. */
  readonly status: number | undefined;
  /** True for a Default Response. */
  readonly isDefault: boolean;
}

export function answers(note?: string): Kind<Answer> {
  return {
    name: `answer${note === undefined ? '' : ` to ${note}`}`,
    read(event, log) {
      const frame = frames.read(event, log);
      if (frame?.dir !== 'in' || !isAnswer(frame.decoded) || frame.decoded.header === undefined) return undefined;
      const about = asked(event, frame.decoded.header.sequence, log)?.note;
      if (about === undefined || (note !== undefined && about !== note)) return undefined;
      const value = frame.decoded.kind === 'command' ? frame.decoded.value : {};
      const status = value['status'];
      return {
        note: about,
        decoded: frame.decoded,
        status: typeof status === 'number' ? status : undefined,
        isDefault: valueOf(defaultResponse, frame.decoded) !== undefined,
      };
    },
  };
}

/** The answer of this type to what the tester asked with this note. */
export function replies<C extends CommandType>(type: C, note: string): Kind<CommandValue<C>> {
  const all = answers(note);
  return {
    name: `${type.name} (${note})`,
    read: (event, log) => {
      const answer = all.read(event, log);
      return answer === undefined ? undefined : (valueOf(type, answer.decoded) as CommandValue<C> | undefined);
    },
  };
}

export const queryReplies = (note: string) => replies(queryNextImageResponse, note);
export const blockReplies = (note: string) => replies(imageBlockResponse, note);
export const specificReplies = (note: string) => replies(querySpecificFileResponse, note);

/** One attribute as the device told it, or why it did not. */
export interface SeenAttribute {
  readonly attribute: number;
  readonly status: number;
  readonly type: number | undefined;
  readonly content: number | string | undefined;
}

/** What one answer says of an attribute. */
export function attributes(attribute: number, note?: string): Kind<SeenAttribute> {
  const all = answers(note);
  return {
    name: `attribute 0x${attribute.toString(16).padStart(4, '0')}`,
    read(event, log) {
      const answer = all.read(event, log);
      if (answer === undefined) return undefined;
      const records = valueOf(readAttributesResponse, answer.decoded)?.records ?? [];
      const found = records.find((r) => r.attribute === attribute);
      if (found === undefined) return undefined;
      const { type, content } = found.value ?? {};
      return { attribute, status: found.status, type, content: Buffer.isBuffer(content) ? undefined : content };
    },
  };
}

/** The value of an attribute wherever it was read. */
export function values(attribute: number): Kind<{ readonly value: number }> {
  const all = attributes(attribute);
  return {
    name: all.name,
    read(event, log) {
      const seen = all.read(event, log);
      return seen?.status === zclStatus.SUCCESS && typeof seen.content === 'number'
        ? { value: seen.content }
        : undefined;
    },
  };
}

/** Answers to writing of an attribute. */
export const writeReplies = (note: string) => replies(writeAttributesResponse, note);

/** A Device Announce of the device: it has restarted, or joined. */
export const announces: Kind<{ readonly what: string }> = {
  name: 'Device Announce',
  read: (event) =>
    event.type === ZIGBEE_EVENT.device && event.data?.['peer'] === IUT && event.data['what'] === 'announced'
      ? { what: 'announced' }
      : undefined,
};

/** A question of the tester to the management part of the device. */
export const managementRequests: Kind<Ev> = {
  name: 'simple descriptor request',
  read: (event) => (event.type === ZIGBEE_EVENT.zdo && event.dir === 'out' ? event : undefined),
};

/** What the endpoint under test says of itself. */
export const endpoints: Kind<{
  readonly inputClusters: readonly number[];
  readonly outputClusters: readonly number[];
}> = {
  name: 'simple descriptor',
  read(event) {
    if (event.type !== ZIGBEE_EVENT.zdo || event.data?.['what'] !== 'endpoint') return undefined;
    const { inputClusters, outputClusters } = event.data;
    return { inputClusters: inputClusters as readonly number[], outputClusters: outputClusters as readonly number[] };
  },
};
