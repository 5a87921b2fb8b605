import { expect } from 'chai';
import type { Limit } from '../../src/core/timing.ts';
import { nameOf } from '../../src/core/layout/names.ts';
import { distributionStatusMessage } from '../../src/mesh/codec/messages/distribution.ts';
import { answer, marked } from '../../src/mesh/kinds.ts';
import type { J } from './claims.ts';
import { createHash } from 'node:crypto';
import type { MessageValue } from '../../src/mesh/codec/message.ts';
import { distributionPhase, transferMode, updatePhase, updatePolicy, uploadPhase } from '../../src/mesh/codec/enums.ts';
import {
  distributionGet,
  distributionStart,
  firmwareGet,
  receiversAdd,
  receiversList,
  uploadGet,
  uploadStart,
} from '../../src/mesh/codec/messages/distribution.ts';
import type { PlayedTarget } from '../../src/mesh/model/playedTarget.ts';
import type { TargetChanges } from '../../src/mesh/tester.ts';
import { ITEM } from './items.ts';
import { imageTransfer, limitsOf, modeOf, sendAll, type T } from './moves.ts';

/** What every case about a Firmware Distribution Server has in common. */
export const DISTRIBUTOR = { item: ITEM.DISTRIBUTION_SERVER, when: ITEM.DISTRIBUTION_SERVER, start: 'idle' } as const;
/** IXIT of everything that uploads image A. */
export const UPLOADING = ['ttl', 'timeoutBase', 'imageA', 'metadataA', 'firmwareIdA', 'verifyS', 'applyS'] as const;
/** And of what distributes it. */
export const DISTRIBUTING = [...UPLOADING, 'distributeS'] as const;

/** Elements of the tester that play targets, and such as nobody plays. */
export const TARGETS = [3, 4] as const;
export const NOBODY = [5, 6] as const;

/** Uploads an image in band and gives its index; ends the drive where it is not stored. */
export async function uploaded(
  t: T,
  which: 'A' | 'B',
  mode = modeOf(t, 'upload'),
): Promise<{ image: number; firmwareId: Buffer }> {
  const to = t.element('distribution');
  const limits = await limitsOf(t, 'upload');
  const [data, metadata, firmwareId] = [
    t.octets(`image${which}`),
    t.octets(`metadata${which}`),
    t.octets(`firmwareId${which}`),
  ];
  const transfer = imageTransfer(limits, t.blobId(), mode, data);
  const { ttl, timeoutBase } = { ttl: t.ixit.number('ttl'), timeoutBase: t.ixit.number('timeoutBase') };
  const { phase } = await t.ask(`upload ${which}`, to, uploadStart, {
    ttl,
    timeoutBase,
    blobId: transfer.blobId,
    size: data.length,
    metadata,
    firmwareId,
  });
  if (phase !== uploadPhase.TRANSFER_ACTIVE) t.stop('no transfer follows the Upload Start');
  if (!(await sendAll(t, to, transfer))) t.stop('the upload was not completed');
  const done = await t.poll(`uploaded ${which}`, to, uploadGet, {}, (v) => v.phase === uploadPhase.TRANSFER_SUCCESS, {
    timer: 'verifyS',
  });
  if (done === undefined) t.stop('the upload did not come to Transfer Success');
  const { image } = await t.ask(`stored ${which}`, to, firmwareGet, { firmwareId });
  return { image, firmwareId };
}

/** A Start of this image to every receiver by its unicast address, in push mode, verify only. */
export function distributionValue(
  t: T,
  image: number,
  o: Partial<MessageValue<typeof distributionStart>> = {},
): MessageValue<typeof distributionStart> {
  return {
    appKeyIndex: 0,
    ttl: t.ixit.number('ttl'),
    timeoutBase: t.ixit.number('timeoutBase'),
    mode: transferMode.PUSH,
    policy: updatePolicy.VERIFY_ONLY,
    image,
    group: 0,
    ...o,
  };
}

/** Plays a target at each of these addresses. */
export function playTargets(t: T, addresses: readonly number[], changes: TargetChanges = {}): PlayedTarget[] {
  return addresses.map((address) => t.target(address, changes));
}

/** Tells the distributor its receivers. */
export async function addReceivers(t: T, addresses: readonly number[]): Promise<void> {
  await t.ask('receivers', t.element('distribution'), receiversAdd, {
    receivers: addresses.map((address) => ({ address, image: 0 })),
  });
}

