import { expect } from 'chai';
import type { CaseMeta, Judge } from '../../src/core/case.ts';
import { ixitOf, type IxitValue } from '../../src/core/ixit.ts';
import { type Judgement, judgeAttempt } from '../../src/core/judge.ts';
import { timingOf } from '../../src/core/timing.ts';
import { INVARIANTS } from '../../src/ocf/invariants.ts';
import type { OcfPolicies } from '../../src/ocf/policies.ts';
import { TestLog } from '../../src/ocf/testlog.ts';
import { OCF_TIMING } from '../../src/ocf/timing.ts';
import { judgeCheck, judgeValidation } from './actions.ts';
import { type Bad, judgeBad } from './negative.ts';
import { exactly, judgeRunTo } from './runs.ts';
import { punctual } from './schedules.ts';

const POLICIES = {
  errorCode: 'any4xx',
  spelling: 'fail',
  silentIgnore: 'refuseOrIgnore',
  resultRange: 'fail',
} as unknown as OcfPolicies;
const IXIT = { scheduleToleranceMs: 2000, maxDownloadS: 30 };

/** Judges a log as a case would, with the proofs of life of the run around it. */
function judged(
  t: TestLog,
  statements: string[],
  judge: (j: Judge<OcfPolicies>) => void,
  policy = POLICIES,
  more: Readonly<Record<string, IxitValue>> = {},
): Judgement {
  const ixit = ixitOf({ ...IXIT, ...more });
  const alive = { channel: 'run', type: 'alive', data: { ok: true } };
  const whole = new TestLog();
  whole.add(alive);
  for (const { n: _n, ms, via, data, ...event } of t.events) {
    whole.ms = ms;
    const request = data?.['request'];
    whole.add({
      ...event,
      ...(via === undefined ? {} : { via: via + 1 }),
      data: { ...data, ...(typeof request === 'number' ? { request: request + 1 } : {}) },
    });
  }
  whole.add(alive);
  const meta: CaseMeta = {
    id: 'OCFSWU/X/01',
    purpose: 'x',
    item: 'OCFSWU 1/1',
    when: 'always',
    statements,
    start: 'rest',
  };
  const timing = timingOf(OCF_TIMING, ixit, { protocol: 1, link: 1 });
  const input = { log: whole.log, ixit, policies: {}, timing, declared: () => true };
  return judgeAttempt(meta, input, policy, judge, INVARIANTS);
}

describe('OCF judging of bad UPDATEs', () => {
  const bad = (reading?: 'refuseOrIgnore'): Bad => ({
    name: 'bad',
    statement: 'OCFSWU-T2.time-valid',
    body: () => ({ updatetime: 'never' }),
    ...(reading === undefined ? {} : { reading: () => reading }),
  });
  const run = (code: string, after: Parameters<TestLog['retrieve']>[0], reading?: 'refuseOrIgnore'): Judgement => {
    const t = new TestLog();
    t.retrieve({}, 'swu: before bad');
    t.reply(t.request('POST', 'swu: bad', { updatetime: 'never' }), code);
    t.retrieve(after, 'swu: after bad');
    return judged(t, ['OCFSWU-T2.time-valid', 'OCFSWU-CORE.error'], (j) => judgeBad(j, [bad(reading)]));
  };

  for (const code of ['4.00', '4.03', '4.06', '4.22'])
    it(`passes a refusal with ${code} that changes nothing`, () => {
      expect(run(code, {}).verdict).to.equal('PASS');
    });
  it('fails a refusal that stores', () => {
    expect(run('4.00', { purl: 'https://bench/other' })).to.include({ verdict: 'FAIL' });
  });
  it('fails an acceptance, whatever was stored', () => {
    expect(run('2.04', {})).to.include({ verdict: 'FAIL' });
    expect(run('2.04', { updatetime: 'never' })).to.include({ verdict: 'FAIL' });
  });
  it('fails a server error', () => {
    expect(run('5.00', {}).reason).to.include({ statement: 'OCFSWU-T2.time-valid' });
  });
  it('lets a device ignore what may be ignored, and only that', () => {
    expect(run('2.04', {}, 'refuseOrIgnore').verdict).to.equal('PASS');
    expect(run('2.04', { updatetime: '2030-01-01T00:00:00Z' }, 'refuseOrIgnore')).to.include({ verdict: 'FAIL' });
  });
  it('holds a refusal against the list of codes where the policy has one', () => {
    const t = new TestLog();
    t.retrieve({}, 'swu: before bad');
    t.reply(t.request('POST', 'swu: bad', {}), '4.06');
    t.retrieve({}, 'swu: after bad');
    const strict = { ...POLICIES, errorCode: '4.00 4.03' };
    const outcome = judged(t, ['OCFSWU-T2.time-valid', 'OCFSWU-CORE.error'], (j) => judgeBad(j, [bad()]), strict);
    expect(outcome.reason).to.include({ verdict: 'FAIL', statement: 'OCFSWU-CORE.error' });
  });
  it('comes to no verdict on an UPDATE that may have been lost', () => {
    const t = new TestLog();
    t.retrieve({}, 'swu: before bad');
    t.request('POST', 'swu: bad', {});
    expect(judged(t, ['OCFSWU-T2.time-valid', 'OCFSWU-CORE.error'], (j) => judgeBad(j, [bad()]))).to.include({
      verdict: 'INCONC',
    });
  });
});

