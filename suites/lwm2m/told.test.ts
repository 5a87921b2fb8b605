import { expect } from 'chai';
import { FORMAT } from '../../src/lwm2m/codec/content.ts';
import { encodeTlv } from '../../src/lwm2m/codec/tlv.ts';
import { printResource } from '../../src/lwm2m/codec/definitions.ts';
import { boolean, integer, type Value } from '../../src/lwm2m/codec/value.ts';
import { judged, type Written } from './written.ts';

const verdictOf = (...given: Parameters<typeof judged>): string => judged(...given).verdict;

const OBSERVED = { state: 7, result: 9, activation: 12 } as const;
type Observed = keyof typeof OBSERVED;

/** Numbers of the observations, by name. */
class Telling {
  readonly w: Written;
  readonly #requests = new Map<string, number>();
  #seq = 10;

  constructor(w: Written) {
    this.w = w;
  }

  /** The device takes an observation of a resource, or of the instance. */
  observe(label: string, path: string): void {
    const data = { peer: 'd', code: '0.01', path, note: `observe: ${label}`, query: [], options: [] };
    const request = this.w.add({ type: 'coap.request', dir: 'out', raw: '', data });
    this.#requests.set(label, request);
    const reply = { peer: 'd', request, code: '2.05', complete: true, options: ['6:01'] };
    this.w.add({ type: 'coap.reply', dir: 'in', raw: '', data: reply });
  }

  /** A notification; `seq`: its number, the next unless told. */
  tell(label: string, body: Buffer, seq = this.#seq++): void {
    this.w.add({
      type: 'coap.notification',
      dir: 'in',
      raw: body.toString('hex'),
      data: {
        peer: 'd',
        request: this.#requests.get(label) ?? 0,
        code: '2.05',
        complete: true,
        options: [`6:${seq.toString(16).padStart(2, '0')}`, `12:${FORMAT.tlv.toString(16)}`],
        seq,
        fresh: true,
        last: false,
      },
    });
  }
}

const resource = (id: number, value: Value): Buffer => encodeTlv([9, 0, id], [{ path: [9, 0, id], value }]);
const instance = (active: boolean): Buffer =>
  encodeTlv(
    [9, 0],
    Object.values(OBSERVED).map((id) => ({
      path: [9, 0, id],
      value: id === 12 ? boolean(active) : integer(id === 7 ? 4 : 2),
    })),
  );

