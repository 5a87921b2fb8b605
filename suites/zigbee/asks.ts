import { mustBe } from '../../src/core/claim.ts';
import { hexNumber, nameOf } from '../../src/core/layout/names.ts';
import type { Seen } from '../../src/core/log.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import type { CommandValue } from '../../src/zigbee/codec/command.ts';
import { valueOf } from '../../src/zigbee/codec/frame.ts';
import { zclStatus } from '../../src/zigbee/codec/numbers.ts';
import {
  imageBlockRequest,
  imageBlockResponse,
  queryNextImageRequest,
  upgradeEndRequest,
} from '../../src/zigbee/codec/ota.ts';
import type { Offered } from '../../src/zigbee/images.ts';
import { type Answer, answers, blockReplies, queryReplies, sent } from '../../src/zigbee/kinds.ts';
import type { Way } from '../../src/zigbee/tester.ts';
import { ITEM } from './items.ts';
import type { J, T } from './moves.ts';

/** The file that the declaration says the server has. */
export const stored = (t: T): Offered => t.image('serverImage');

/** A query of a client that runs the version before the stored one, with changes. */
export function query(
  t: T,
  note: string,
  change: Partial<CommandValue<typeof queryNextImageRequest>> = {},
): Promise<boolean> {
  const { manufacturerCode, imageType, fileVersion } = stored(t);
  const value = { fieldControl: 0, manufacturerCode, imageType, fileVersion: fileVersion - 1, ...change };
  return t.ask(note, queryNextImageRequest, value);
}

/** A request for a block of the stored file, with changes. */
export function blockOnce(
  t: T,
  note: string,
  fileOffset: number,
  maximumDataSize: number,
  change: Partial<CommandValue<typeof imageBlockRequest>> = {},
  way?: Way,
): Promise<boolean> {
  const { manufacturerCode, imageType, fileVersion } = stored(t);
  const value = { fieldControl: 0, manufacturerCode, imageType, fileVersion, fileOffset, maximumDataSize, ...change };
  return t.ask(note, imageBlockRequest, value, way);
}

/** Longest wait, in seconds, that is sat out; a server that asks for more gave no block. */
const LONGEST_WAIT_S = 300;
/** Seconds of the timer `putOff`. */
const PUT_OFF_S = 60;

/** Seconds that an answer asks to wait; undefined where it is another one. */
function waitOf({ decoded }: Answer): number | undefined {
  const response = valueOf(imageBlockResponse, decoded);
  if (response?.status !== zclStatus.WAIT_FOR_DATA) return undefined;
  return Math.max(0, (response.requestTime ?? 0) - (response.currentTime ?? 0));
}

/** The same; a server that declares to delay or to pace clients may put off any request, and is asked again when the wait is over. */
export async function block(...request: Parameters<typeof blockOnce>): Promise<boolean> {
  const [t, note] = request;
  for (let i = 1; ; i++) {
    const answered = await blockOnce(...request);
    if (!answered || i >= TRIES || !(t.declared(ITEM.SENDS_WAIT) || t.declared(ITEM.SENDS_RATE))) return answered;
    const seen = await t.perhaps(answers(note), { timer: 'inFlight' });
    const wait = seen === undefined ? undefined : waitOf(seen);
    if (wait === undefined || wait > LONGEST_WAIT_S) return answered;
    await t.pause({ timer: 'putOff', times: (wait + 1) / PUT_OFF_S }, 'the wait that the server asked for');
  }
}

/** An end request about the stored file, with changes. */
export function end(
  t: T,
  note: string,
  status: number,
  change: Partial<CommandValue<typeof upgradeEndRequest>> = {},
): Promise<boolean> {
  const { manufacturerCode, imageType, fileVersion } = stored(t);
  return t.ask(note, upgradeEndRequest, { status, manufacturerCode, imageType, fileVersion, ...change });
}

/** The server's answer to what was asked so. */
export function answer(j: J, s: string, note: string): Seen<Answer> | undefined {
  return j.came(s, answers(note), { stimulus: sent(note), within: { timer: 'answer' }, tries: TRIES });
}

