import { mustBe } from '../../src/core/claim.ts';
import { nameOf } from '../../src/core/layout/names.ts';
import type { Watch } from '../../src/core/case.ts';
import { type Kind, where } from '../../src/core/log.ts';
import type { Limit } from '../../src/core/timing.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import { upgradeStatus, zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { imagesOf } from '../../src/zigbee/images.ts';
import {
  announces,
  attributes,
  blockRequests,
  dataRequests,
  delivered,
  endRequests,
  queries,
  refusals,
  sent,
} from '../../src/zigbee/kinds.ts';
import {
  CURRENT_VERSION,
  DOWNLOAD,
  endsFile,
  type J,
  lastBlock,
  QUIET,
  REBOOT,
  REFUSED_FILES,
  STATUS,
  VERIFY,
} from './moves.ts';
import { ITEM } from './items.ts';

/** The value that the client showed of an attribute under this note, or INCONC where it showed none. A second answer is one to a repeated question, and late. */
export function shown(j: J, s: string, id: number, note: string): { value: number; n: number } | undefined {
  const seen = j.log.first(attributes(id, note));
  if (typeof seen?.content === 'number') return { value: seen.content, n: seen.n };
  j.inconclusive(s, `attribute 0x${id.toString(16).padStart(4, '0')} was not read (${note})`);
  return undefined;
}

/** ImageUpgradeStatus was one of these. */
export function statusIs(j: J, s: string, note: string, ...allowed: readonly number[]): void {
  const seen = shown(j, s, STATUS, note);
  if (seen === undefined) return;
  const names = allowed.map((status) => nameOf(upgradeStatus, status)).join(' or ');
  j.check(
    s,
    () => mustBe(allowed.includes(seen.value), 'ImageUpgradeStatus', nameOf(upgradeStatus, seen.value), names),
    seen,
  );
}

/** The same, of a read that must have been asked for after this answer of the tester; INCONC where it was not. */
export function statusSince(j: J, s: string, answer: string, note: string, ...allowed: readonly number[]): void {
  const told = j.log.first(sent(answer));
  const asked = j.log.first(sent(note));
  if (told === undefined)
    j.inconclusive(s, `${answer} was not delivered, so that ImageUpgradeStatus (${note}) says nothing`);
  else if (asked !== undefined && asked.n < told.n)
    j.inconclusive(s, `ImageUpgradeStatus (${note}) was asked for before ${answer} was delivered`);
  else statusIs(j, s, note, ...allowed);
}

/** What the client showed in the middle of its download; INCONC where that was told only when it had the whole file. */
export function stillDownloading(j: J, s: string, note: string): void {
  const seen = shown(j, s, STATUS, note);
  if (seen === undefined) return;
  const whole = imagesOf(j.ixit).image('imageNewer').imageSize;
  const last = where(sent('block'), 'last block', endsFile(whole));
  if (seen.value !== upgradeStatus.DOWNLOAD_IN_PROGRESS && j.log.before(seen).first(last) !== undefined)
    j.inconclusive(s, 'ImageUpgradeStatus was told only when the whole file was there');
  else statusIs(j, s, note, upgradeStatus.DOWNLOAD_IN_PROGRESS);
}

/** The version that runs is this one; nothing where the client has no such attribute. */
export function runs(j: J, s: string, note: string, version: number): void {
  if (!j.declared(ITEM.CURRENT_VERSION)) return;
  const seen = shown(j, s, CURRENT_VERSION, note);
  if (seen === undefined) return;
  const hex = (v: number): string => `0x${v.toString(16).padStart(8, '0')}`;
  j.check(s, () => mustBe(seen.value === version, 'CurrentFileVersion', hex(seen.value), hex(version)), seen);
}

/**
 * What shows that the client restarted into this version after this answer of the tester; judged where nothing does. A Device Announce is a broadcast that
 * nobody acknowledges, so where none came the version that runs (read under the note) tells.
 */
