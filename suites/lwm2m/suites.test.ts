import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { LWM2M } from '../../src/lwm2m/standard.ts';
import { LWM2M_SUITES } from './suites.ts';
import { judged } from './written.ts';

const cases = LWM2M_SUITES.flatMap((s) => s.cases);
const declared = LWM2M_SUITES.flatMap((s) => s.declared);

/** How many purposes each group has. */
const PURPOSES = {
  REG: 15,
  DLP: 16,
  DLU: 15,
  INS: 13,
  UNI: 12,
  ACT: 8,
  DEA: 7,
  REP: 10,
  MUL: 7,
  CMP: 5,
  ROB: 6,
} as const;

describe('LwM2M suites', () => {
  it('have all 114 purposes', () => {
    const ids = [...cases, ...declared].map((c) => c.id).sort();
    const wanted = Object.entries(PURPOSES).flatMap(([group, count]) =>
      Array.from({ length: count }, (_, i) => `SWMGMT/${group}/${String(i + 1).padStart(2, '0')}`),
    );
    expect(ids).to.deep.equal(wanted.sort());
  });
  it('start on rungs of the ladder', () => {
    expect(cases.map((c) => c.start).filter((rung) => LWM2M.ladder[rung] === undefined)).to.deep.equal([]);
  });
  it('judge statements that exist', () => {
    const file = new URL('../../ics/statements/swmgmt.yaml', import.meta.url.replace('/dist/suites/', '/suites/'));
    const { statements } = parse(readFileSync(file, 'utf8')) as { statements: { id: string }[] };
    const known = new Set(statements.map((s) => s.id));
    const named = [...cases, ...declared].flatMap((c) => c.statements);
    expect(named.filter((s) => !known.has(s))).to.deep.equal([]);
  });
});

describe('LwM2M verdicts: Install in DELIVERED', () => {
  const id = 'SWMGMT/INS/01';
  it('passes a device that installs', () => {
    const { verdict, reasons } = judged(id, (w) => {
      w.install('2.04');
      w.shows(4, 2);
    });
    expect([verdict, reasons]).to.deep.equal(['PASS', []]);
  });
  it('passes a refusal that only the repetition met, where the software is installed', () => {
    const { verdict, notes } = judged(id, (w) => {
      w.install('4.05', 2);
      w.shows(4, 2);
    });
    expect(verdict).to.equal('PASS');
    expect(notes.join()).to.include('repeated on the link');
  });
  it('cannot tell where the repeated request was refused and nothing was installed', () => {
    const { verdict } = judged(id, (w) => {
      w.install('4.05', 2);
      w.shows(3, 0);
      w.wait(2000);
    });
    expect(verdict).to.equal('INCONC');
  });
  it('fails a refusal of the only request', () => {
    expect(judged(id, (w) => w.install('4.05')).verdict).to.equal('FAIL');
  });
  it('cannot tell where one request stayed without answer', () => {
    expect(judged(id, (w) => w.install(undefined, 2)).verdict).to.equal('INCONC');
  });
  it('fails a device that answers 2.04 and never installs', () => {
    const { verdict, reason } = judged(id, (w) => {
      w.install('2.04');
      w.shows(3, 0);
      w.wait(2000);
      w.shows(3, 0);
    });
    expect(verdict).to.equal('FAIL');
    expect(reason?.statement).to.equal('SWMGMT-S.install');
  });
  it('cannot tell where no Read after the limit was answered', () => {
    const { verdict, reason } = judged(id, (w) => {
      w.install('2.04');
      w.shows(3, 0);
      w.wait(2000);
      w.exchange({ code: '0.01', path: '/9/0', note: 'look', sent: 5 });
    });
    expect(verdict).to.equal('INCONC');
    expect(reason?.message).to.contain('no Read after the limit installS was answered');
  });
  it('does not fail where the wait was cut short', () => {
    const { verdict } = judged(id, (w) => {
      w.install('2.04');
      w.shows(3, 0);
    });
    expect(verdict).to.equal('INCONC');
  });
  it('fails an installation that shows the result of another object', () => {
    const { reason } = judged(id, (w) => {
      w.install('2.04');
      w.shows(4, 1);
    });
    expect(reason?.statement).to.equal('SWMGMT-R.2');
  });
  it('holds every trace against the legal combinations', () => {
    const { verdict, statements } = judged(id, (w) => {
      w.shows(1, 53);
      w.install('2.04');
      w.shows(4, 2);
    });
    expect(verdict).to.equal('FAIL');
    expect(statements['SWMGMT-R.legal']).to.equal('FAIL');
  });
});
