import { ixitOf, type IxitValue } from '../../src/core/ixit.ts';
import { judgeAttempt, type Judgement } from '../../src/core/judge.ts';
import { logOf } from '../../src/core/log.ts';
import { caseOf, WrittenLog } from '../../src/core/testing/written.ts';
import { timingOf } from '../../src/core/timing.ts';
import type { CommandType, CommandValue } from '../../src/zigbee/codec/command.ts';
import { dataType } from '../../src/zigbee/codec/dataTypes.ts';
import { encodeCommand } from '../../src/zigbee/codec/frame.ts';
import { readAttributes, readAttributesResponse } from '../../src/zigbee/codec/global.ts';
import { direction, OTA_CLUSTER, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import {
  imageBlockRequest,
  imageBlockResponse,
  queryNextImageResponse,
  upgradeEndRequest,
} from '../../src/zigbee/codec/ota.ts';
import { INVARIANTS } from '../../src/zigbee/invariants.ts';
import { IUT } from '../../src/zigbee/kinds.ts';
import { ZIGBEE_TIMING } from '../../src/zigbee/timing.ts';
import { ZIGBEE_SUITES } from './suites.ts';

const { SERVER_TO_CLIENT, CLIENT_TO_SERVER } = direction;
const FILE = { manufacturerCode: 0x1234, imageType: 1, fileVersion: 2 } as const;
/** Octets of the file that these logs tell of, and of a block of it. */
export const SIZE = 400;
export const BLOCK = 100;
const STATUS = 0x0006;
const VERSION = 0x0002;

/** What a Zigbee client showed in a case: one event every ten seconds unless told. */
export class Written extends WrittenLog {
  #sequence = 100;

  constructor() {
    super('zigbee', 10_000);
  }
  /** A frame of the tester that was delivered at once. */
  out<C extends CommandType>(note: string, type: C, value: CommandValue<C>, sequence = 1): void {
    const raw = encodeCommand(type, value, { sequence, direction: SERVER_TO_CLIENT }).toString('hex');
    const via = this.add({ type: 'zigbee.frame', dir: 'out', raw, data: { cluster: OTA_CLUSTER, note } });
    this.after(0).add({ type: 'zigbee.confirm', dir: 'in', via, data: { delivered: true } });
  }
  /** A frame of the device, under its own numbers unless it is an answer. */
  in<C extends CommandType>(type: C, value: CommandValue<C>, sequence?: number): void {
    this.#sequence = sequence ?? this.#sequence + 1;
    const header = { sequence: this.#sequence, direction: CLIENT_TO_SERVER };
    const raw = encodeCommand(type, value, header).toString('hex');
    this.add({ type: 'zigbee.frame', dir: 'in', raw, data: { cluster: OTA_CLUSTER, peer: IUT } });
  }
  offer(): void {
    this.out('query response', queryNextImageResponse, { status: zclStatus.SUCCESS, ...FILE, imageSize: SIZE });
  }
  asks(fileOffset: number): void {
    this.in(imageBlockRequest, { fieldControl: 0, ...FILE, fileOffset, maximumDataSize: BLOCK });
  }
  ends(status: number = zclStatus.SUCCESS): void {
    this.in(upgradeEndRequest, { status, ...FILE });
  }
  /** Confirmed at once, or so much later; what comes `meanwhile` is halfway. */
  abort(note: string, confirmMs = 0, meanwhile?: (w: Written) => void): void {
    const header = { sequence: 1, direction: SERVER_TO_CLIENT };
    const raw = encodeCommand(imageBlockResponse, { status: zclStatus.ABORT }, header).toString('hex');
    const via = this.add({ type: 'zigbee.frame', dir: 'out', raw, data: { cluster: OTA_CLUSTER, note } });
    if (meanwhile !== undefined) meanwhile(this.after(confirmMs / 2));
    this.after(confirmMs / 2).add({ type: 'zigbee.confirm', dir: 'in', via, data: { delivered: true } });
  }
  putOff(note: string): void {
    const { WAIT_FOR_DATA: status } = zclStatus;
    this.out(note, imageBlockResponse, { status, currentTime: 0, requestTime: 30, minimumBlockPeriod: 0 });
  }
  read(note: string, sequence: number): void {
    this.out(note, readAttributes, { attributes: [STATUS] }, sequence);
  }
  shows(sequence: number, content: number): void {
    const records = [{ attribute: STATUS, status: zclStatus.SUCCESS, value: { type: dataType.ENUM8, content } }];
    this.in(readAttributesResponse, { records }, sequence);
  }
  /** The version that runs, as the answer to a read. */
  runs(sequence: number, content: number): void {
    const value = { type: dataType.UINT32, content };
    this.in(readAttributesResponse, { records: [{ attribute: VERSION, status: zclStatus.SUCCESS, value }] }, sequence);
  }
  restarts(): void {
    this.add({ type: 'zigbee.device', dir: 'in', data: { what: 'announced', peer: IUT } });
  }
}

/** What the case says of this log, the device alive before and after. */
export function judged(
  id: string,
  write: (w: Written) => void,
  o: {
    readonly ixit?: Readonly<Record<string, IxitValue>>;
    readonly policies?: Readonly<Record<string, string>>;
    /** Items that the device has; none unless told. */
    readonly items?: readonly string[];
    /** From the last event to the end of the log. */
    readonly settleMs?: number;
  } = {},
): Judgement {
  const found = caseOf(ZIGBEE_SUITES, id);
  const w = new Written();
  w.alive();
  w.mark('begin');
  write(w);
  w.after(o.settleMs ?? 1_000_000).alive();
  const ixit = ixitOf({
    maxDownloadS: 60,
    maxVerifyS: 60,
    blockTimeoutS: 5,
    blockRetries: 3,
    maxDataSize: BLOCK,
    ...o.ixit,
  });
  const timing = timingOf(ZIGBEE_TIMING, ixit, { protocol: 1, link: 1 });
  const policies = {
    endAfterAbort: 'tolerate',
    busyOffset: 'either',
    statusBeforeEndResponse: 'either',
    timeBeforeCurrent: 'either',
    ...o.policies,
  };
  const input = {
    log: logOf(w.events, 1),
    ixit,
    policies,
    timing,
    declared: (item: string) => o.items?.includes(item) === true,
  };
  return judgeAttempt(found, input, policies, (j) => found.judge(j as never), INVARIANTS as never);
}