describe('OCF judging of runs', () => {
  const STATEMENTS = ['OCFSWU-T5.4xx', 'OCFSWU-T7.update'];
  const end = (t: TestLog, changes: Parameters<TestLog['retrieve']>[0]): TestLog => {
    for (let i = 0; i < 5; i++) {
      t.ms += 1000;
      t.retrieve(changes);
    }
    return t;
  };
  const began = (before = 0): TestLog => {
    const t = new TestLog();
    t.retrieve({ swupdateresult: before }, 'swu: before');
    t.schedule('isvv', 8000);
    t.ms = 8500;
    t.packageRequest();
    t.retrieve({ swupdatestate: 'svv' });
    return t;
  };
  const to404 = (t: TestLog): Judgement => judged(t, STATEMENTS, (j) => judgeRunTo(j, 'OCFSWU-T5.4xx', exactly(404)));

  it('passes the result that the situation stands for', () => {
    expect(to404(end(began(), { swupdateresult: 404 })).verdict).to.equal('PASS');
  });
  it('fails another result', () => {
    expect(to404(end(began(), { swupdateresult: 4 })).reason).to.include({
      verdict: 'FAIL',
      statement: 'OCFSWU-T5.4xx',
    });
  });
  it('does not take the result of the run before for this one', () => {
    const t = new TestLog();
    t.retrieve({ swupdateresult: 404 }, 'swu: before');
    t.schedule('isvv', 8000);
    t.ms = 8500;
    t.packageRequest();
    expect(to404(end(t, { swupdateresult: 404 })).verdict).to.equal('INCONC');
  });
  it('comes to no verdict where the UPDATE was answered after its time only', () => {
    const t = new TestLog();
    t.retrieve({}, 'swu: before');
    t.add({
      channel: 'ocf',
      type: 'ocf.schedule',
      data: { action: 'isvv', purl: '', time: '', inMs: 8000, label: 'run' },
    });
    const request = t.request('POST', 'swu: run', {});
    t.ms = 9000;
    t.reply(request, '2.04', {});
    expect(to404(end(t, {})).verdict).to.equal('INCONC');
  });
  it('fails a device that takes the schedule and never begins, once the time was watched', () => {
    const t = new TestLog();
    t.retrieve({}, 'swu: before');
    t.schedule('isvv', 8000);
    t.ms = 30_000;
    t.retrieve();
    t.add({ channel: 'run', type: 'absent', data: { kind: 'sign of an update at work' } });
    expect(to404(t).reason).to.include({ verdict: 'FAIL' });
  });
  const atLimit = (changes: Parameters<TestLog['retrieve']>[0]): TestLog => {
    const t = began();
    t.ms = 70_000;
    t.add({ channel: 'run', type: 'absent', data: { kind: 'rest after the run' } });
    t.retrieve(changes, 'swu: after the limit');
    t.ms += 100;
    t.retrieve(changes, 'swu: after');
    return t;
  };
  it('comes to no verdict on an end first seen at the limit, also where the case reads on', () => {
    expect(to404(atLimit({ swupdateresult: 404 })).verdict).to.equal('INCONC');
  });
  it('fails a device that is at work beyond the limit', () => {
    expect(to404(atLimit({ swupdatestate: 'svv' })).reason).to.include({ verdict: 'FAIL' });
  });
  it('comes to no verdict where the time was not watched to its end', () => {
    const t = new TestLog();
    t.retrieve({}, 'swu: before');
    t.schedule('isvv', 8000);
    t.ms = 5000;
    t.add({ channel: 'run', type: 'absent', data: { kind: 'sign of an update at work' } });
    expect(to404(t).verdict).to.equal('INCONC');
  });
});

