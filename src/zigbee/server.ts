import { setTimeout as sleep } from 'node:timers/promises';
import type { Timing } from '../core/timing.ts';
import type { Arrival } from '../link/zigbee/link.ts';
import type { CommandType, CommandValue } from './codec/command.ts';
import { decodeFrame, encodeCommand, rawFrame, valueOf } from './codec/frame.ts';
import { defaultResponse, readAttributes, readAttributesResponse } from './codec/global.ts';
import { dataType } from './codec/dataTypes.ts';
import { direction, frameType, zclStatus } from './codec/numbers.ts';
import {
  imageBlockRequest,
  imageBlockResponse,
  imagePageRequest,
  queryNextImageRequest,
  queryNextImageResponse,
  querySpecificFileRequest,
  querySpecificFileResponse,
  upgradeEndRequest,
  upgradeEndResponse,
} from './codec/ota.ts';
import type { Offered } from './images.ts';

/** One frame of an answer: a command, or octets behind the header of a command of the cluster. */
export type Reply =
  | { readonly kind: 'command'; readonly type: CommandType; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'raw'; readonly command: number; readonly payload: Uint8Array };

/** What a client asks for: command, fields that matter to a rule. */
export type On = 'query' | 'block' | 'page' | 'end' | 'specific';

/** The request that a rule answers. */
export interface Asked {
  readonly fileOffset: number;
  readonly maximumDataSize: number;
  readonly offered: Offered;
}

/** A departure from the ordinary answer. */
export interface Rule {
  readonly on: On;
  /** Applies from this part of the file on, 0 to 1; from the start unless told. */
  readonly from?: number;
  /** How often, delivered answers counted; for good unless told. An answer of no frames counts each time. */
  readonly times?: number;
  /** Given once more to a repeat of the request that crossed it: a client that has not seen it yet must not get around it. */
  readonly crossing?: true;
  /** Note of its frames in the log. */
  readonly note: string;
  /** Frames of the answer; none: silence. `undefined` as an element stands for the ordinary answer. */
  readonly answer: (asked: Asked) => readonly (Reply | undefined)[];
}

/** What the tester's server offers, and how it departs from a plain server. */
export interface Offer {
  readonly file: Offered;
  /** Most octets in a block; as many as asked for unless told. */
  readonly blockOctets?: number;
  /** Answer to a successful end; 1 s after the response unless told, as in the seed. */
  readonly end?: { readonly currentTime: number; readonly upgradeTime: number };
  /** For one download: once a rule has answered a request for a block of it, or the client has ended it, queries get NO_IMAGE_AVAILABLE. */
  readonly once?: true;
  /** Serves image pages; otherwise they are refused. */
  readonly pages?: true;
  readonly rules?: readonly Rule[];
  /** Offered together with it, by image type. */
  readonly others?: readonly Offered[];
}

/** Sends octets to where a request came from; true where they were delivered. */
export type Respond = (to: Arrival, octets: Buffer, note: string) => Promise<boolean>;

const QUERY_NOTE = 'query response';
/** Unlike an offer: what a judge reads as one must not be this. */
const NO_MORE_NOTE = 'nothing more';
const BLOCK_NOTE = 'block';
const END_NOTE = 'end response';
const REFUSED_NOTE = 'refusal';
/** Octets of a block where the client sets no bound. */
const LARGEST_BLOCK = 223;
const REVISION = 4;

/** Any command as an answer. */
export function command<C extends CommandType>(type: C, value: CommandValue<C>): Reply {
  return { kind: 'command', type, value };
}

/** A Default Response to a command of the client. */
export function refuse(commandId: number, status: number): Reply {
  return command(defaultResponse, { command: commandId, status });
}

/** The ordinary block at this offset; undefined where the file has none there. */
export function blockOf(file: Offered, fileOffset: number, octets: number): Reply | undefined {
  const data = file.octets.subarray(fileOffset, fileOffset + octets);
  if (data.length === 0 || octets === 0) return undefined;
  const { manufacturerCode, imageType, fileVersion } = file;
  const status = zclStatus.SUCCESS;
  return command(imageBlockResponse, { status, manufacturerCode, imageType, fileVersion, fileOffset, data });
}

function sameFile(a: Offered, b: { manufacturerCode: number; imageType: number; fileVersion: number }): boolean {
  return a.manufacturerCode === b.manufacturerCode && a.imageType === b.imageType && a.fileVersion === b.fileVersion;
}

/** The OTA server of the bench (11.10): answers whatever the device asks, as the current offer says. */
export interface OtaServer {
  offer(offer: Offer): void;
  /** Nothing is offered; requests for blocks are refused, so that a download under way ends. */
  clear(): void;
  /** Handles a frame if it is a client's request; true where it was one. */
  handle(arrival: Arrival): boolean;
}

