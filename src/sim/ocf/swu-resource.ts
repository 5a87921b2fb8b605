import { type CborValue, decodeCbor, isCborMap } from '../../ocf/codec/cbor.ts';
import { CONTENT_FORMAT, INTERFACE, RESOURCE_TYPE, VERSION_OPTION } from '../../ocf/codec/ocf.ts';
import type { PropertyName } from '../../ocf/codec/swu.ts';
import type { Answer, Request } from '../coap/endpoint.ts';
import { OPTION, textsOf, uintOf } from '../coap/message.ts';
import type { Behaviour } from './behaviour.ts';
import type { Goal } from './machine.ts';
import type { Options } from './options.ts';
import { represent } from './representation.ts';
import { content, type Resource, type ServerContext } from './server.ts';
import type { Saved } from './store.ts';
import { readTime } from './time.ts';
import { readUpdate, type Wanted } from './update.ts';

export interface SwuParts {
  readonly saved: Saved;
  readonly options: Options;
  readonly behaviour: Behaviour;
  /** Protocol time as Unix milliseconds. */
  readonly now: () => number;
  /** The pending action has changed, and what the resource shows may have. */
  readonly changed: () => void;
  readonly freeze: () => void;
  readonly die: () => void;
  readonly busy: () => boolean;
  readonly observe: (request: Request, register: boolean) => Answer;
  readonly context: () => ServerContext;
}

/** The software update resource: what it shows and what an UPDATE does to it. */
export function swuResource(parts: SwuParts): Resource {
  const { options, behaviour, saved } = parts;
  let resets = behaviour.afterUpdate === 'resetOnce' ? 1 : behaviour.afterUpdate === 'reset' ? Infinity : 0;
  return {
    href: options.href,
    rt: [RESOURCE_TYPE.softwareUpdate],
    if: [INTERFACE.rw, INTERFACE.baseline],
    observable: options.observable === 'yes',
    secureOnly: true,
    retrieve: (iface) => represent(iface, saved, options, behaviour),
    ...(options.observable === 'yes' ? { observe: parts.observe } : {}),
    update(request, iface) {
      const refused = refuseEnvelope(request, iface, parts);
      if (refused !== undefined) return refused;
      const body = readBody(request, parts);
      if ('answer' in body) return body.answer;
      const answer = update(body.value, iface, parts);
      if (behaviour.afterUpdate === 'freeze') {
        parts.freeze();
        return 'silence';
      }
      if (resets > 0) {
        resets -= 1;
        return 'reset';
      }
      return answer;
    },
  };
}

/** Refuses by what is around the body: interface, content format, version. */
function refuseEnvelope({ message }: Request, iface: string, { options, behaviour }: SwuParts): Answer | undefined {
  const baseline = iface === INTERFACE.baseline;
  const explicit = textsOf(message, OPTION.uriQuery).some((query) => query.startsWith('if='));
  if (baseline && (options.text === 'draft' || behaviour.refusesPostBy === 'baseline')) return { code: '4.05' };
  if (explicit && !baseline && behaviour.refusesPostBy === 'rw') return { code: '4.05' };
  const format = uintOf(message, OPTION.contentFormat) ?? CONTENT_FORMAT.ocfCbor;
  if (format !== CONTENT_FORMAT.ocfCbor && behaviour.takesAnyFormat !== true) return { code: '4.15' };
  const version = uintOf(message, VERSION_OPTION.content) ?? 0x0800;
  return version >> 11 === 1 || version >> 11 === 2 ? undefined : { code: '4.15' };
}

function readBody(request: Request, parts: SwuParts): { value: CborValue } | { answer: Answer } {
  const { behaviour, options, saved } = parts;
  const decoded = decodeCbor(request.message.payload);
  const repeated = decoded.ok && decoded.duplicateKeys.length > 0 && behaviour.takesDuplicateKeys !== true;
  if (decoded.ok && !repeated && isCborMap(decoded.value)) return { value: decoded.value };
  const accepted = (): Answer => content('2.04', represent(INTERFACE.rw, saved, options, behaviour), parts.context());
  if (behaviour.onBadBody === 'die') parts.die();
  if (behaviour.onBadBody === 'freeze') parts.freeze();
  const answers: Readonly<Record<NonNullable<Behaviour['onBadBody']>, () => Answer>> = {
    die: () => 'silence',
    freeze: () => 'silence',
    accept: accepted,
    serverError: () => ({ code: '5.00' }),
  };
  return { answer: behaviour.onBadBody === undefined ? { code: options.refusal } : answers[behaviour.onBadBody]() };
}