describe('OCF judging of a check and a validation', () => {
  const STOPS: OcfPolicies = { ...POLICIES, chain: 'stops' };
  /** A run that shows one state, then rests in another. */
  const over = (action: 'isac' | 'isvv', shown: string, rest: string): Judgement => {
    const t = new TestLog();
    t.retrieve({}, 'swu: before');
    t.schedule(action, 8000);
    for (const state of ['svv', shown, ...Array.from({ length: 5 }, () => rest)]) {
      t.ms += 1000;
      t.retrieve({ swupdatestate: state, nv: '2.0' });
    }
    const judge = action === 'isac' ? judgeCheck : judgeValidation;
    const statements = [
      'OCFSWU-T7.update',
      'OCFSWU-T3.nsa',
      'OCFSWU-T3.sva',
      'OCFSWU-T3.svv',
      'OCFSWU-T4.isvv',
      'OCFSWU-T2.nv',
      'OCFSWU-1.purl-used',
    ];
    return judged(t, statements, judge, STOPS);
  };

  for (const [action, end] of [
    ['isac', 'nsa'],
    ['isvv', 'sva'],
  ] as const) {
    const statement = `OCFSWU-T3.${end}`;
    it(`fails a device that shows ${end} after ${action} and leaves it by itself`, () => {
      expect(over(action, end, 'idle').reasons.some((r) => 'statement' in r && r.statement === statement)).to.equal(
        true,
      );
    });
    it(`has nothing against ${end} where the device stays there`, () => {
      expect(over(action, end, end).reasons.some((r) => 'statement' in r && r.statement === statement)).to.equal(false);
    });
  }
});

describe('OCF invariants', () => {
  const over = (changes: Parameters<TestLog['retrieve']>[0], policy = POLICIES): string => {
    const t = new TestLog();
    t.retrieve();
    t.retrieve(changes);
    const outcome = judged(t, ['OCFSWU-X'], (j) => j.check('OCFSWU-X', () => undefined), policy);
    return `${outcome.verdict} ${outcome.reason?.statement ?? outcome.reason?.message ?? ''}`.trim();
  };
  it('hold over a right trace', () => {
    expect(over({})).to.equal('PASS');
  });
  it('name a state, an action, a result and a type that the tables do not have', () => {
    expect(over({ swupdatestate: 'ready' })).to.match(/^FAIL OCFSWU-T[23]/);
    expect(over({ swupdateaction: 'now' })).to.match(/^FAIL OCFSWU-T[24]/);
    expect(over({ swupdateresult: 99 })).to.equal('FAIL OCFSWU-T5.range');
    expect(over({ nv: 7 })).to.equal('FAIL OCFSWU-T2.types');
  });
  it('read the policies for what the texts leave open', () => {
    expect(over({ swupdateresult: 99 }, { ...POLICIES, resultRange: 'information' })).to.equal('PASS');
    expect(over({ swupdatestate: 'sv', swupdateaction: 'isv' }, { ...POLICIES, spelling: 'information' })).to.equal(
      'PASS',
    );
  });
});