/** Marks what the targets have got, for the judge to compare with what was to be sent. */
export function markImages(t: T, targets: readonly PlayedTarget[]): void {
  const digest = (octets: Buffer): string => createHash('sha256').update(octets).digest('hex');
  const received = targets.map(({ address, image }) => ({ address, digest: digest(image) }));
  t.mark('images', { sent: digest(t.octets('imageA')), received });
}

/** Label of the question what became of each target. */
export const RECEIVERS_AFTER = 'receivers after';

/** Phases in which a target is told to have made it. */
const MADE: readonly number[] = [
  updatePhase.VERIFICATION_SUCCEEDED,
  updatePhase.APPLYING_UPDATE,
  updatePhase.APPLY_SUCCESS,
];

/** Why nothing can be told about a target; undefined where the distributor says that it brought the image there. */
export function givenUpOn(log: J['log'], address: number): string | undefined {
  const list = log.last(answer(receiversList, RECEIVERS_AFTER))?.value;
  const phase = list?.entries.find((entry) => entry.address === address)?.phase;
  if (phase === undefined) return 'what became of this target was not told';
  return MADE.includes(phase)
    ? undefined
    : `the device did not bring this target to the end (${nameOf(updatePhase, phase)})`;
}

/** The targets that the distributor brought to the end got the octets that were uploaded. */
export function sameImages(j: J, statement: string): void {
  const mark = j.log.first(marked('images'));
  const { sent, received } = mark?.data ?? {};
  if (mark === undefined || !Array.isArray(received))
    return j.inconclusive(statement, 'what the targets got was not looked at');
  for (const { address, digest } of received as { address: number; digest: string }[]) {
    const why = digest === sent ? undefined : givenUpOn(j.log, address);
    if (why !== undefined) j.inconclusive(statement, `${why}, so that its octets prove nothing`);
    else j.check(statement, () => expect(digest, `octets that ${address} got`).to.equal(sent), mark);
  }
}

/** Rounds of polling in which the device only repeats itself; each lasts as long as it may make no progress. */
const ROUNDS = 10;

/** Polls the distribution until one of these phases, for as long as the device goes on with its targets; undefined where it does not come there. */
export async function untilPhase(t: T, label: string, phases: readonly number[]): Promise<number | undefined> {
  const end = [...phases, distributionPhase.FAILED];
  const limit: Limit = { timer: 'distributeS', of: 'no-progress' };
  for (let idle = 0; idle < ROUNDS; ) {
    const before = t.heard();
    const to = t.element('distribution');
    const seen = await t.poll(label, to, distributionGet, {}, ({ phase }) => end.includes(phase), limit);
    if (seen !== undefined) return seen.phase;
    const now = t.heard();
    if (now.messages === before.messages) break;
    idle = now.parts > before.parts ? 0 : idle + 1;
  }
  return undefined;
}

/** A distribution to targets that stay silent from the first block on: active until it is suspended, cancelled or times out. */
export async function stalled(
  t: T,
  label = 'start',
  o: Partial<MessageValue<typeof distributionStart>> = {},
): Promise<MessageValue<typeof distributionStart>> {
  const { image } = await uploaded(t, 'A');
  playTargets(t, TARGETS, { blob: { silentFromBlock: 0 } });
  await addReceivers(t, TARGETS);
  const value = distributionValue(t, image, o);
  await t.ask(label, t.element('distribution'), distributionStart, value);
  return value;
}

/** How a Start differs from the ordinary one. */
type StartChanges = Parameters<typeof distributionValue>[2];

/** Uploads, tells the receivers and starts; `played` of them answer. */
export async function start(
  t: T,
  played: readonly number[],
  silent: readonly number[],
  o: StartChanges = {},
  changes: Parameters<typeof playTargets>[2] = {},
): Promise<ReturnType<typeof playTargets>> {
  const { image } = await uploaded(t, 'A');
  const targets = playTargets(t, played, changes);
  await addReceivers(t, [...played, ...silent]);
  await t.ask('start', t.element('distribution'), distributionStart, distributionValue(t, image, o));
  return targets;
}

/** The last phase that the labelled answers show. */
export function reaches(j: J, statement: string, label: string, phase: number): boolean {
  const last = j.log.last(answer(distributionStatusMessage, label));
  if (last?.value === undefined) {
    j.inconclusive(statement, `the distribution was not watched (${label})`);
    return false;
  }
  const { value } = last;
  j.check(
    statement,
    () =>
      expect(nameOf(distributionPhase, value.phase), `phase at the end (${label})`).to.equal(
        nameOf(distributionPhase, phase),
      ),
    last,
  );
  return value.phase === phase;
}
