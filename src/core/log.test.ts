import { expect } from 'chai';
import type { Ev } from './events.ts';
import { eventKind, type Kind, logOf, where } from './log.ts';

const at = (n: number, ms: number, type: string, data: Ev['data'] = {}): Ev => ({ n, ms, channel: 'x', type, data });
const number: Kind<{ value: number }> = {
  name: 'number',
  read: (e) => (e.type === 'num' ? { value: Number(e.data?.['v']) } : undefined),
};

describe('log', () => {
  const events = [
    at(0, 0, 'num', { v: 1 }),
    at(1, 10, 'mark', { name: 'go' }),
    at(2, 20, 'num', { v: 2 }),
    at(3, 35, 'other'),
    at(4, 50, 'num', { v: 3 }),
  ];
  const log = logOf(events, 0.1);

  it('decodes on reading and keeps number and time', () => {
    expect(log.all(number)).to.deep.equal([
      { value: 1, n: 0, ms: 0 },
      { value: 2, n: 2, ms: 20 },
      { value: 3, n: 4, ms: 50 },
    ]);
  });

  it('cuts after a mark and before an event, and is empty after a mark that was never set', () => {
    expect(log.after('go').first(number)?.value).to.equal(2);
    expect(log.after('go').before({ n: 4 }).all(number)).to.have.length(1);
    expect(log.after('nowhere').events).to.have.length(0);
  });

  it('measures in protocol time', () => {
    expect(log.after('go').gap(number)).to.deep.equal([300]);
    expect(log.elapsed({ ms: 10 }, { ms: 20 })).to.equal(100);
  });

  it('narrows a kind by a test and remembers what was read last', () => {
    const even = where(number, 'even number', (v) => v.value % 2 === 0);
    expect(log.last(even)?.n).to.equal(2);
    expect(log.touched()).to.equal(2);
    expect(log.first(eventKind('other', 'other'))?.n).to.equal(3);
    expect(log.touched()).to.equal(3);
  });
});