describe('OCF judging of a device that does not keep the time of the bench', () => {
  const apart = (t: TestLog, unset: boolean): Judgement =>
    judged(t, STATEMENTS, (j) => punctual(j), POLICIES, unset ? { clockSynchronised: false } : {});
  const STATEMENTS = ['OCFSWU-1.schedule', 'OCFSWU-1.not-early', 'OCFSWU-T7.update'];
  const scheduled = (code: string): TestLog => {
    const t = new TestLog();
    t.retrieve({}, 'swu: before');
    t.schedule('isvv', 8000, code);
    for (let i = 0; i < 3; i++) {
      t.ms += 10_000;
      t.retrieve();
    }
    t.add({ channel: 'run', type: 'absent', data: { kind: 'sign of an update at work', of: 'wait' } });
    return t;
  };
  it('says nothing of an action that did not begin, or of a time that was refused as past', () => {
    expect(apart(scheduled('2.04'), true).verdict).to.equal('INCONC');
    expect(apart(scheduled('4.06'), true).verdict).to.equal('INCONC');
  });
  it('fails the same of a device that keeps it', () => {
    expect(apart(scheduled('2.04'), false).verdict).to.equal('FAIL');
    expect(apart(scheduled('4.06'), false).verdict).to.equal('FAIL');
  });
});

describe('OCF judging of the time of a check', () => {
  const begins = (ms: number): Judgement => {
    const t = new TestLog();
    t.retrieve({}, 'swu: before');
    t.schedule('isac', 8000);
    t.ms = ms;
    t.packageRequest();
    t.retrieve({ swupdatestate: 'nsa' });
    return judged(t, ['OCFSWU-1.schedule', 'OCFSWU-1.not-early', 'OCFSWU-T7.update'], (j) => punctual(j));
  };
  it('is that of its package request, which cannot be seen late', () => {
    expect([7000, 9000, 13_000].map((ms) => begins(ms).verdict)).to.deep.equal(['PASS', 'PASS', 'FAIL']);
  });
});

describe('OCF judging of a validation at work', () => {
  const during = (state: string, stateWhileFetching: string): string => {
    const t = new TestLog();
    t.retrieve({}, 'swu: before');
    t.schedule('isvv', 8000);
    t.ms = 8500;
    const request = t.packageRequest();
    const piece = (offset: number): void => {
      const data = { served: 'packageOk', offset, octets: 50, of: 100, step: 'piece', status: 200 };
      t.add({ channel: 'packages', type: 'package.progress', dir: 'out', via: request, data });
    };
    t.ms += 100;
    piece(0);
    t.retrieve({ swupdatestate: state });
    piece(25);
    piece(50);
    for (let i = 0; i < 6; i++) {
      t.ms += 1000;
      t.retrieve({ swupdatestate: 'sva' });
    }
    const policy = { ...POLICIES, chain: 'stops', stateWhileFetching } as OcfPolicies;
    const statements = ['OCFSWU-T3.sva', 'OCFSWU-T3.svv', 'OCFSWU-T4.isvv', 'OCFSWU-1.purl-used', 'OCFSWU-T7.update'];
    return judged(t, statements, (j) => judgeValidation(j), policy).verdict;
  };
  it('takes nsa for svv where the policy reads figure 1 so, and idle for neither', () => {
    expect(['svv', 'nsa', 'idle'].map((s) => during(s, 'svvOrNsa'))).to.deep.equal(['PASS', 'PASS', 'FAIL']);
    expect(['svv', 'nsa'].map((s) => during(s, 'svv'))).to.deep.equal(['PASS', 'FAIL']);
    expect(during('idle', 'information')).to.equal('PASS');
  });
});