function update(body: CborValue, iface: string, parts: SwuParts): Answer {
  const { saved, options, behaviour } = parts;
  const now = parts.now();
  const verdict = readUpdate(body, { options, behaviour, now });
  const refusal: Answer = { code: options.refusal };
  if (!verdict.ok) {
    if (behaviour.storesRefused === true && isCborMap(body)) storeRaw(body, parts);
    return refusal;
  }
  const { wanted } = verdict;
  const past = wanted.at !== undefined && wanted.at < now;
  const acts = (wanted.action ?? saved.action) !== 'idle';
  if (past && acts && options.pastUpdate === 'refuse' && behaviour.runsPast !== true) return refusal;
  if (parts.busy() && options.updateDuringRun === 'refuse') return refusal;
  if (behaviour.ignoresUpdate !== true) {
    apply(wanted, now, parts);
    parts.changed();
  }
  const left = behaviour.answerOmits ?? [];
  const shown = Object.entries(represent(iface, saved, options, behaviour));
  const answer = Object.fromEntries(shown.filter(([name]) => !left.includes(name as PropertyName)));
  return content(behaviour.updateCode ?? '2.04', answer, parts.context());
}

function apply(wanted: Wanted, now: number, { saved, behaviour, busy }: SwuParts): void {
  if (behaviour.partialClobbers === true)
    Object.assign(saved, { purl: '', action: 'idle', updatetime: '1970-01-01T00:00:00Z' });
  const { at = readTime(saved.updatetime) ?? 0, purl, updatetime } = wanted;
  const action = wanted.action ?? behaviour.partialAction;
  if (purl !== undefined && (purl !== '' || behaviour.emptyPurlKeepsOld !== true)) saved.purl = purl;
  if (saved.purl !== '') saved.firstPurl ??= saved.purl;
  if (action !== undefined) saved.action = action;
  if (updatetime !== undefined) saved.updatetime = updatetime;
  Object.assign(saved, wanted.n === undefined ? {} : { n: wanted.n }, wanted.id === undefined ? {} : { id: wanted.id });
  Object.assign(saved.written, wanted.written);
  if (behaviour.updateDuringRunResets === true && busy())
    saved.machine = { ...saved.machine, state: 'idle', result: 0 };
  if (action !== undefined || saved.schedule !== undefined) plan(at, now, saved, behaviour);
}

/** What is to happen at what time, after an UPDATE. */
function plan(at: number, now: number, saved: Saved, behaviour: Behaviour): void {
  const idle = saved.action === 'idle';
  const goal = idle ? behaviour.idleRuns : (saved.action as Goal);
  const kept = saved.schedule !== undefined && (idle ? behaviour.deafToCancel : behaviour.keepsFirstSchedule) === true;
  if (kept) return;
  delete saved.schedule;
  if (goal === undefined || behaviour.neverStarts?.includes(goal) === true) return;
  if (at < now && behaviour.runsPast !== true) return;
  const shifted = now + (at - now) * (behaviour.startsAfterShare ?? 1) + (behaviour.startsLateMs ?? 0);
  saved.schedule = { goal, at: shifted };
}

/** A wrong device that has stored the body before it looked at it. */
function storeRaw(body: Readonly<Record<string, CborValue>>, { saved, changed }: SwuParts): void {
  const { purl, swupdateaction, updatetime } = body;
  if (typeof purl === 'string') saved.purl = purl;
  if (typeof swupdateaction === 'string') saved.action = swupdateaction;
  if (typeof updatetime === 'string') saved.updatetime = updatetime;
  changed();
}
