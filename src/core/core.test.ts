import { expect } from 'chai';
import { benchClock } from './clock.ts';
import { type Suite, suite } from './case.ts';
import { InputError, InputErrors, printError, TesterError } from './errors.ts';
import { memorySink, rawOf } from './events.ts';
import { ixitOf } from './ixit.ts';
import { register } from './registered.ts';
import type { Standard } from './standard.ts';
import { type Reason, settle, worse } from './verdict.ts';

describe('verdicts', () => {
  it('rank PASS below INCONC below FAIL, with ERROR apart', () => {
    expect(worse('PASS', 'INCONC')).to.equal('INCONC');
    expect(worse('FAIL', 'INCONC')).to.equal('FAIL');
    expect(worse('FAIL', 'ERROR')).to.equal('ERROR');
    const reasons: Reason[] = [
      { verdict: 'INCONC', message: 'a' },
      { verdict: 'FAIL', message: 'b' },
      { verdict: 'FAIL', message: 'c' },
    ];
    expect(settle(reasons)).to.deep.equal({ verdict: 'FAIL', reason: reasons[1] });
    expect(settle([])).to.deep.equal({ verdict: 'PASS', reason: null });
  });
});

describe('bench clock', () => {
  it('runs protocol time faster by the factor from a common epoch', () => {
    let wall = 1_000_000;
    const clock = benchClock(1_000_000, 0.05, () => wall);
    wall += 50;
    expect(clock.now()).to.equal(50);
    expect(clock.protocolNow()).to.equal(1_001_000);
  });
});

describe('events', () => {
  it('number themselves and keep octets as hex', () => {
    const sink = memorySink(() => 7);
    sink.append({ channel: 'a', type: 't', raw: Uint8Array.of(1, 255) });
    const second = sink.append({ channel: 'a', type: 't', raw: 'ab' });
    expect(sink.events[0]).to.deep.equal({ n: 0, ms: 7, channel: 'a', type: 't', raw: '01ff' });
    expect(rawOf(second)).to.deep.equal(Buffer.of(0xab));
    expect(rawOf(sink.append({ channel: 'a', type: 't' }))).to.have.length(0);
  });
});

describe('errors', () => {
  it('print where they are wrong, as compilers do', () => {
    expect(printError(new InputError('yaml', 'bad', { place: { file: 'a.yaml', line: 3, column: 9 } }))).to.equal(
      'a.yaml:3:9: bad',
    );
    expect(printError(new InputError('port', 'gone', { place: { where: '/dev/ttyUSB0' } }))).to.equal(
      '/dev/ttyUSB0: gone',
    );
    expect(printError(new InputErrors([new InputError('a', 'x'), new InputError('b', 'y')]))).to.equal('x\ny');
  });
});

describe('IXIT', () => {
  it('hands out typed values and calls a missing one a defect', () => {
    const ixit = ixitOf({ a: 1, b: 't', c: true });
    expect([ixit.number('a'), ixit.text('b'), ixit.flag('c'), ixit.has('d')]).to.deep.equal([1, 't', true, false]);
    expect(() => ixit.number('b')).to.throw(TesterError, 'expected a number');
    expect(() => ixit.text('d')).to.throw(TesterError, 'not declared');
  });
});

describe('registration', () => {
  const standard = { spec: 'X', ladder: { idle: () => Promise.resolve() }, invariants: [] } as unknown as Standard<
    object,
    object
  >;
  const make = (id: string, start = 'idle'): Suite<object, object> =>
    suite(id.split('/')[1] ?? '', [
      {
        id,
        purpose: 'p',
        item: 'X 1/1',
        when: 'always',
        statements: ['X-1.a'],
        start,
        drive: () => Promise.resolve(),
        judge: () => undefined,
      },
    ]);

  it('refuses ids used twice, unknown rungs, and ids outside their group', () => {
    expect(() => register({ standard, suites: [make('X/G/01'), make('X/G/01')] })).to.throw(TesterError, 'used twice');
    expect(() => register({ standard, suites: [make('X/G/01', 'cellar')] })).to.throw(TesterError, 'no rung');
    expect(() => suite('H', make('X/G/01').cases)).to.throw(TesterError, 'expected SPEC/H/NN');
    expect(register({ standard, suites: [make('X/G/01')] }).cases).to.have.length(1);
  });
});
