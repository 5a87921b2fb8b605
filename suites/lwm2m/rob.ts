import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { type Kind, type Seen, where } from '../../src/core/log.ts';
import { FORMAT } from '../../src/lwm2m/codec/content.ts';
import { RES } from '../../src/lwm2m/codec/swmgmt.ts';
import {
  type Answer,
  answered,
  carrier,
  messages,
  sendings,
  showing,
  shown,
  stepped,
  taken,
  wasRepeated,
} from '../../src/lwm2m/kinds.ts';
import { printTriple } from '../../src/lwm2m/machine.ts';
import type { Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import { registrations } from '../../src/lwm2m/registered.ts';
import { TRIES } from '../../src/lwm2m/steps.ts';
import { type Lwm2mTester, UNKNOWN_OPTION } from '../../src/lwm2m/tester.ts';
import {
  awaited,
  answerTo,
  delivers,
  installs,
  isAt,
  type J,
  type Lwm2mCase,
  stepAnswer,
  unchanged,
  uninstalls,
} from './claims.ts';
import { noteAnswers, sameAnswer, secondAnswer } from './twice.ts';
import { ITEM } from './items.ts';
import { ACTIVATE, CHECK, ended, install, INSTALL, own, see, type T, uninstall, UNINSTALL, until } from './moves.ts';
import { awaitedOnceRegistered, registerAgain } from './anew.ts';

const ALWAYS = { item: ITEM.OBJECT9, when: ITEM.OBJECT9 } as const;

/** Executes of a full cycle, with what each leads to. */
const EXECUTES = [
  ['install', RES.install, '4/2/0', INSTALL],
  ['activate', RES.activate, '4/2/1', ACTIVATE],
  ['deactivate', RES.deactivate, '4/2/0', ACTIVATE],
  ['uninstall', RES.uninstall, '0/0/0', UNINSTALL],
] as const;

const LOSSES = { '5 percent': 5, '10 percent': 10 } as const;

const LOSSY_REQUESTS = [
  ['write', 'push'],
  ['execute', 'install'],
  ['execute', 'uninstall'],
] as const;

/** Seed of the impairment; the same losses in every run of the case. */
const SEED = 12_345;

/** The installer may activate by itself, at once or a moment later. */
function maybeActive(o: Pick<T, 'declared'>, name: string): boolean {
  return name === 'install' && o.declared(ITEM.SELF_ACTIVATES);
}

async function goal(t: T, name: string, shows: string, limit: (typeof EXECUTES)[number][3]): Promise<void> {
  const counts = shows.startsWith('4') && !maybeActive(t, name);
  await until(t, name, (s) => printTriple({ ...s, active: counts && s.active }) === shows, limit);
}

const cases: Lwm2mCase[] = [
  {
    ...ALWAYS,
    id: 'SWMGMT/ROB/01',
    purpose: 'a request that comes twice is answered alike and carried out once',
    when: `${ITEM.OBJECT9} and ${ITEM.PUSH}`,
    statements: ['SWMGMT-RFC7252.duplicate', 'SWMGMT-RFC7252.once'],
    ixit: ['instance', 'packageSmall', 'checkS', 'installS', 'activateS', 'uninstallS'],
    policies: ['repeatedRequest', 'activationAfterUninstall'],
    start: 'clean',
    async drive(t) {
      t.mark('write');
      const payload = t.content('packageSmall');
      await t.twice('write', { method: 'PUT', path: [9, own(t), RES.package], payload, format: FORMAT.opaque });
      await until(t, 'end of the download', ended, CHECK);
      for (const [label, resource, shows, limit] of EXECUTES) {
        t.mark(label);
        await t.twice(label, { method: 'POST', path: [9, own(t), resource] });
        await goal(t, label, shows, limit);
        await see(t, `after ${label}`);
      }
    },
    judge(j) {
      for (const label of ['write', ...EXECUTES.map(([name]) => name)]) {
        if (j.declared(ITEM.CACHE) || j.policy.repeatedRequest === 'sameAnswer') sameAnswer(j, label);
        else noteAnswers(j, label);
        if (secondAnswer(j, 'SWMGMT-RFC7252.duplicate', label) === undefined) return;
      }
      for (const [label, , shows] of EXECUTES) {
        const kept = label === 'uninstall' && j.policy.activationAfterUninstall === 'information';
        const left = kept || maybeActive(j, label);
        const active = left ? j.log.first(shown(`after ${label}`))?.active === true : label === 'activate';
        const state = Number(shows[0]);
        isAt(j, 'SWMGMT-RFC7252.once', `after ${label}`, { state, result: Number(shows[2]), active });
      }
    },
  },
  {
    ...ALWAYS,
    id: 'SWMGMT/ROB/02',
    purpose: 'a non-confirmable request is not answered by an acknowledgement',
    statements: ['SWMGMT-RFC7252.non'],
    ixit: ['instance'],
    start: 'registered',
    async drive(t) {
      for (let i = 0; i < TRIES; i++)
        if ((await t.read([9, own(t), RES.state], 'non', { confirmable: false, format: FORMAT.text })) !== undefined)
          return;
    },
    judge(j) {
      const answer = awaited(j, 'SWMGMT-RFC7252.non', answered('read', 'non'), {
        stimulus: sendings('read', 'non'),
        tries: TRIES,
      });
      const by = j.log.first(carrier('read', 'non'));
      if (answer !== undefined && by !== undefined)
        j.check('SWMGMT-RFC7252.non', () => expect(['NON', 'CON'], 'types of message allowed').to.include(by.type));
    },
  },
  {
    ...ALWAYS,
    id: 'SWMGMT/ROB/03',
    purpose: 'a CoAP ping is answered by a reset',
    statements: ['SWMGMT-RFC7252.ping'],
    ixit: ['instance'],
    start: 'registered',
    drive: (t) => t.ping('ping'),
    judge(j) {
      const step = stepAnswer(j, 'SWMGMT-RFC7252.ping', 'ping');
      if (step !== undefined)
        j.check('SWMGMT-RFC7252.ping', () => expect(step.type, 'type of the answer').to.equal('RST'));
    },
  },
  {
    ...ALWAYS,
    id: 'SWMGMT/ROB/04',
    purpose: 'an unknown critical option is answered 4.02, an unknown elective one is ignored',
    statements: ['SWMGMT-RFC7252.critical', 'SWMGMT-RFC7252.elective'],
    ixit: ['instance'],
    start: 'registered',
    async drive(t) {
      for (const kind of ['critical', 'elective'] as const)
        await t.read([9, own(t), RES.state], kind, {
          options: [UNKNOWN_OPTION[kind]],
          format: FORMAT.text,
        });
    },
    judge(j) {
      for (const [kind, code] of [
        ['critical', '4.02'],
        ['elective', '2.05'],
      ] as const) {
        const reply = answerTo(j, `SWMGMT-RFC7252.${kind}`, 'read', kind);
        if (reply !== undefined)
          j.check(`SWMGMT-RFC7252.${kind}`, () => expect(reply.code, `unknown ${kind} option`).to.equal(code));
      }
    },
  },
  {
    ...ALWAYS,
    id: 'SWMGMT/ROB/05',
    purpose: 'a full cycle over a link that loses, repeats and reorders ends as over a good one',
    when: `${ITEM.OBJECT9} and ${ITEM.BLOCKS}`,
    statements: ['SWMGMT-GEN.lossy', 'SWMGMT-RFC7252.repeated-block', 'SWMGMT-R.delivered', 'SWMGMT-R.2'],
    ixit: ['instance', 'packageA', 'checkS', 'installS', 'uninstallS'],
    policies: ['resultDelivered'],
    variants: Object.fromEntries(Object.keys(LOSSES).map((name) => [name, { when: ITEM.OBJECT9 }])),
    start: 'clean',
    async drive(t, variant) {
      const one = { losePercent: LOSSES[variant as keyof typeof LOSSES], repeatPercent: 5, reorderPercent: 5 };
      t.impair({ seed: SEED, in: one, out: one });
      t.mark('push');
      await t.push(own(t), 'packageA', 'push', { szx: 2 });
      await until(t, 'end of the download', ended, CHECK);
      await install(t, 'install');
      await uninstall(t, 'uninstall');
    },
    judge: judgeLossy,
  },
  {
    ...ALWAYS,
    id: 'SWMGMT/ROB/06',
    purpose: 'a device whose registration the server lost registers again and keeps its states',
    statements: ['SWMGMT-CORE.register-again', 'SWMGMT-S.kept'],
    ixit: ['instance', 'packageA', 'registerS'],
    start: 'installed',
    async drive(t) {
      await see(t, 'before');
      await registerAgain(t);
      await see(t, 'after');
    },
    judge(j) {
      // By other means than the trigger there is a step of this name.
      const other = j.log.first(stepped('trigger'));
      const switched = other?.what === 'power';
      const called: Kind<object> = other === undefined ? taken('execute', 'trigger') : stepped('trigger');
      if (switched)
        j.inconclusive('SWMGMT-CORE.register-again', 'switched off and on, any device registers; it has no trigger');
      else
        awaitedOnceRegistered(j, 'SWMGMT-CORE.register-again', registrations, {
          since: called,
          stimulus: called,
          within: { timer: 'registerS' },
        });
      const keeps = !switched || j.declared(ITEM.SURVIVES);
      if (keeps && j.log.first(registrations) !== undefined) unchanged(j, 'SWMGMT-S.kept', 'before', 'after');
    },
  },
];

function judgeLossy(j: J): void {
  const unanswered = LOSSY_REQUESTS.find(
    ([operation, label]) =>
      j.log.first(sendings(operation, label)) !== undefined && j.log.first(answered(operation, label)) === undefined,
  );
  // Over so many messages the losses of this link may well explain it.
  if (unanswered !== undefined)
    return j.inconclusive('SWMGMT-GEN.lossy', `no answer to ${unanswered[1]} on a link that was made to lose messages`);
  const reply = answerTo(j, 'SWMGMT-GEN.lossy', 'write', 'push');
  if (reply === undefined) return;
  const changed = answeredTwice(j);
  if (changed !== undefined && j.declared(ITEM.CACHE)) {
    j.check('SWMGMT-RFC7252.repeated-block', () =>
      expect(changed.codes, `answers to the copies of message ${changed.mid}`).to.have.length(1),
    );
    return;
  }
  const refused = !reply.code.startsWith('2.');
  const there = j.log.after(reply).first(showing(own(j), 'DELIVERED', (s) => s.state === 3));
  if (refused && there === undefined && wasRepeated(j.log, reply)) {
    if (!j.declared(ITEM.CACHE) || !refusedRepetition(j, reply))
      return j.inconclusive(
        'SWMGMT-RFC7252.repeated-block',
        `the transfer ended with ${reply.code} on a link that lost messages of it`,
      );
    j.check('SWMGMT-RFC7252.repeated-block', () =>
      expect(reply.code, 'answer to a transfer whose blocks were repeated').to.match(/^2\./),
    );
    return;
  }
  if (delivers(j, 'SWMGMT-GEN.lossy', 'push', CHECK) === undefined) return;
  if (installs(j, 'SWMGMT-GEN.lossy', 'install') !== undefined) uninstalls(j, 'SWMGMT-GEN.lossy', 'uninstall');
}

/** A message of which copies were answered differently. */
function answeredTwice(j: J): { readonly mid: number; readonly codes: readonly string[] } | undefined {
  const codes = new Map<number, Set<string>>();
  const answers = where(messages, 'answer', (m) => m.dir === 'in' && m.channel === 'coap' && m.message.type === 'ACK');
  for (const { message } of j.log.after('push').all(answers))
    if (message.code !== '0.00') codes.set(message.mid, (codes.get(message.mid) ?? new Set()).add(message.code));
  const found = [...codes].find(([, all]) => all.size > 1);
  return found === undefined ? undefined : { mid: found[0], codes: [...found[1]] };
}

/**
 * The very message that was refused had been sent twice within a short time: too short for the device to have given the transfer up. The time counts from the
 * block before it, because the device waits for the next from the first copy of that one on.
 */
function refusedRepetition(j: J, reply: Seen<Answer>): boolean {
  const last = j.log
    .before(reply)
    .last(where(messages, 'refusal', (m) => m.dir === 'in' && m.message.code === reply.code));
  if (last === undefined) return false;
  const sent = j.log.before(last).all(where(messages, 'block', (m) => m.dir === 'out' && m.message.code === '0.03'));
  const copies = sent.filter((m) => m.message.mid === last.message.mid);
  const before = sent.filter((m) => m.message.mid !== last.message.mid).at(-1);
  const [first] = sent.filter((m) => m.message.mid === (before ?? last).message.mid);
  return (
    first !== undefined && copies.length > 1 && j.log.elapsed(first, last) < j.ms({ timer: 'ackTimeout', times: 5 })
  );
}

/** Robustness on the wire. */
export const rob = suite<Lwm2mTester, Lwm2mPolicies>('ROB', cases);
