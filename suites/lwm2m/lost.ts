import { type Kind, type Log, where } from '../../src/core/log.ts';
import { RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { answered, asked, messages } from '../../src/lwm2m/kinds.ts';
import type { Operation } from '../../src/lwm2m/notes.ts';
import { blockRequests, pulling } from '../../src/lwm2m/packages.ts';
import { registrations } from '../../src/lwm2m/registered.ts';
import type { J } from './claims.ts';
import { ITEM } from './items.ts';

interface Moment {
  readonly n: number;
  readonly ms: number;
}

/** Of so many messages one is lost nine times in a row less than once in ten thousand, at 10 % loss each way. */
const FEW = 100;

/** Why silence on a request says nothing about the device; undefined where it was answered, or where nothing explains the silence. */
export function lostAnswer(j: J, operation: Operation, label: string): string | undefined {
  const request = j.log.last(asked(operation, label));
  if (request === undefined || j.log.first(answered(operation, label)) !== undefined) return undefined;
  const after = j.log.after(request);
  const installing = operation === 'execute' && request.path[2] === RES.install && j.declared(ITEM.REBOOTS);
  if (installing && after.first(registrations) !== undefined)
    return `no answer to ${operation} (${label}), but the device registered anew: its answer may have been lost before the reboot`;
  const sent = after.all(where(messages, 'message', (m) => m.dir === 'out'));
  const ofRequest = sent.filter((m) => j.log.at(m.n)?.via === request.n);
  const blocks = new Set(ofRequest.map((m) => m.message.mid)).size;
  return blocks > FEW
    ? `no answer to one of ${blocks} blocks of ${operation} (${label}); of so many one may well be lost every time`
    : undefined;
}

/** The soonest that a client may give up a message that it repeats (RFC 7252 4.8.2: MAX_TRANSMIT_WAIT without the random factor). */
const GIVING_UP = { timer: 'ackTimeout', times: 31 } as const;
/** Said of such a pull. */
export const GAVE_UP = 'the device gave up after all repetitions; the link may have lost them';

/**
 * A pull ended here so late that its client may have repeated its last message as often as it does: since the request for the block before the last one that
 * was seen, or since `cut` where none was.
 */
export function gaveUp(j: J, label: string, end: Moment, cut?: Moment): boolean {
  const seen = j.log.after(label).before(end).all(blockRequests);
  const last = seen.at(-1)?.num ?? 0;
  const begun = seen.find(({ num }) => num >= last - 1) ?? cut;
  return begun !== undefined && j.log.elapsed(begun, end) >= j.ms(GIVING_UP);
}

/** The stimulus, and whatever the device sends to the package server after it. */
export function withProgress(stimulus: Kind<object>, log: Log): Kind<object> {
  const first = log.first(stimulus)?.n ?? Number.POSITIVE_INFINITY;
  return {
    name: stimulus.name,
    read: (event, whole) => stimulus.read(event, whole) ?? (event.n > first ? pulling.read(event, whole) : undefined),
  };
}
