import type { CaseDef, CaseMeta, Drive, Judge } from '../../src/core/case.ts';
import { type Kind, MARK, where } from '../../src/core/log.ts';
import type { Limit } from '../../src/core/timing.ts';
import { TRIES } from '../../src/zigbee/asking.ts';
import {
  announces,
  dataRequests,
  delivered,
  endRequests,
  queries,
  refusals,
  type SeenFrame,
  sent,
} from '../../src/zigbee/kinds.ts';
import type { ZigbeePolicies } from '../../src/zigbee/policies.ts';
import type { Offered } from '../../src/zigbee/images.ts';
import type { Offer } from '../../src/zigbee/server.ts';
import type { Notify, Way, ZigbeeTester } from '../../src/zigbee/tester.ts';
import { ITEM } from './items.ts';

export type T = ZigbeeTester & Drive;
export type J = Judge<ZigbeePolicies>;
export type Case = CaseDef<ZigbeeTester, ZigbeePolicies>;

/** What a case of section 14 says beside its number, purpose and item. */
export interface Parts extends Partial<Omit<CaseMeta, 'id' | 'purpose' | 'item' | 'when' | 'statements'>> {
  /** The item alone unless told. */
  readonly when?: string;
  /** Judged beside the statement of the purpose. */
  readonly also?: readonly string[];
  readonly drive: (t: T, variant?: string) => Promise<void>;
  /** `s` is the statement of the purpose. */
  readonly judge: (j: J, s: string) => void;
}

const BEGIN = 'begin';

/** The judge of a part of the log. */
export function judgeOf(j: J, log: J['log']): J {
  return {
    ...j,
    log,
    came: (statement, kind, watch, part = log) => j.came(statement, kind, watch, part),
    never: (statement, kind, watch, part = log) => j.never(statement, kind, watch, part),
  };
}

function caseOf(group: 'CLI' | 'SRV', start: string, number: string, purpose: string, item: string, o: Parts): Case {
  const { when = item, also = [], drive, judge, ...meta } = o;
  const statement = `ZBOTA-${group}.${number}`;
  return {
    start,
    ...meta,
    id: `ZBOTA/${group}/${number}`,
    purpose,
    item,
    when,
    statements: [statement, ...also],
    drive(t, variant) {
      t.mark(BEGIN);
      return drive(t, variant);
    },
    // A download that was ended before, or a restart, is none of the case.
    judge: (j) => judge(judgeOf(j, j.log.after(BEGIN)), statement),
  };
}

/** A purpose for a client under test, by its number in the list of purposes. */
export function cli(number: string, purpose: string, item: string, parts: Parts): Case {
  return caseOf('CLI', 'normal', number, purpose, item, parts);
}

/** A purpose for a server under test. */
export function srv(number: string, purpose: string, item: string, parts: Parts): Case {
  return caseOf('SRV', 'answering', number, purpose, item, parts);
}

/** An upgrade so far away that the file is not run within a case. */
export const LATER = { currentTime: 0, upgradeTime: 300 };

export const QUERY: Limit = { timer: 'query' };
export const QUIET: Limit = { timer: 'quietWindow' };
/** Without progress; a download as a whole may take much longer. */
export const DOWNLOAD: Limit = { timer: 'maxDownloadS', of: 'no-progress' };
/** From the last block to the end request, where that takes longer than any block. */
export const VERIFY: Limit = { timer: 'maxVerifyS' };
export const REBOOT: Limit = { timer: 'rebootS' };

/** The note of every notify that only serves to make the client ask. */
export const NOTIFY = 'notify';
/** The console was told to make the client ask. */
const TOLD = 'told to ask';
/** What makes the client ask, by either way. */
export const provocation: Kind<object> = {
  name: NOTIFY,
  read: (event, log) => sent(NOTIFY).read(event, log) ?? marked(TOLD).read(event, log),
};
/** Jitter at which every client answers. */
export const ALWAYS = 100;

/** The moment of a mark, as a stimulus that needs no delivery. */
export function marked(name: string): Kind<{ readonly name: string }> {
  return {
    name,
    read: (event) => (event.type === MARK && event.data?.['name'] === name ? { name } : undefined),
  };
}