/** The answer has one of these statuses, whatever its type. */
export function answeredWith(j: J, s: string, note: string, ...statuses: readonly number[]): void {
  const seen = answer(j, s, note);
  if (seen === undefined) return;
  const found = seen.status === undefined ? 'no status' : nameOf(zclStatus, seen.status);
  const names = statuses.map((status) => nameOf(zclStatus, status)).join(' or ');
  j.check(
    s,
    () => mustBe(seen.status !== undefined && statuses.includes(seen.status), `answer to ${note}`, found, names),
    seen,
  );
}

/** The answer is anything but SUCCESS. */
export function refusedSomehow(j: J, s: string, note: string): void {
  const seen = answer(j, s, note);
  if (seen === undefined) return;
  const found = seen.status === undefined ? 'no status' : nameOf(zclStatus, seen.status);
  j.check(
    s,
    () => mustBe(seen.status !== undefined && seen.status !== 0, `answer to ${note}`, found, 'not SUCCESS'),
    seen,
  );
}

/** The status of a Query Next Image Response. */
export function queryAnswered(j: J, s: string, note: string, ...statuses: readonly number[]): void {
  const seen = j.came(s, queryReplies(note), { stimulus: sent(note), within: { timer: 'answer' }, tries: TRIES });
  if (seen === undefined) return;
  const names = statuses.map((status) => nameOf(zclStatus, status)).join(' or ');
  j.check(
    s,
    () =>
      mustBe(statuses.includes(seen.status), `status of the answer to ${note}`, nameOf(zclStatus, seen.status), names),
    seen,
  );
}

/** Identity and size of a file in words. */
export function fileWords(f: Partial<Offered>): string {
  if (f.manufacturerCode === undefined) return 'no file';
  const { manufacturerCode, imageType = 0, fileVersion = 0 } = f;
  return `${hexNumber(manufacturerCode, 4)} ${hexNumber(imageType, 4)} ${hexNumber(fileVersion, 8)} ${f.imageSize} octets`;
}

/** The query was answered with this file. */
export function offers(j: J, s: string, note: string, file: Offered): void {
  const other = j.log.first(answers(note));
  if (other !== undefined && j.log.first(queryReplies(note)) === undefined) {
    const found = other.status === undefined ? 'another answer' : nameOf(zclStatus, other.status);
    j.check(s, () => mustBe(false, `answer to ${note}`, found, 'a Query Next Image Response'), other);
    return;
  }
  const seen = j.came(s, queryReplies(note), { stimulus: sent(note), within: { timer: 'answer' }, tries: TRIES });
  if (seen === undefined) return;
  const is = seen.status === 0 ? fileWords(seen) : nameOf(zclStatus, seen.status);
  j.check(s, () => mustBe(is === fileWords(file), 'offered file', is, fileWords(file)), seen);
}

/** A block as the server gave it, or undefined where it gave something else. */
export function given(j: J, note: string): Seen<{ fileOffset: number; data: Buffer }> | undefined {
  const seen = j.log.last(blockReplies(note));
  if (seen?.status !== 0 || seen.fileOffset === undefined || seen.data === undefined) return undefined;
  return { fileOffset: seen.fileOffset, data: Buffer.from(seen.data), n: seen.n, ms: seen.ms };
}

/** The block has the offset that was asked for, no more octets than that, and those of the file. */
export function rightBlock(j: J, s: string, note: string, file: Offered, offset: number, size: number): number {
  if (answer(j, s, note) === undefined) return 0;
  const seen = given(j, note);
  if (seen === undefined) {
    const other = j.log.last(answers(note));
    const found = other?.status === undefined ? 'another answer' : nameOf(zclStatus, other.status);
    j.check(s, () => mustBe(false, `answer to ${note}`, found, 'a block'), other);
    return 0;
  }
  j.check(s, () => mustBe(seen.fileOffset === offset, 'offset of the block', seen.fileOffset, String(offset)), seen);
  j.check(
    s,
    () =>
      mustBe(
        seen.data.length >= 1 && seen.data.length <= size,
        'octets in the block',
        seen.data.length,
        `1 to ${size}`,
      ),
    seen,
  );
  const expected = file.octets.subarray(offset, offset + seen.data.length);
  j.check(
    s,
    () => mustBe(seen.data.equals(expected), 'data', seen.data.toString('hex'), expected.toString('hex')),
    seen,
  );
  return seen.data.length;
}
