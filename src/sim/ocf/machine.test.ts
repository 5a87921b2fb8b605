import { expect } from 'chai';
import { STATES } from '../../ocf/codec/swu.ts';
import { FACTORY, type Goal, type Input, type Machine, next, type Plan, type Step } from './machine.ts';

const PLAN: Plan = {
  chain: [],
  resetResult: true,
  resultNoNewVersion: 0,
  restAfterFailure: 'idle',
  retryAtBoot: false,
};
const done: Input = { type: 'stepDone' };
const go: Input = { type: 'pauseOver' };
const start = (goal: Goal, validated = false): Input => ({ type: 'start', goal, validated });
const failed = (result: number): Input => ({ type: 'stepFailed', result });
const boot: Input = { type: 'boot' };
const at = (state: Machine['state'], goal: Goal, step: Step, working = true): Machine => ({
  state,
  result: 0,
  run: { goal, step, working },
});

describe('simulated OCF device: update machine', () => {
  const walk = (inputs: readonly Input[], plan: Plan, from: Machine = FACTORY): string[] => {
    let machine = from;
    return inputs.map((input) => {
      machine = next(machine, input, plan);
      const { state, result, run } = machine;
      return `${state} ${STATES[state].cm} ${result} ${run === undefined ? 'rest' : `${run.working ? '' : 'before '}${run.step}`}`;
    });
  };
  const CHECKED = ['idle 0 0 check', 'nsa 256 0 before download'];
  const VERIFIED = ['svv 256 0 download', 'svv 256 0 before verify', 'svv 256 0 verify'];
  const INSTALLED = [
    'upgrading 448 0 install',
    'upgrading 448 0 before reboot',
    'upgrading 448 0 reboot',
    'idle 0 1 rest',
  ];
  const whole = [done, go, done, go, done, go, done, go, done];

  it('isac checks and rests in nsa', () => {
    expect(walk([start('isac'), done], PLAN)).to.deep.equal(['idle 0 0 check', 'nsa 256 0 rest']);
  });
  it('isac with nothing newer rests in idle', () => {
    expect(walk([start('isac'), { type: 'nothingNewer' }], PLAN).at(-1)).to.equal('idle 0 0 rest');
    const plan = { ...PLAN, resultNoNewVersion: 1 };
    expect(walk([start('isac'), { type: 'nothingNewer' }], plan).at(-1)).to.equal('idle 0 1 rest');
  });
  it('isvv downloads and verifies and rests in sva', () => {
    const seen = walk([start('isvv'), done, go, done, go, done], PLAN);
    expect(seen).to.deep.equal([...CHECKED, ...VERIFIED, 'sva 320 0 rest']);
  });
  it('upgrade obtains a package first and ends in idle with success', () => {
    const seen = walk([start('upgrade'), ...whole], PLAN);
    expect(seen).to.deep.equal([...CHECKED, ...VERIFIED, 'sva 320 0 before install', ...INSTALLED]);
  });
  it('upgrade with a validated package installs at once', () => {
    expect(walk([start('upgrade', true), done, go, done], PLAN)).to.deep.equal(INSTALLED);
  });
  it('with CHAIN isac goes on to the upgrade', () => {
    expect(walk([start('isac'), ...whole], { ...PLAN, chain: ['isac'] }).at(-1)).to.equal('idle 0 1 rest');
  });

  const rows: readonly [string, Machine, Input, Partial<Plan>, Machine][] = [
    [
      'a start during a run changes nothing',
      at('svv', 'isvv', 'verify'),
      start('isac'),
      {},
      at('svv', 'isvv', 'verify'),
    ],
    [
      'an old result goes back to 0 at the start',
      { state: 'idle', result: 5 },
      start('isac'),
      {},
      at('idle', 'isac', 'check'),
    ],
    [
      'or stays, where the device keeps it',
      { state: 'idle', result: 5 },
      start('isac'),
      { resetResult: false },
      { ...at('idle', 'isac', 'check'), result: 5 },
    ],
    [
      'a failed check rests in idle',
      at('idle', 'isac', 'check'),
      failed(404),
      { restAfterFailure: 'nsa' },
      { state: 'idle', result: 404 },
    ],
    ['a failed verification rests in idle', at('svv', 'isvv', 'verify'), failed(5), {}, { state: 'idle', result: 5 }],
    ['or in nsa', at('svv', 'isvv', 'verify'), failed(5), { restAfterFailure: 'sva' }, { state: 'nsa', result: 5 }],
    [
      'a failed installation rests in idle',
      at('upgrading', 'upgrade', 'install'),
      failed(8),
      {},
      { state: 'idle', result: 8 },
    ],
    [
      'or in sva',
      at('upgrading', 'upgrade', 'install'),
      failed(8),
      { restAfterFailure: 'sva' },
      { state: 'sva', result: 8 },
    ],
    ['a boot at rest changes nothing', { state: 'sva', result: 0 }, boot, {}, { state: 'sva', result: 0 }],
    [
      'a boot after a cut in the download reports a lost connection',
      at('svv', 'isvv', 'download'),
      boot,
      {},
      { state: 'idle', result: 4 },
    ],
    [
      'a boot after a cut in the verification reports its failure',
      at('svv', 'isvv', 'verify'),
      boot,
      {},
      { state: 'idle', result: 5 },
    ],
    [
      'a boot after a cut before the installation reports a failed update',
      at('sva', 'upgrade', 'install', false),
      boot,
      {},
      { state: 'idle', result: 8 },
    ],
    [
      'a boot after a cut in the installation reports a failed update',
      at('upgrading', 'upgrade', 'install'),
      boot,
      {},
      { state: 'idle', result: 8 },
    ],
    [
      'or starts the run again',
      at('upgrading', 'upgrade', 'install'),
      boot,
      { retryAtBoot: true },
      at('idle', 'upgrade', 'check'),
    ],
    [
      'a boot during the reboot ends the update',
      at('upgrading', 'upgrade', 'reboot'),
      boot,
      {},
      { state: 'idle', result: 1 },
    ],
    ['a late input at rest changes nothing', { state: 'idle', result: 1 }, done, {}, { state: 'idle', result: 1 }],
    [
      'a step cannot end in the pause before it',
      at('nsa', 'isvv', 'download', false),
      done,
      {},
      at('nsa', 'isvv', 'download', false),
    ],
  ];
  for (const [what, from, input, plan, expected] of rows)
    it(what, () => expect(next(from, input, { ...PLAN, ...plan })).to.deep.equal(expected));
});