/** Notifies until a query comes or so many tries were lost; true where one came. */
export async function notified(t: T, note: string, notify: Notify, way: Way = {}): Promise<boolean> {
  for (let i = 0; i < TRIES; i++) {
    await t.notify(note, notify, way);
    if ((await t.perhaps(queries, QUERY)) !== undefined) return true;
  }
  return false;
}

/** Sends octets that no device can carry out, anew until a Default Response comes or so many tries were lost. */
export async function rejected(t: T, note: string, command: number, payload: Uint8Array): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    await t.raw(note, command, payload);
    if ((await t.perhaps(refusals(command), QUERY)) !== undefined) return;
  }
}

/** Makes the client ask for an image, by a unicast notify or by its console. */
export async function provoke(t: T): Promise<void> {
  if (t.declared(ITEM.NOTIFY)) {
    if (await notified(t, NOTIFY, { payloadType: 0, queryJitter: ALWAYS })) return;
    t.stop('the client did not ask for an image');
  }
  t.mark(TOLD);
  await t.say('lineQuery');
  await t.until(queries, QUERY);
}

/** Offers a file and makes the client ask for it, anew until it asks for data: an offer that was delivered may still have come too late for its query. Returns its first request. */
export async function start(t: T, offer: Offer) {
  t.mark('download');
  t.offer(offer);
  for (let i = 0; i < TRIES; i++) {
    await provoke(t);
    const began = await t.perhaps(dataRequests, QUERY);
    if (began !== undefined) return began;
  }
  return undefined;
}

/** True of a block with which a file of so many octets ends. */
export function endsFile(imageSize: number): (frame: SeenFrame) => boolean {
  return ({ decoded }) => {
    if (decoded.kind !== 'command') return false;
    const { fileOffset, data } = decoded.value;
    return Buffer.isBuffer(data) && Number(fileOffset) + data.length >= imageSize;
  };
}

/** The delivery of the last block of a file of so many octets. */
export const lastBlock = (imageSize: number): Kind<SeenFrame> =>
  where(delivered('block'), 'last block', endsFile(imageSize));

/** Waits for the end request: a client that has the whole file is silent while it checks it. */
export async function perhapsEnd(
  t: T,
  { imageSize }: Pick<Offered, 'imageSize'>,
  limit = DOWNLOAD,
  kind = endRequests,
) {
  const end = await t.perhaps(kind, limit);
  if (end !== undefined || (await t.perhaps(lastBlock(imageSize), { timer: 'inFlight' })) === undefined) return end;
  return t.perhaps(kind, VERIFY);
}

/** A download up to the end request of the client. */
export async function download(t: T, offer: Offer): Promise<void> {
  await start(t, offer);
  if ((await perhapsEnd(t, offer.file)) === undefined) t.stop('the client did not end the download');
}

/** So often a file is served that a client has to refuse in the end: it tells that once, and a network may lose it. */
export const REFUSED_FILES = 2;

/** A download of a file that the client has to refuse, begun anew where it ended without a word. */
export async function refusedDownload(t: T, offer: Offer): Promise<void> {
  for (let i = 0; i < REFUSED_FILES; i++) {
    await start(t, offer);
    if ((await perhapsEnd(t, offer.file)) !== undefined) return;
  }
}

/** A download up to the restart into the new file. Its announce may be lost: whoever reads the version next finds out. */
export async function upgrade(t: T, offer: Offer): Promise<void> {
  await download(t, offer);
  // An announce that came before is none of this restart.
  t.mark('ended');
  await t.perhaps(announces, { timer: 'rebootS', times: 1.2 });
}

export const STATUS = 0x0006;
export const CURRENT_VERSION = 0x0002;

/** Reads status and, where declared, the version that runs. */
export async function look(t: T, note: string): Promise<void> {
  await t.readAttributes(note, [STATUS]);
  if (t.declared(ITEM.CURRENT_VERSION)) await t.readAttributes(note, [CURRENT_VERSION]);
}