export function restarted(
  j: J,
  s: string,
  answer: string,
  note: string,
  version: number,
): { readonly n: number; readonly ms: number } | undefined {
  const told = j.log.first(sent(answer));
  const since = told === undefined ? undefined : j.log.after(told);
  const announced = since?.first(announces);
  const reads = where(attributes(CURRENT_VERSION, note), 'new version', (a) => a.content === version);
  const runsIt = j.declared(ITEM.CURRENT_VERSION) ? since?.first(reads) : undefined;
  // One behind that read is of a later restart.
  if (announced !== undefined && (runsIt === undefined || announced.n < runsIt.n))
    return j.came(s, announces, { stimulus: sent(answer), within: REBOOT });
  if (runsIt !== undefined) {
    j.note('no Device Announce came, but the new version runs');
    return runsIt;
  }
  if (!j.declared(ITEM.CURRENT_VERSION) && since?.first(attributes(STATUS, note))?.content === upgradeStatus.NORMAL)
    j.inconclusive(s, 'no Device Announce came, and without CurrentFileVersion nothing else tells whether it was lost');
  else j.came(s, announces, { stimulus: sent(answer), within: REBOOT });
  return undefined;
}

/** The client restarted after this answer, and this version runs. */
export function switched(j: J, s: string, answer: string, note: string, version: number): void {
  if (restarted(j, s, answer, note, version) !== undefined) runs(j, s, note, version);
}

/** What an offered file must lead to: a client that asks for no data at all must have been offered it often enough. */
export function offeredIn(j: J): Watch {
  const began = j.log.first(dataRequests) !== undefined;
  return { stimulus: sent('query response'), within: DOWNLOAD, ...(began ? {} : { tries: TRIES }) };
}

/**
 * The requests behind this event (or `since` an earlier one) that the network held back: repeats of an offset before this one, within `crossing` of it. A
 * client repeats itself only after its own time-out, so they are of one offset; several offsets in so short a time are a download that begins anew.
 */
export function heldBack(
  j: J,
  from: { readonly n: number; readonly ms: number },
  offset: number,
  since: { readonly n: number } = from,
): (r: { readonly fileOffset: number; readonly ms: number }) => boolean {
  const early = j.log
    .after(since)
    .all(dataRequests)
    .filter((r) => r.fileOffset < offset && j.log.elapsed(from, r) <= j.ms('crossing'));
  const one = new Set(early.map((r) => r.fileOffset)).size === 1 ? early[0]?.fileOffset : undefined;
  return (r) => r.fileOffset === one && r.fileOffset < offset && j.log.elapsed(from, r) <= j.ms('crossing');
}

/** The first request for a block that this answer led to: not one for an earlier offset that the network held back. */
export function firstAfter(j: J, told: { readonly n: number; readonly ms: number }) {
  const held = heldBack(j, told, j.log.before(told).last(blockRequests)?.fileOffset ?? 0);
  return j.log
    .after(told)
    .all(blockRequests)
    .find((r) => !held(r));
}

/** Behind this answer of the tester the client asks for no more data; a repeat of the answered request, or of one before it, may have crossed it. */
export function asksNoMore<R extends { readonly fileOffset: number; readonly sequence: number }>(
  j: J,
  s: string,
  kind: Kind<R>,
  note: string,
  within?: Limit,
): void {
  const told = j.log.first(sent(note));
  const answered = told === undefined ? undefined : j.log.before(told).last(dataRequests);
  const crossed = new Set<number>();
  if (told !== undefined && answered !== undefined) {
    // A client that sleeps fetches the answer later: until it is confirmed anything has crossed it.
    const confirmed = j.log.first(delivered(note)) ?? told;
    const held = heldBack(j, confirmed, answered.fileOffset, told);
    for (const r of j.log.after(told).all(kind)) {
      const repeat = r.fileOffset === answered.fileOffset && j.log.elapsed(confirmed, r) <= j.ms('crossing');
      if (repeat || held(r)) crossed.add(r.sequence);
    }
  }
  const further = where(kind, `further ${kind.name}`, (r) => !crossed.has(r.sequence));
  j.never(s, further, { stimulus: sent(note), ...(within === undefined ? {} : { within }) });
}

