import { expect } from 'chai';
import type { CaseDef, Drive, Judge } from '../../src/core/case.ts';
import { mustBe, mustDecode } from '../../src/core/claim.ts';
import type { Seen } from '../../src/core/log.ts';
import type { OcfPolicies } from '../../src/ocf/policies.ts';
import { isRefusal } from '../../src/ocf/policies.ts';
import type { CborMap } from '../../src/ocf/codec/cbor.ts';
import { STATES } from '../../src/ocf/codec/swu.ts';
import { sameInstant } from '../../src/ocf/instant.ts';
import {
  acknowledged,
  answered,
  retrieved,
  type SeenRepresentation,
  sendings,
  type SwuMethod,
  type SwuReply,
  wasReset,
} from '../../src/ocf/kinds.ts';
import { isRest } from '../../src/ocf/machine.ts';
import { nothingNewer } from '../../src/ocf/packages/installed.ts';
import { scheduled } from '../../src/ocf/run.ts';
import { MANDATORY, valueOf } from '../../src/ocf/schema.ts';
import type { OcfTester } from '../../src/ocf/tester.ts';
import { printValue } from '../../src/ocf/value.ts';

/** What a judge of OCF cases is given. */
export type J = Judge<OcfPolicies>;
/** What the drive of an OCF case is given. */
export type T = OcfTester & Drive;
/** A case of OCF software update. */
export type OcfCase = CaseDef<OcfTester, OcfPolicies>;

/** The mandatory properties that are there; a draft spelling stands for the property where the device claims the draft. */
export function mandatoryIn(representation: CborMap, { spelling }: OcfPolicies): string[] {
  return MANDATORY.filter((name) =>
    spelling === 'information' ? valueOf(representation, name) !== undefined : representation[name] !== undefined,
  );
}

/** What {@link isRest} asks for, in words. */
export const REST = `a state of rest: ${Object.keys(STATES)
  .filter((s) => isRest(s))
  .join(', ')}`;

/** So many lost chances of one kind are explained by loss less than once in ten thousand (10 % each way). */
export const TRIES = 5;
/** Of requests there are thousands in a run, so that their silence takes more: every sending of two rounds (RFC 7252 4.2). */
const SENDINGS = 10;

/** Says why nothing can be judged where the bench had no newer package; false where that is not so. */
export function lacksPackage(j: J, statement: string): boolean {
  const lacking = j.log.first(nothingNewer);
  if (lacking !== undefined) j.inconclusive(statement, lacking.reason);
  return lacking !== undefined;
}

/** The answer to the request with this label; where none came, the verdict on the silence. A reset is no answer (RFC 7252 4.2). */
export function answerTo(j: J, statement: string, method: SwuMethod, label: string): Seen<SwuReply> | undefined {
  const rejected = j.log.first(wasReset(method, label));
  if (rejected !== undefined) {
    j.check(statement, () => expect('a reset', `answer to ${method} (${label})`).to.equal('a response'));
    return undefined;
  }
  const reply = j.log.first(answered(method, label));
  if (reply !== undefined) return reply;
  if (j.log.first(sendings(method, label)) === undefined && lacksPackage(j, statement)) return undefined;
  const taken = acknowledged(method, label);
  const delivered = j.log.first(taken) !== undefined;
  return j.came(statement, answered(method, label), {
    stimulus: delivered ? taken : sendings(method, label),
    tries: delivered ? 1 : SENDINGS,
  });
}

/** Says that nothing can be judged where the device does not keep the tester's time: what is to come for one is past for the other. */
export function unclocked(j: J, statement: string): boolean {
  const off = j.ixit.values['clockSynchronised'] === false;
  if (off) j.inconclusive(statement, 'the device does not keep the time of the tester (clockSynchronised)');
  return off;
}

/** The answer to an UPDATE that a device must accept. One that got there late, after its own update time, may be refused as past. */
export function accepts(j: J, statement: string, label: string): Seen<SwuReply> | undefined {
  const reply = answerTo(j, statement, 'UPDATE', label);
  if (reply === undefined) return undefined;
  const plan = j.log.before(reply).last(scheduled(label));
  if (!reply.code.startsWith('2.') && plan !== undefined && plan.inMs > 0 && j.log.elapsed(plan, reply) >= plan.inMs) {
    j.inconclusive(statement, `refused with ${reply.code} after its update time: the device may have had it too late`);
    return undefined;
  }
  if (!reply.code.startsWith('2.') && unclocked(j, statement)) return undefined;
  j.check(statement, () => succeeded(reply, `answer to the UPDATE (${label})`), reply);
  return reply.code.startsWith('2.') ? reply : undefined;
}

function succeeded(reply: SwuReply, what: string): void {
  mustBe(reply.code.startsWith('2.'), what, reply.code, 'a success, 2.xx');
}

/** The representation that a RETRIEVE must return. */
export function readBack(j: J, statement: string, label: string): SeenRepresentation | undefined {
  const reply = answerTo(j, statement, 'RETRIEVE', label);
  if (reply === undefined) return undefined;
  j.check(
    statement,
    () => {
      succeeded(reply, `answer to the RETRIEVE (${label})`);
      mustDecode(reply.problem, `body of the answer to the RETRIEVE (${label})`);
    },
    reply,
  );
  return j.log.first(retrieved(label));
}

/** The refusal of a request: class 4, and a code that the policy allows. */
export function refuses(j: J, statement: string, reply: Seen<SwuReply>, what: string): boolean {
  j.check(
    statement,
    () => mustBe(reply.code.startsWith('4.'), `answer to ${what}`, reply.code, 'a refusal, 4.xx'),
    reply,
  );
  if (!reply.code.startsWith('4.')) return false;
  const allowed = `a code that the policy errorCode ${j.policy.errorCode} allows`;
  j.check(
    'OCFSWU-CORE.error',
    () => mustBe(isRefusal(reply.code, j.policy.errorCode), `answer to ${what}`, reply.code, allowed),
    reply,
  );
  return true;
}

const COMPARED = ['purl', 'action', 'state', 'result'] as const;

/** The properties in which two representations differ; times are compared as instants. */
export function differences(before: SeenRepresentation, after: SeenRepresentation): string[] {
  const time = before.time === after.time || sameInstant(before.time, after.time) ? [] : ['time' as const];
  return [...COMPARED.filter((name) => before[name] !== after[name]), ...time].map(
    (name) => `${name}: ${printValue(before[name])} became ${printValue(after[name])}`,
  );
}

/** Nothing but the named properties changed between two RETRIEVEs. */
export function unchanged(j: J, statement: string, from: string, to: string, except: readonly string[] = []): void {
  const [before, after] = [readBack(j, statement, from), readBack(j, statement, to)];
  if (before === undefined || after === undefined) return;
  const changed = differences(before, after).filter((d) => !except.some((name) => d.startsWith(`${name}:`)));
  j.check(statement, () => expect(changed, `changes from "${from}" to "${to}"`).to.deep.equal([]), after);
}
