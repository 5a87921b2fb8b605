import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { Ev } from '../../src/core/events.ts';
import { ixitOf } from '../../src/core/ixit.ts';
import { type Judgement, judgeAttempt } from '../../src/core/judge.ts';
import { logOf } from '../../src/core/log.ts';
import { timingOf } from '../../src/core/timing.ts';
import { FORMAT } from '../../src/lwm2m/codec/content.ts';
import { encodeTlv } from '../../src/lwm2m/codec/tlv.ts';
import { boolean, integer } from '../../src/lwm2m/codec/value.ts';
import { LWM2M } from '../../src/lwm2m/standard.ts';
import { LWM2M_TIMING } from '../../src/lwm2m/timing.ts';
import { LWM2M_SUITES } from './suites.ts';

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

/** A log written by hand: what a device showed in a case about Install. */
class Written {
  readonly events: Ev[] = [];

  add(event: Omit<Ev, 'n' | 'ms' | 'channel'> & { ms?: number }): number {
    const n = this.events.length;
    this.events.push({ n, ms: (this.events.at(-1)?.ms ?? 0) + 10, channel: 'coap', ...event });
    return n;
  }
  alive(): void {
    this.add({ type: 'alive', data: { ok: true } });
    const last = this.events.at(-1);
    if (last !== undefined) this.events[last.n] = { ...last, channel: 'run' };
  }
  /** A request, sent so often, and its answer. */
  exchange(o: {
    code: string;
    path: string;
    note: string;
    answer?: string;
    body?: Buffer;
    sent?: number;
    format?: number;
  }): void {
    const { code, path, note, answer, body, sent = 1, format = FORMAT.tlv } = o;
    const request = this.add({
      type: 'coap.request',
      dir: 'out',
      raw: '',
      data: { peer: 'd', code, path, note, query: [], options: [] },
    });
    for (let attempt = 1; attempt <= sent; attempt++)
      this.add({
        type: 'coap.message',
        dir: 'out',
        raw: '4402000100000000',
        via: request,
        data: { peer: 'd', attempt },
      });
    if (answer === undefined)
      this.add({ type: 'coap.silence', data: { peer: 'd', request, afterMs: 1, acked: false } });
    else
      this.add({
        type: 'coap.reply',
        dir: 'in',
        raw: body?.toString('hex') ?? '',
        data: {
          peer: 'd',
          request,
          code: answer,
          complete: true,
          options: body === undefined ? [] : [`12:${format.toString(16)}`],
        },
      });
  }
  install(answer: string | undefined, sent = 1): void {
    const given = answer === undefined ? {} : { answer };
    this.exchange({ code: '0.02', path: '/9/0/4', note: 'execute: install', sent, ...given });
  }
  shows(state: number, result: number, active = false): void {
    const values = [7, 9, 12].map((r, i) => ({
      path: [9, 0, r],
      value: i === 2 ? boolean(active) : integer(i === 0 ? state : result),
    }));
    this.exchange({ code: '0.01', path: '/9/0', note: 'look', answer: '2.05', body: encodeTlv([9, 0], values) });
  }
  /** Time passes. */
  wait(ms: number): void {
    this.events.push({
      n: this.events.length,
      ms: (this.events.at(-1)?.ms ?? 0) + ms,
      channel: 'run',
      type: 'pause.over',
      data: {},
    });
  }
}

function judged(id: string, write: (w: Written) => void): Judgement {
  const found = cases.find((c) => c.id === id);
  if (found === undefined) throw new Error(`no case ${id}`);
  const written = new Written();
  written.alive();
  write(written);
  const offset = written.events.at(-1)?.ms ?? 0;
  written.events.push({ n: written.events.length, ms: offset + 1, channel: 'run', type: 'alive', data: { ok: true } });
  const ixit = ixitOf({ instance: 0, installS: 1 });
  const policies = { executeOrder: 'either', refusalCode: 'any4xx', deviceErrorState: 'allow' };
  const input = {
    log: logOf(written.events, 1),
    ixit,
    policies,
    timing: timingOf(LWM2M_TIMING, ixit, { protocol: 1, link: 1 }),
    declared: () => false,
  };
  return judgeAttempt(found, input, policies as never, (j) => found.judge(j), LWM2M.invariants);
}

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
