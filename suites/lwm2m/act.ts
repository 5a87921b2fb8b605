import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { printState, RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { showing } from '../../src/lwm2m/kinds.ts';
import { printTriple } from '../../src/lwm2m/machine.ts';
import type { Lwm2mPolicies } from '../../src/lwm2m/policies.ts';
import type { Lwm2mTester } from '../../src/lwm2m/tester.ts';
import { answerTo, type J, leadsTo, type Lwm2mCase, stateAt } from './claims.ts';
import { ITEM } from './items.ts';
import { ACTIVATE, download, install, own, perhaps, run, see, type T, until } from './moves.ts';
import { refusedIn } from './refused.ts';

const ACTIVATION = { item: ITEM.ACTIVATE, when: ITEM.ACTIVATE } as const;
const DEACTIVATION = { item: ITEM.DEACTIVATE, when: ITEM.DEACTIVATE } as const;

const REQUESTS = {
  activate: { name: 'activate', resource: RES.activate, item: ITEM.ACTIVATE, statement: 'SWMGMT-S.activate-only' },
  deactivate: {
    name: 'deactivate',
    resource: RES.deactivate,
    item: ITEM.DEACTIVATE,
    statement: 'SWMGMT-S.deactivate-only',
  },
} as const;
type Request = keyof typeof REQUESTS;

/** Activate or Deactivate, until the instance shows it. */
async function turn(t: T, request: Request, label: string): Promise<void> {
  await run(t, REQUESTS[request].resource, label);
  await until(t, request, (s) => s.active === (request === 'activate'), ACTIVATE);
}

/** The request led to this activation, state and result staying as they were. */
function turns(j: J, statement: string, label: string, active: boolean): void {
  const wanted = showing(own(j), `Activation State ${active ? 1 : 0}`, (s) => s.active === active);
  const seen = leadsTo(j, statement, 'execute', label, wanted, ACTIVATE);
  if (seen !== undefined)
    j.check(statement, () => expect(printTriple(seen), 'state, result, activation').to.equal(`4/2/${active ? 1 : 0}`));
}

/** A request for what is so already: answered by policy A6, and nothing changes. */
function again(j: J, statement: string, active: boolean): void {
  const reply = answerTo(j, statement, 'execute', 'again');
  const seen = stateAt(j, statement, 'after');
  if (reply === undefined || seen === undefined) return;
  const allowed = { accept: /^2\./, refuse: /^4\./, either: /^[24]\./ }[j.policy.repeatedActivation];
  j.note(`a repeated request was answered ${reply.code}`);
  j.check(statement, () => {
    expect(reply.code, `answer (${j.policy.repeatedActivation})`).to.match(allowed);
    expect(printTriple(seen), 'state, result, activation').to.equal(`4/2/${active ? 1 : 0}`);
  });
}

const activation: Lwm2mCase[] = [
  {
    ...ACTIVATION,
    id: 'SWMGMT/ACT/01',
    purpose: 'Activate in INSTALLED sets Activation State to 1',
    statements: ['SWMGMT-S.activate'],
    ixit: ['instance', 'packageA', 'activateS'],
    demo: true,
    start: 'installed',
    drive: (t) => turn(t, 'activate', 'activate'),
    judge: (j) => turns(j, 'SWMGMT-S.activate', 'activate', true),
  },
  refusedIn('SWMGMT/ACT/02', 0, REQUESTS.activate),
  refusedIn('SWMGMT/ACT/03', 1, REQUESTS.activate),
  refusedIn('SWMGMT/ACT/04', 2, REQUESTS.activate),
  refusedIn('SWMGMT/ACT/05', 3, REQUESTS.activate),
  {
    ...ACTIVATION,
    id: 'SWMGMT/ACT/06',
    purpose: 'Activate of what is active changes nothing',
    statements: ['SWMGMT-S.activate-again'],
    ixit: ['instance', 'packageA', 'activateS'],
    policies: ['repeatedActivation'],
    start: 'active',
    async drive(t) {
      await run(t, RES.activate, 'again');
      await see(t, 'after');
    },
    judge: (j) => again(j, 'SWMGMT-S.activate-again', true),
  },
  {
    ...ACTIVATION,
    id: 'SWMGMT/ACT/07',
    purpose: 'a failed activation leaves Activation State 0 in INSTALLED',
    statements: ['SWMGMT-S.activate-fails'],
    ixit: ['instance', 'packageActivateFails', 'installS', 'activateS'],
    start: 'clean',
    async drive(t) {
      await download(t, 'packageActivateFails', 'failing package');
      await install(t, 'install');
      await run(t, RES.activate, 'activate');
      await perhaps(t, 'activation', (s) => s.active, ACTIVATE);
      await see(t, 'after');
    },
    judge(j) {
      const reply = answerTo(j, 'SWMGMT-S.activate-fails', 'execute', 'activate');
      const seen = stateAt(j, 'SWMGMT-S.activate-fails', 'after');
      if (reply === undefined || seen === undefined) return;
      j.note(`a failing Activate was answered ${reply.code}`);
      j.check('SWMGMT-S.activate-fails', () => {
        expect(reply.code, 'answer to a failing Activate').to.match(/^(?:2\.04|4\.\d\d|5\.00)$/);
        expect(printState(seen.state), 'state after it').to.equal(printState(4));
        expect(seen.active, 'Activation State after it').to.equal(false);
      });
    },
  },
  {
    ...ACTIVATION,
    id: 'SWMGMT/ACT/08',
    purpose: 'the activation survives a power cycle',
    item: ITEM.SURVIVES,
    when: `${ITEM.ACTIVATE} and ${ITEM.SURVIVES}`,
    statements: ['SWMGMT-S.active-restart'],
    ixit: ['instance', 'packageA', 'registerS', 'activateS'],
    needs: ['power'],
    start: 'active',
    async drive(t) {
      await t.off();
      await t.on();
      t.mark('back');
      await perhaps(t, 'activation', (s) => s.active, ACTIVATE);
      await see(t, 'after');
    },
    judge(j) {
      const seen = stateAt(j, 'SWMGMT-S.active-restart', 'after');
      if (seen !== undefined)
        j.check('SWMGMT-S.active-restart', () =>
          expect(printTriple(seen), 'state, result, activation').to.equal('4/2/1'),
        );
    },
  },
];

const deactivation: Lwm2mCase[] = [
  {
    ...DEACTIVATION,
    id: 'SWMGMT/DEA/01',
    purpose: 'Deactivate of what is active sets Activation State to 0',
    statements: ['SWMGMT-S.deactivate'],
    ixit: ['instance', 'packageA', 'activateS'],
    demo: true,
    start: 'active',
    drive: (t) => turn(t, 'deactivate', 'deactivate'),
    judge: (j) => turns(j, 'SWMGMT-S.deactivate', 'deactivate', false),
  },
  refusedIn('SWMGMT/DEA/02', 0, REQUESTS.deactivate),
  refusedIn('SWMGMT/DEA/03', 1, REQUESTS.deactivate),
  refusedIn('SWMGMT/DEA/04', 2, REQUESTS.deactivate),
  refusedIn('SWMGMT/DEA/05', 3, REQUESTS.deactivate),
  {
    ...DEACTIVATION,
    id: 'SWMGMT/DEA/06',
    purpose: 'Deactivate of what is inactive changes nothing',
    statements: ['SWMGMT-S.deactivate-again'],
    ixit: ['instance', 'packageA', 'activateS'],
    policies: ['repeatedActivation'],
    start: 'installed',
    async drive(t) {
      await run(t, RES.deactivate, 'again');
      await see(t, 'after');
    },
    judge: (j) => again(j, 'SWMGMT-S.deactivate-again', false),
  },
  {
    ...DEACTIVATION,
    id: 'SWMGMT/DEA/07',
    purpose: 'activation can be switched on, off and on',
    when: `${ITEM.ACTIVATE} and ${ITEM.DEACTIVATE}`,
    statements: ['SWMGMT-S.activate', 'SWMGMT-S.deactivate'],
    ixit: ['instance', 'packageA', 'activateS'],
    start: 'installed',
    async drive(t) {
      await turn(t, 'activate', 'on');
      await turn(t, 'deactivate', 'off');
      await turn(t, 'activate', 'on again');
    },
    judge(j) {
      for (const [label, active] of [
        ['on', true],
        ['off', false],
        ['on again', true],
      ] as const)
        turns(j, active ? 'SWMGMT-S.activate' : 'SWMGMT-S.deactivate', label, active);
    },
  },
];

/** Activation. */
export const act = suite<Lwm2mTester, Lwm2mPolicies>('ACT', activation);
/** Deactivation. */
export const dea = suite<Lwm2mTester, Lwm2mPolicies>('DEA', deactivation);
