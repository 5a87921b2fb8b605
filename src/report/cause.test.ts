import { expect } from 'chai';
import type { Ev } from '../core/events.ts';
import { type Facts, likelyCauses } from './cause.ts';

const facts = (over: Partial<Facts>): Facts => ({ code: undefined, said: '', events: [], lines: [], ...over });
const ev = (n: number, over: Partial<Ev>): Ev => ({ n, ms: n, channel: 'coap', type: 'datagram', ...over });
const first = (over: Partial<Facts>): string | undefined => likelyCauses(facts(over))[0]?.cause;
const alive = (n: number, ok: boolean): Ev => ev(n, { channel: 'run', type: 'alive', data: { ok } });
const line = (text: string): Facts['lines'] => [{ n: 1, ms: 1, channel: 'console', dir: 'in', text }];

describe('likely causes', () => {
  it('wrong key: the handshake or the decryption says so', () => {
    expect(first({ said: 'DTLS alert: decrypt_error (51)' })).to.contain('wrong key');
    expect(first({ lines: line('E: MIC wrong, dropped') })).to.contain('wrong key');
  });

  it('wrong address: nobody there, or said often and never answered', () => {
    expect(first({ code: 'EHOSTUNREACH' })).to.contain('wrong address');
    const shouts = [0, 1, 2].map((n) => ev(n, { dir: 'out' }));
    expect(first({ events: shouts })).to.contain('wrong address');
    expect(first({ events: [...shouts, ev(3, { dir: 'in' })] })).to.equal(undefined);
  });

  it('clock: certificates out of their time, or actions that start early', () => {
    expect(first({ said: 'certificate is not yet valid' })).to.contain('clock');
    expect(first({ said: 'start came too early' })).to.contain('clock');
  });

  it('lost link: it answered first and was not alive at the end', () => {
    expect(first({ events: [alive(0, true), ev(1, { dir: 'in' }), alive(2, false)] })).to.contain('link was lost');
    expect(first({ events: [alive(0, true), ev(1, { dir: 'in' }), alive(2, true)] })).to.equal(undefined);
  });

  it('rebooted: the console shows it, and that comes before the lost link that follows from it', () => {
    const events = [alive(0, true), ev(1, { dir: 'in' }), alive(2, false)];
    const causes = likelyCauses(facts({ events, lines: line('*** Booting, reset reason: watchdog') }));
    expect(causes.map((c) => c.cause)).to.deep.equal(['the device rebooted in the middle', 'the link was lost']);
  });

  it('nothing is guessed where nothing gives it away', () => {
    expect(
      likelyCauses(facts({ said: 'expected 1 to equal 2', lines: line('swupdatestate idle, updatetime 12:00') })),
    ).to.deep.equal([]);
  });
});
