import { expect } from 'chai';
import type { CaseDef, CaseMeta } from '../core/case.ts';
import type { EventSink } from '../core/events.ts';
import { where } from '../core/log.ts';
import type { Console } from '../core/standard.ts';
import { lineConsole } from '../rig/console.ts';
import { fakeTerminal } from './testing/terminal.ts';
import { attemptHere } from './testing/in-process.ts';
import { heard, scripted, wireOn } from './testing/scripted.ts';

const meta = (id: string, statements: string[]): CaseMeta => ({
  id,
  purpose: 'a shape that the core must carry',
  item: 'SHAPE 1/1',
  when: 'always',
  statements,
  start: 'ready',
});
const soon = (step: () => void, ms = 2): void => void setTimeout(step, ms);

describe('the four shapes of a case', () => {
  describe('a state case: the tester triggers and the device moves through states until it rests', () => {
    interface StateTester {
      trigger(): void;
    }
    const timing = { rest: { ms: 60, class: 'protocol', clause: 'S-1' } } as const;
    const tester =
      (states: readonly string[]) =>
      (events: EventSink): StateTester => {
        const wire = wireOn(events, 'device');
        return {
          trigger() {
            wire.out('trigger');
            wire.in('accepted');
            for (const [i, state] of states.entries()) soon(() => wire.in(`state ${state}`), 3 * (i + 1));
          },
        };
      };
    const state = heard('state');
    const rest = where(state, 'rest', (s) => ['sva', 'idle'].includes(s.rest));
    const upgrade: CaseDef<StateTester, object> = {
      ...meta('SHAPE/STATE/01', ['SHAPE-1.sva']),
      async drive(t) {
        t.mark('trigger');
        t.trigger();
        await t.until(rest, { timer: 'rest', of: 'no-progress' });
      },
      judge({ log, check, came }) {
        const run = log.after('trigger');
        const last = came('SHAPE-1.sva', rest, { stimulus: heard('accepted') }, run);
        if (last !== undefined)
          check('SHAPE-1.sva', () => expect(run.all(state).map((s) => s.rest)).to.eql(['nsa', 'svv', 'sva']));
      },
    };
    it('passes a device that ends in the right state', async () => {
      const { record } = await attemptHere(scripted(timing, tester(['nsa', 'svv', 'sva'])), upgrade);
      expect(record).to.include({ verdict: 'PASS' });
    });
    it('fails one that skips a state', async () => {
      const { record } = await attemptHere(scripted(timing, tester(['nsa', 'sva'])), upgrade);
      expect(record.reason).to.include({ verdict: 'FAIL', statement: 'SHAPE-1.sva' });
    });
    it('fails one that never rests: silence is recorded and the judge still runs', async () => {
      const { record, events } = await attemptHere(scripted(timing, tester(['nsa'])), upgrade);
      expect(events.map((e) => e.type)).to.include('silence');
      expect(record.reason).to.include({ verdict: 'FAIL', message: 'no rest after accepted' });
    });
  });

  describe('a pull client: the device asks, and asks again when the tester keeps silent on purpose', () => {
    interface PullTester {
      start(): void;
    }
    const timing = { poll: { ms: 120, class: 'protocol', clause: 'S-2' } } as const;
    const tester =
      (gaps: readonly number[]) =>
      (events: EventSink): PullTester => {
        const wire = wireOn(events, 'device');
        return {
          start() {
            let at = 0;
            wire.in('report 0');
            for (const [i, gap] of gaps.entries()) {
              at += gap;
              soon(() => wire.in(`report ${i + 1}`), at);
            }
          },
        };
      };
    const report = heard('report');
    const repeats: CaseDef<PullTester, object> = {
      ...meta('SHAPE/PULL/01', ['SHAPE-2.repeat']),
      async drive(t) {
        t.mark('silent');
        t.start();
        for (let i = 0; i < 3; i++) await t.until(report, { timer: 'poll', times: 3 });
      },
      judge(j) {
        const silent = j.log.after('silent');
        const [first, second] = silent.all(report);
        if (first === undefined || second === undefined) {
          j.came(
            'SHAPE-2.repeat',
            where(report, 'second report', (r) => r.rest !== '0'),
            { stimulus: report, within: { timer: 'poll' } },
          );
          return;
        }
        j.onTime('SHAPE-2.repeat', 'the repeated report', {
          from: first,
          to: second,
          notAfter: j.ms('poll'),
          tolerance: j.ms('poll'),
        });
      },
    };
    it('passes a device that repeats in time', async () => {
      const { record } = await attemptHere(scripted(timing, tester([15, 15])), repeats);
      expect(record).to.include({ verdict: 'PASS' });
    });
    it('fails one that repeats too late', async () => {
      const { record } = await attemptHere(scripted(timing, tester([300, 5])), repeats);
      expect(record.reason).to.include({ verdict: 'FAIL', statement: 'SHAPE-2.repeat' });
    });
    it('fails one that does not repeat', async () => {
      const { record } = await attemptHere(scripted(timing, tester([])), repeats);
      expect(record.reason).to.include({ verdict: 'FAIL', message: 'no second report after report' });
    });
  });

  describe('a client driven over a console: the device starts on command, the tester plays its servers', () => {
    interface ClientTester {
      readonly control: Console;
      readonly server: { lose: readonly number[] };
    }
    const timing = { transfer: { ms: 80, class: 'protocol', clause: 'S-3' } } as const;
    const chunk = heard('chunk');
    /** The device: told `send` on its console it sends three chunks, and what the server misses once more, if it is a good one. */
    const tester =
      (resends: (missing: readonly number[]) => readonly number[]) =>
      (events: EventSink): ClientTester => {
        const wire = wireOn(events, 'server');
        const server = { lose: [] as readonly number[] };
        const sendAll = (): void => {
          for (const n of [0, 1, 2]) wire.in(`chunk ${n}`);
          wire.out(`missing ${server.lose.join(' ')}`);
          for (const n of resends(server.lose)) wire.in(`chunk ${n}`);
          wire.in('complete');
        };
        const terminal = fakeTerminal((line) => {
          if (line !== 'send') return 'what?';
          soon(sendAll);
          return 'ok';
        });
        const settings = { kind: 'console', url: 'tcp://device', newline: 'lf', ignore: [] } as const;
        return { control: lineConsole('console', { ...settings, ignore: [] }, events, terminal), server };
      };
    const resend: CaseDef<ClientTester, object> = {
      ...meta('SHAPE/CLIENT/01', ['SHAPE-3.resend']),
      async drive(t) {
        t.server.lose = [1];
        t.mark('send');
        await t.control.ask('send', 1_000);
        await t.until(heard('complete'), { timer: 'transfer', of: 'no-progress' });
      },
      judge(j) {
        const asked = j.log.first(heard('missing', 'out'));
        if (asked === undefined) j.inconclusive('SHAPE-3.resend', 'the server was never asked');
        else
          j.check('SHAPE-3.resend', () =>
            expect(
              j.log
                .after(asked)
                .all(chunk)
                .map((c) => c.rest),
            ).to.eql(['1']),
          );
      },
    };
    it('passes a client that sends only what is missing', async () => {
      const { record, events } = await attemptHere(
        scripted(
          timing,
          tester((missing) => missing),
        ),
        resend,
      );
      expect(record).to.include({ verdict: 'PASS' });
      expect(events.filter((e) => e.channel === 'console').map((e) => [e.dir, e.data?.['text']])).to.deep.equal([
        ['out', 'send'],
        ['in', 'ok'],
      ]);
    });
    it('fails one that sends everything again', async () => {
      const { record } = await attemptHere(
        scripted(
          timing,
          tester(() => [0, 1, 2]),
        ),
        resend,
      );
      expect(record.reason).to.include({ verdict: 'FAIL', statement: 'SHAPE-3.resend' });
    });
  });

  describe('the tester as server: the device starts by itself, the tester answers and loses on purpose', () => {
    interface ServerTester {
      offer(o: { lose: number }): void;
    }
    const timing = { retry: { ms: 40, class: 'protocol', clause: 'S-4' } } as const;
    const request = heard('ask');
    const lost = heard('lost', 'out');
    /** The device asks for offsets 0, 10, 20; `again` says what it asks for after an answer that never came. */
    const tester =
      (again: (offset: number) => number | undefined) =>
      (events: EventSink): ServerTester => {
        const wire = wireOn(events, 'device');
        return {
          offer({ lose }) {
            let nth = 0;
            const ask = (offset: number): void => {
              wire.in(`ask ${offset}`);
              nth += 1;
              if (offset === 20) return wire.in('end');
              if (nth !== lose) {
                wire.out(`block ${offset}`);
                return soon(() => ask(offset + 10));
              }
              wire.out(`lost ${offset}`);
              const next = again(offset);
              if (next !== undefined) soon(() => ask(next), 10);
            };
            soon(() => ask(0));
          },
        };
      };
    const retries: CaseDef<ServerTester, object> = {
      ...meta('SHAPE/SERVER/01', ['SHAPE-4.retry']),
      async drive(t) {
        t.offer({ lose: 2 });
        await t.until(heard('end'), { timer: 'retry', of: 'no-progress' });
      },
      judge(j) {
        const next = j.came('SHAPE-4.retry', request, { stimulus: lost, within: { timer: 'retry' } });
        const gone = j.log.first(lost);
        if (next !== undefined) j.check('SHAPE-4.retry', () => expect(next.rest, 'offset').to.equal(gone?.rest));
      },
    };
    it('passes a client that asks for the lost block again', async () => {
      const { record } = await attemptHere(
        scripted(
          timing,
          tester((offset) => offset),
        ),
        retries,
      );
      expect(record).to.include({ verdict: 'PASS' });
    });
    it('fails one that goes on with the next block', async () => {
      const { record } = await attemptHere(
        scripted(
          timing,
          tester((offset) => offset + 10),
        ),
        retries,
      );
      expect(record.reason).to.include({ verdict: 'FAIL', expected: '10', observed: '20' });
    });
    it('fails one that gives up', async () => {
      const { record } = await attemptHere(
        scripted(
          timing,
          tester(() => undefined),
        ),
        retries,
      );
      expect(record.reason).to.include({ verdict: 'FAIL', message: 'no ask after lost' });
    });
  });
});
