import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type CaseDef, type CaseMeta, suite } from '../../core/case.ts';
import { BenchError } from '../../core/errors.ts';
import { answer, answerTo, type FakeTester } from './standard.ts';

type Fake = CaseDef<FakeTester, Record<string, string>>;
/** Every wait of these cases. */
const within = { timer: 'answer' };

/** A case of this suite; what the numbers stand for is their purpose. */
const meta = (number: string, purpose: string, more: Partial<CaseMeta> = {}): CaseMeta => ({
  id: `FAKE/RUN/${number}`,
  purpose,
  item: 'FAKE 1/1',
  when: 'always',
  statements: ['FAKE-1.set'],
  start: 'zero',
  ...more,
});
/** The judgement of a device that keeps what it is told. */
const holds: Fake['judge'] = (j) =>
  j.check('FAKE-1.set', () => expect(j.log.after('set').first(answerTo('get')), 'value').to.include({ value: '4' }));
/** The exchange that most of these cases have in common. */
const setAndGet: Fake['drive'] = async (t) => {
  t.mark('set');
  t.say('set 4');
  await t.until(answerTo('set'), within);
  t.say('get');
  await t.until(answerTo('get'), within);
};
/** For an await that does not end. */
const never = new Promise<void>(() => undefined);

/** The numbers are what the tests of the run call the cases by. */
const cases: readonly Fake[] = [
  { ...meta('01', 'a value that is set is read back'), drive: setAndGet, judge: holds },
  {
    ...meta('02', 'contradicts: a value that was never set'),
    drive: setAndGet,
    judge: (j) => j.check('FAKE-1.set', () => expect(j.log.last(answer), 'value').to.include({ value: '5' })),
  },
  {
    ...meta('03', 'the evidence never suffices'),
    drive: setAndGet,
    judge: (j) => j.inconclusive('FAKE-1.set', 'never enough'),
  },
  {
    ...meta('04', 'the tester has a defect'),
    async drive(t) {
      await setAndGet(t);
      throw new RangeError('defect');
    },
    judge: holds,
  },
  {
    ...meta('05', 'the judge has a defect'),
    drive: setAndGet,
    judge: (j) =>
      j.check('FAKE-1.set', () => {
        throw new RangeError('defect in a claim');
      }),
  },
  {
    ...meta('06', 'blocks the event loop for good'),
    drive() {
      for (;;);
    },
    judge: holds,
  },
  { ...meta('07', 'awaits what never comes'), drive: () => never, judge: holds },
  {
    ...meta('08', 'forgets an await'),
    async drive(t) {
      await setAndGet(t);
      // oxlint-disable-next-line typescript/no-floating-promises -- the very defect that this case stands for
      Promise.reject(new BenchError('forgotten', 'nobody waits for this'));
    },
    judge: holds,
  },
  {
    ...meta('09', 'its process is killed'),
    drive() {
      process.kill(process.pid, 'SIGKILL');
      return never;
    },
    judge: holds,
  },
  {
    ...meta('10', 'waits until it is stopped from outside'),
    async drive(t) {
      for (let i = 0; i < 600; i++) await t.pause(within, 'waiting to be stopped');
    },
    judge: holds,
  },
  {
    ...meta('11', 'speaks a word that silences a faulty device'),
    async drive(t) {
      t.mark('set');
      t.say('crash');
      await t.until(answerTo('crash'), within);
    },
    judge: (j) => void j.came('FAKE-1.set', answerTo('crash'), { stimulus: answer }),
  },
  {
    ...meta('12', 'lets the log of case 13 end on a full disk'),
    async drive(t) {
      await setAndGet(t);
      const folder = join(t.bench.privateDir, 'FAKE_RUN_13');
      for (const attempt of ['1', '2', '3']) {
        mkdirSync(join(folder, attempt), { recursive: true });
        symlinkSync('/dev/full', join(folder, attempt, 'events.jsonl'));
      }
    },
    judge: holds,
  },
  { ...meta('13', 'a value that is set is read back, on a full disk'), drive: setAndGet, judge: holds },
  {
    ...meta('14', 'tells a secret to everybody'),
    async drive(t) {
      t.say(`set ${t.bench.address('key')}`);
      await t.until(answerTo('set'), within);
    },
    judge(j) {
      const { value } = j.log.last(answerTo('set')) ?? { value: '' };
      j.note(`the device has ${value} now`);
      j.check('FAKE-1.set', () => expect(value, 'value').to.equal('other'));
    },
  },
  {
    ...meta('15', 'in two variants, of which one contradicts', {
      variants: { right: { when: 'always' }, wrong: { when: 'always' } },
    }),
    drive: setAndGet,
    judge: (j) =>
      j.check('FAKE-1.set', () =>
        expect(j.log.last(answerTo('get'))?.value).to.equal(j.variant === 'right' ? '4' : '5'),
      ),
  },
  {
    ...meta('16', 'throws outside of every promise'),
    async drive(t) {
      await setAndGet(t);
      setImmediate(() => {
        throw new RangeError('in a callback');
      });
      await t.pause(within, 'the exception comes now');
    },
    judge: holds,
  },
];

export const run = suite('RUN', cases);