/** An answer by rule that a repeat of its request may cross. */
interface Crossed {
  readonly rule: Rule;
  readonly offset: number;
  /** When it was confirmed or given up; a client that sleeps fetches it late. */
  at?: number;
}

export function otaServer(respond: Respond, timing: Timing): OtaServer {
  let current: Offer | undefined;
  const left = new Map<Rule, number>();
  /** An offer for one download has had it. */
  let over = false;
  let crossed: Crossed | undefined;
  /** The request that came last, by its octets, and when. */
  let latest: { readonly octets: Buffer; readonly at: number } = { octets: Buffer.alloc(0), at: 0 };

  /** The network may deliver a frame twice; a client that repeats itself lets more time pass. */
  const isRepeat = ({ octets }: Arrival): boolean => {
    const now = performance.now();
    const again = octets.equals(latest.octets) && now - latest.at <= timing.real('inFlight');
    latest = { octets, at: now };
    return again;
  };

  const encoded = (reply: Reply, sequence: number): Buffer =>
    reply.kind === 'command'
      ? encodeCommand(reply.type, reply.value, { sequence, direction: direction.SERVER_TO_CLIENT })
      : rawFrame(
          {
            frameType: frameType.CLUSTER,
            direction: direction.SERVER_TO_CLIENT,
            disableDefaultResponse: 0,
            sequence,
          },
          reply.command,
          reply.payload,
        );
  const ruleFor = (on: On, offset: number): Rule | undefined =>
    current?.rules?.find(
      (rule) =>
        rule.on === on &&
        (left.get(rule) ?? rule.times ?? 1) > 0 &&
        offset >= Math.floor((rule.from ?? 0) * (current?.file.imageSize ?? 0)),
    );
  const crossedBy = (on: On, offset: number): Rule | undefined => {
    const last = crossed;
    if (last?.rule.on !== on || last.offset !== offset) return undefined;
    crossed = undefined;
    return last.at === undefined || performance.now() - last.at <= timing.real('crossing') ? last.rule : undefined;
  };
  const used = (rule: Rule): void => {
    if (rule.times !== undefined) left.set(rule, (left.get(rule) ?? rule.times) - 1);
  };
  /** Answers by rule or plainly; a rule is used up by what was delivered. */
  const answer = (
    arrival: Arrival,
    sequence: number,
    on: On,
    asked: Omit<Asked, 'offered'>,
    plain: readonly Reply[],
    note: string,
  ): void => {
    const due = ruleFor(on, asked.fileOffset);
    const rule = due ?? crossedBy(on, asked.fileOffset);
    if (rule === undefined || current === undefined) {
      for (const reply of plain) void respond(arrival, encoded(reply, sequence), note);
      return;
    }
    if (on === 'block') over = true;
    const own: Crossed | undefined = due?.crossing === true ? { rule: due, offset: asked.fileOffset } : undefined;
    if (own !== undefined) crossed = own;
    const parts = rule.answer({ ...asked, offered: current.file });
    if (parts.length === 0) used(rule);
    const frames = parts.flatMap((part) =>
      part === undefined
        ? plain.map((reply) => ({ octets: encoded(reply, sequence), as: note }))
        : [{ octets: encoded(part, sequence), as: rule.note }],
    );
    void inTurn(arrival, frames, due === undefined ? undefined : rule).then(() => {
      if (own !== undefined) own.at = performance.now();
    });
  };
  /** Sends the frames of one answer, each after the confirm of the one before: none may overtake another. The first one uses up the rule. */
  const inTurn = async (
    arrival: Arrival,
    frames: readonly { readonly octets: Buffer; readonly as: string }[],
    rule: Rule | undefined,
  ): Promise<void> => {
    for (const [i, { octets, as }] of frames.entries()) {
      const sending = respond(arrival, octets, as);
      // Counted when it goes out, given back when it was lost: a client may ask again before the confirm.
      if (i === 0 && rule !== undefined) used(rule);
      const delivered = await sending;
      if (i === 0 && !delivered && rule?.times !== undefined) left.set(rule, (left.get(rule) ?? 0) + 1);
    }
  };
  const fileFor = (asked: { manufacturerCode: number; imageType: number; fileVersion: number }): Offered | undefined =>
    current === undefined ? undefined : [current.file, ...(current.others ?? [])].find((f) => sameFile(f, asked));

  const page = async (
    arrival: Arrival,
    sequence: number,
    file: Offered,
    asked: CommandValue<typeof imagePageRequest>,
  ): Promise<void> => {
    const most = Math.min(asked.maximumDataSize, current?.blockOctets ?? LARGEST_BLOCK);
    const end = Math.min(asked.fileOffset + asked.pageSize, file.imageSize);
    for (let at = asked.fileOffset; at < end && current !== undefined; at += most) {
      const block = blockOf(file, at, Math.min(most, end - at));
      if (block === undefined) return;
      const gap = ruleFor('page', at);
      if (gap === undefined) await respond(arrival, encoded(block, sequence), BLOCK_NOTE);
      else used(gap);
      await sleep(asked.responseSpacing * timing.factors.protocol);
    }
  };

  return {
    offer(offer) {
      current = offer;
      left.clear();
      over = false;
      crossed = undefined;
    },
    clear() {
      current = undefined;
    },
    handle(arrival) {
      const decoded = decodeFrame(arrival.octets);
      if (decoded.kind !== 'command' || decoded.header.direction !== direction.CLIENT_TO_SERVER) return false;
      if (isRepeat(arrival)) return true;
      const { sequence } = decoded.header;
      const start = { fileOffset: 0, maximumDataSize: 0 };
      const query = valueOf(queryNextImageRequest, decoded);
      if (query !== undefined) {
        const { SUCCESS, NO_IMAGE_AVAILABLE } = zclStatus;
        if (over && current?.once === true) {
          const none = command(queryNextImageResponse, { status: NO_IMAGE_AVAILABLE });
          void respond(arrival, encoded(none, sequence), NO_MORE_NOTE);
          return true;
        }
        const file = [current?.file, ...(current?.others ?? [])].find((f) => f?.imageType === query.imageType);
        const offered = file ?? current?.file;
        const value =
          offered === undefined
            ? { status: NO_IMAGE_AVAILABLE }
            : {
                status: SUCCESS,
                manufacturerCode: offered.manufacturerCode,
                imageType: offered.imageType,
                fileVersion: offered.fileVersion,
                imageSize: offered.imageSize,
              };
        answer(arrival, sequence, 'query', start, [command(queryNextImageResponse, value)], QUERY_NOTE);
        return true;
      }
      const block = valueOf(imageBlockRequest, decoded);
      if (block !== undefined) {
        const file = fileFor(block);
        const most = Math.min(block.maximumDataSize, current?.blockOctets ?? LARGEST_BLOCK);
        const plain = file === undefined ? undefined : blockOf(file, block.fileOffset, most);
        const reply = plain ?? refuse(imageBlockRequest.id, zclStatus.NO_IMAGE_AVAILABLE);
        answer(arrival, sequence, 'block', block, [reply], plain === undefined ? REFUSED_NOTE : BLOCK_NOTE);
        return true;
      }
      const paged = valueOf(imagePageRequest, decoded);
      if (paged !== undefined) {
        const file = fileFor(paged);
        const refusal = (status: number): Reply[] => [refuse(imagePageRequest.id, status)];
        // "Unsupported" is remembered by clients: it is said only where pages are not served, not where there is no file.
        if (file === undefined)
          answer(arrival, sequence, 'page', paged, refusal(zclStatus.NO_IMAGE_AVAILABLE), REFUSED_NOTE);
        else if (current?.pages === true) void page(arrival, sequence, file, paged);
        else answer(arrival, sequence, 'page', paged, refusal(zclStatus.UNSUP_COMMAND), 'page refused');
        return true;
      }
      const end = valueOf(upgradeEndRequest, decoded);
      if (end !== undefined) {
        over = true;
        const file = end.manufacturerCode === undefined ? undefined : { ...end };
        const times = current?.end ?? { currentTime: 0, upgradeTime: 1 };
        const { manufacturerCode = 0, imageType = 0, fileVersion = 0 } = file ?? {};
        const good = end.status === zclStatus.SUCCESS && current !== undefined;
        const plain = good
          ? command(upgradeEndResponse, { manufacturerCode, imageType, fileVersion, ...times })
          : refuse(upgradeEndRequest.id, current === undefined ? zclStatus.ABORT : zclStatus.SUCCESS);
        const at = { fileOffset: current?.file.imageSize ?? 0, maximumDataSize: 0 };
        if (good) answer(arrival, sequence, 'end', at, [plain], END_NOTE);
        else void respond(arrival, encoded(plain, sequence), REFUSED_NOTE);
        return true;
      }
      if (valueOf(querySpecificFileRequest, decoded) !== undefined) {
        const none = command(querySpecificFileResponse, { status: zclStatus.NO_IMAGE_AVAILABLE });
        answer(arrival, sequence, 'specific', start, [none], 'specific response');
        return true;
      }
      const reading = valueOf(readAttributes, decoded);
      if (reading === undefined) return false;
      const records = reading.attributes.map((attribute) =>
        attribute === 0xfffd
          ? { attribute, status: zclStatus.SUCCESS, value: { type: dataType.UINT16, content: REVISION } }
          : { attribute, status: zclStatus.UNSUPPORTED_ATTRIBUTE },
      );
      void respond(arrival, encoded(command(readAttributesResponse, { records }), sequence), 'attributes');
      return true;
    },
  };
}