/** The size that the tester offered last. */
export function sizeOf(j: J): number {
  const offer = j.log.last(sent('query response'))?.decoded;
  return offer?.kind === 'command' ? Number(offer.value['imageSize']) : 0;
}

/** True where the client asked for an offset for the first time so late that the tester's patience ended before its own; the whole file is checked then. */
export function stillFetching(j: J): boolean {
  let most: { readonly fileOffset: number; readonly ms: number } | undefined;
  for (const r of j.log.all(dataRequests)) if (most === undefined || r.fileOffset > most.fileOffset) most = r;
  const last = j.log.events.at(-1);
  if (most === undefined || last === undefined) return false;
  const silence = j.log.elapsed(most, last);
  return silence < j.ms(DOWNLOAD) || (silence < j.ms(VERIFY) && j.log.first(lastBlock(sizeOf(j))) !== undefined);
}

/** What a download that is served, so often at least, leads to in the end; INCONC where the client is slow and not yet there. */
export function reached<V extends object>(j: J, s: string, kind: Kind<V>, tries = 1) {
  if (j.log.first(kind) === undefined && stillFetching(j)) {
    j.inconclusive(s, 'the client was still fetching the file when the tester gave it up');
    return undefined;
  }
  const offered = offeredIn(j);
  return j.came(s, kind, { ...offered, tries: Math.max(tries, offered.tries ?? 1) });
}

/** The end request of the client; INCONC where it is slow and not yet there. */
export const ended = (j: J, s: string, tries = 1) => reached(j, s, endRequests, tries);

/** The client ended the download with this status. */
export function endedWith(j: J, s: string, ...statuses: readonly number[]): void {
  const end = ended(j, s, statuses.includes(zclStatus.SUCCESS) ? 1 : REFUSED_FILES);
  if (end === undefined) return;
  const names = statuses.map((status) => nameOf(zclStatus, status)).join(' or ');
  j.check(
    s,
    () =>
      mustBe(statuses.includes(end.status), 'status of the Upgrade End Request', nameOf(zclStatus, end.status), names),
    end,
  );
}

/** It asked for no image after this frame of the tester. One query of a client that polls and cannot be stopped may be one of its own accord. */
export function staysQuiet(j: J, s: string, note: string, log = j.log): void {
  const first = log.first(sent(note));
  const seen = first === undefined ? 0 : log.after(first).all(queries).length;
  if (seen === 1 && j.declared(ITEM.POLL) && !j.declared(ITEM.QSTOP))
    j.inconclusive(s, 'the one query that came may be a periodic one');
  else j.never(s, queries, { stimulus: sent(note), within: QUIET }, log);
}

/** After this answer of the tester the client asked for no data. */
export function noDownload(j: J, s: string, note: string): void {
  j.never(s, dataRequests, { stimulus: sent(note), within: QUIET });
}

/**
 * A frame that the device cannot carry out: under the policy `asWritten` its answer has this status; otherwise the answer is only told, and what fails is a
 * change of state (judged by the case).
 */
export function refused(j: J, s: string, note: string, ...statuses: readonly number[]): void {
  const asked = j.log.first(sent(note));
  const command = asked?.decoded.header?.command;
  if (asked === undefined || command === undefined) return;
  const answer = j.log.after(asked).first(refusals(command));
  const found = answer === undefined ? 'no answer' : nameOf(zclStatus, answer.status);
  const names = statuses.map((status) => nameOf(zclStatus, status)).join(' or ');
  const wanted = j.policy.negativeAnswer === 'asWritten' ? statuses.slice(0, 1) : statuses;
  if (j.policy.negativeAnswer !== 'asWritten') {
    if (answer === undefined || !wanted.includes(answer.status)) j.note(`${note}: ${found}, expected ${names}`);
    return;
  }
  const tries = j.log.all(sent(note)).length;
  if (answer === undefined && tries < TRIES) {
    j.inconclusive(s, `no answer to ${note} after ${tries} of the ${TRIES} tries that the link's loss rate asks for`);
    return;
  }
  j.check(
    s,
    () => mustBe(answer !== undefined && wanted.includes(answer.status), `answer to ${note}`, found, names),
    answer,
  );
}