describe('LwM2M verdicts on notifications', () => {
  describe('of the instance', () => {
    /** Told after every switch: what the activation was before it, or what it is. */
    const told = (late: boolean) => (w: Written) => {
      const device = new Telling(w);
      device.observe('instance', '/9/0');
      for (let i = 0; i < (late ? 6 : 1); i++) {
        w.mark(`switch ${i}`);
        device.tell('instance', instance(late === (i % 2 === 1)));
        w.wait(2000);
      }
    };
    it('carry the activation of the change', () => {
      expect(verdictOf('SWMGMT/REP/10', told(false), { variant: 'instance' })).to.equal('PASS');
      expect(verdictOf('SWMGMT/REP/10', told(true), { variant: 'instance' })).to.equal('FAIL');
    });
  });

  describe('of a full cycle', () => {
    const CYCLE = [
      ['delivered', 3, 0, false],
      ['installed', 4, 2, false],
      ['active', 4, 2, true],
      ['inactive', 4, 2, false],
      ['removed', 0, 0, false],
    ] as const;
    interface Told {
      /** Values of the changes, values before them, or nothing. */
      readonly which: 'new' | 'old' | 'none';
      /** The device registers after it has taken the observations. */
      readonly registers?: true;
      /** Nothing is told of this one. */
      readonly never?: Observed;
      readonly cycles?: number;
    }
    const told =
      ({ which, registers, never, cycles = 1 }: Told) =>
      (w: Written) => {
        const device = new Telling(w);
        for (const [label, id] of Object.entries(OBSERVED)) device.observe(named[label as Observed], `/9/0/${id}`);
        w.shows(0, 0, false, 'read: start');
        if (registers === true) w.registers();
        w.mark('start of the cycle');
        let before: readonly [number, number, boolean] = [0, 0, false];
        for (let round = 1; round <= cycles; round++)
          for (const [step, ...now] of CYCLE) {
            const label = round === 1 ? step : `${step}, cycle ${round}`;
            for (const [at, [name, id]] of Object.entries(OBSERVED).entries()) {
              const value = (which === 'new' ? now : before)[at];
              if (which === 'none' || name === never || now[at] === before[at] || value === undefined) continue;
              const shown = typeof value === 'number' ? integer(value) : boolean(value);
              device.tell(named[name as Observed], resource(id, shown));
            }
            w.mark(label);
            w.wait(2000);
            w.shows(now[0], now[1], now[2], `read: ${label}`);
            before = now;
          }
      };
    /** Labels of the observations. */
    const named: Readonly<Record<Observed, string>> = {
      state: printResource(9, 7),
      result: printResource(9, 9),
      activation: printResource(9, 12),
    };
    it('carry the values that the changes led to', () => {
      expect(verdictOf('SWMGMT/REP/02', told({ which: 'new' }))).to.equal('PASS');
      expect(verdictOf('SWMGMT/REP/02', told({ which: 'old' }))).to.equal('FAIL');
      expect(verdictOf('SWMGMT/REP/02', told({ which: 'none' }))).to.equal('FAIL');
    });
    it('end with a registration that came after they began', () => {
      expect(verdictOf('SWMGMT/REP/02', told({ which: 'none', registers: true }))).to.equal('INCONC');
    });
    for (const never of Object.keys(OBSERVED) as Observed[])
      it(`fail where only the ${never} is never told of, over as many changes as losses do not explain`, () => {
        expect(verdictOf('SWMGMT/REP/02', told({ which: 'new', never }))).to.equal('INCONC');
        expect(verdictOf('SWMGMT/REP/02', told({ which: 'new', never, cycles: 4 }))).to.equal('FAIL');
        expect(verdictOf('SWMGMT/REP/02', told({ which: 'new', never, cycles: 4, registers: true }))).to.equal(
          'INCONC',
        );
      });
  });

  describe('in order', () => {
    /** The notification of the first switch comes with the third, or never. */
    const told = (first: number | undefined, seqs: readonly number[]) => (w: Written) => {
      const device = new Telling(w);
      device.observe('activation', '/9/0/12');
      for (const [i, seq] of seqs.entries()) {
        w.mark(`switch ${i}`);
        if (i === 2 && first !== undefined) device.tell('activation', resource(12, boolean(true)), first);
        if (seq > 0) device.tell('activation', resource(12, boolean(i % 2 === 0)), seq);
      }
    };
    it('have rising numbers', () => {
      expect(verdictOf('SWMGMT/REP/04', told(undefined, [1, 2, 3, 4, 5, 6]))).to.equal('PASS');
      expect(verdictOf('SWMGMT/REP/04', told(undefined, [6, 5, 4, 3, 2, 1]))).to.equal('FAIL');
    });
    it('are judged without the values of which one came late', () => {
      expect(verdictOf('SWMGMT/REP/04', told(1, [0, 2, 3, 4, 5, 6]))).to.equal('PASS');
      expect(verdictOf('SWMGMT/REP/04', told(1, [0, 6, 3, 5, 5, 4]))).to.equal('FAIL');
    });
  });

  describe('for pmax', () => {
    /** After the changes so many come, a period apart; then nothing does. */
    const told =
      (count: number, periodMs = 24_000) =>
      (w: Written) => {
        w.exchange({ code: '0.03', path: '/9/0/12', note: 'attributes: periods', answer: '2.04' });
        const body = Buffer.from('</9/0/12>;pmin=12;pmax=24');
        w.exchange({ code: '0.01', path: '/9/0/12', note: 'discover: attributes', answer: '2.05', body, format: 40 });
        const device = new Telling(w);
        device.observe('activation', '/9/0/12');
        w.mark('switched');
        for (let i = 0; i < count; i++) {
          w.wait(periodMs);
          device.tell('activation', resource(12, boolean(false)));
        }
        w.wait(count < 2 ? 140_000 : 10);
        w.mark('over');
      };
    it('come again and again', () => {
      expect([0, 1, 2].map((count) => verdictOf('SWMGMT/REP/05', told(count)))).to.deep.equal(['FAIL', 'FAIL', 'PASS']);
    });
    it('come within pmax of each other, unless some were lost', () => {
      const slow = [2, 3, 4].map((count) => verdictOf('SWMGMT/REP/05', told(count, 48_000)));
      expect(slow).to.deep.equal(['INCONC', 'INCONC', 'FAIL']);
      expect(verdictOf('SWMGMT/REP/05', told(4, 28_000))).to.equal('PASS');
    });
  });

  describe('after a reset', () => {
    const cancelled = (message: boolean) => (w: Written) => {
      new Telling(w).observe('activation', '/9/0/12');
      // Confirmable, with the Observe option.
      if (message)
        w.add({ type: 'coap.message', dir: 'in', raw: '44450001000000006105', data: { peer: 'd', attempt: 1 } });
      for (let i = 0; i < 6; i++) {
        w.mark(`switch ${i}`);
        w.exchange({ code: '0.02', path: '/9/0/10', note: `execute: switch ${i}`, answer: '2.04' });
      }
    };
    it('stay away, which is no finding where none was there to be reset', () => {
      expect(verdictOf('SWMGMT/REP/06', cancelled(true), { variant: 'reset' })).to.equal('PASS');
      expect(verdictOf('SWMGMT/REP/06', cancelled(false), { variant: 'reset' })).to.equal('INCONC');
      expect(verdictOf('SWMGMT/REP/06', cancelled(false), { variant: 'request' })).to.equal('PASS');
    });
  });
});
