import { type Kind, type Log, type Seen, where } from '../../src/core/log.ts';
import { RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { answered, asked, messages } from '../../src/lwm2m/kinds.ts';
import type { Operation } from '../../src/lwm2m/notes.ts';
import { blockRequests, pulling } from '../../src/lwm2m/packages.ts';
import { registrations } from '../../src/lwm2m/registered.ts';
import type { J } from './claims.ts';
import { ITEM } from './items.ts';

/** Of so many messages one is lost seven times in a row less than once in a thousand, at 10 % loss each way. */
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

/** The soonest at which the last exchange of a pull can have begun: a request for the block before the last one that was seen. */
export function pendingSince(log: Log): Seen<{ readonly num: number }> | undefined {
  const seen = log.all(blockRequests);
  const last = seen.at(-1)?.num ?? 0;
  return seen.find(({ num }) => num >= last - 1);
}

/** The stimulus, and whatever the device sends to the package server after it. */
export function withProgress(stimulus: Kind<object>, log: Log): Kind<object> {
  const first = log.first(stimulus)?.n ?? Number.POSITIVE_INFINITY;
  return {
    name: stimulus.name,
    read: (event, whole) => stimulus.read(event, whole) ?? (event.n > first ? pulling.read(event, whole) : undefined),
  };
}
