import { expect } from 'chai';
import { blockOption } from '../../src/coap/block.ts';
import { encode } from '../../src/coap/message.ts';
import { OPTION, uriOptions } from '../../src/coap/options.ts';
import { judged, type Written } from './written.ts';

const verdictOf = (...given: Parameters<typeof judged>): string => judged(...given).verdict;

describe('LwM2M verdicts where the link repeated or lost messages', () => {
  describe('Install in DOWNLOADED', () => {
    const asked = (w: Written, o: { sent?: number; after: number; answer: string }): void => {
      w.mark('download');
      w.exchange({ code: '0.03', path: '/9/0/2', note: 'write: download', answer: '2.04', sent: o.sent ?? 1 });
      w.shows(2, 0);
      w.wait(o.after);
      w.mark('install');
      w.install(o.answer);
      w.exchange({ code: '0.01', path: '/9/0', note: 'read: after', answer: '5.03' });
    };
    it('fails a device that takes it at once', () => {
      expect(verdictOf('SWMGMT/INS/04', (w) => asked(w, { after: 10, answer: '2.04' }))).to.equal('FAIL');
    });
    it('counts the check from the first copy of the last message of the Write', () => {
      expect(verdictOf('SWMGMT/INS/04', (w) => asked(w, { sent: 2, after: 10, answer: '2.04' }))).to.equal('FAIL');
      // The copies are 10 ms apart.
      const late = (w: Written): void => asked(w, { sent: 900, after: 10, answer: '2.04' });
      expect(verdictOf('SWMGMT/INS/04', late)).to.equal('INCONC');
    });
    it('cannot tell where the check may be over', () => {
      expect(verdictOf('SWMGMT/INS/04', (w) => asked(w, { after: 9000, answer: '2.04' }))).to.equal('INCONC');
    });
  });

  describe('a package that must fail with 53', () => {
    const pushed = (sent: number, result: number) => (w: Written) => {
      w.mark('broken');
      w.exchange({ code: '0.03', path: '/9/0/2', note: 'write: broken', answer: '4.08', sent });
      w.shows(0, result);
    };
    it('fails a device that shows 52', () => {
      expect(verdictOf('SWMGMT/DLP/06', pushed(1, 52))).to.equal('FAIL');
    });
    it('cannot tell where a repeated block broke the transfer off', () => {
      expect(verdictOf('SWMGMT/DLP/06', pushed(2, 52))).to.equal('INCONC');
    });
    it('fails another result all the same', () => {
      expect(verdictOf('SWMGMT/DLP/06', pushed(2, 54))).to.equal('FAIL');
    });
  });

  describe('a Write without answer', () => {
    const silent = (blocks: number) => (w: Written) => {
      w.mark('push');
      const data = { peer: 'd', code: '0.03', path: '/9/0/2', note: 'write: push', query: [], options: [] };
      const request = w.add({ type: 'coap.request', dir: 'out', raw: '', data });
      for (let i = 0; i < blocks; i++)
        for (let attempt = 1; attempt <= (i === blocks - 1 ? 7 : 1); attempt++)
          w.add({
            type: 'coap.message',
            dir: 'out',
            raw: `44030${100 + i}00000000`,
            via: request,
            data: { peer: 'd', attempt },
          });
      w.wait(100_000);
      w.add({ type: 'coap.silence', data: { peer: 'd', request, afterMs: 100_000, acked: false } });
    };
    it('fails the device where it was one message, sent seven times', () => {
      expect(verdictOf('SWMGMT/DLP/02', silent(1), { variant: 'szx0' })).to.equal('FAIL');
    });
    it('cannot be told from losses where it was one of many blocks', () => {
      expect(verdictOf('SWMGMT/DLP/02', silent(150), { variant: 'szx0' })).to.equal('INCONC');
    });
  });

  describe('a transfer with a repeated block that ends in INITIAL', () => {
    const given = (late: number) => (w: Written) => {
      const step = (label: string, code: string): unknown =>
        w.add({ type: 'lwm2m.step', data: { label, what: label, code, type: 'ACK', copies: 1 } });
      for (const label of ['block 0', 'block 1', 'block 1 again', 'block 2']) step(label, '2.31');
      w.wait(late);
      step('block 3', '4.08');
      w.shows(0, 52);
    };
    it('fails the device that got every block in time', () => {
      expect(verdictOf('SWMGMT/DLP/12', given(10))).to.equal('FAIL');
    });
    it('cannot be told from a transfer that was given up where a block came late', () => {
      expect(verdictOf('SWMGMT/DLP/12', given(70_000))).to.equal('INCONC');
    });
  });

  describe('a failing Install', () => {
    const installed = (sent: number, shown: number) => (w: Written) => {
      w.mark('failing install');
      w.exchange({ code: '0.02', path: '/9/0/4', note: 'execute: failing install', answer: '4.05', sent });
      w.shows(3, shown);
    };
    it('fails a refusal of the only request', () => {
      expect(verdictOf('SWMGMT/INS/06', installed(1, 58))).to.equal('FAIL');
    });
    it('is judged by what the device shows where the repetition was refused', () => {
      expect(verdictOf('SWMGMT/INS/06', installed(2, 58))).to.equal('PASS');
      expect(verdictOf('SWMGMT/INS/06', installed(2, 57))).to.equal('FAIL');
    });
  });

  describe('Uninstall after a failing Install', () => {
    const given = (sent: number) => (w: Written) => {
      w.mark('failing install');
      w.exchange({ code: '0.02', path: '/9/0/4', note: 'execute: failing install', answer: '2.04', sent });
      w.shows(3, 58);
      w.mark('uninstall');
      w.exchange({ code: '0.02', path: '/9/0/6', note: 'execute: uninstall', answer: '4.05' });
      w.shows(3, 58);
    };
    const remembers = ['SWMGMT 1/10'];
    it('must be taken', () => {
      expect(verdictOf('SWMGMT/INS/07', given(1))).to.equal('FAIL');
      expect(verdictOf('SWMGMT/INS/07', given(2), { declares: remembers })).to.equal('FAIL');
    });
    it('may meet the second Install where a repetition of the first was forgotten, by no memory or by the reboot', () => {
      expect(verdictOf('SWMGMT/INS/07', given(2))).to.equal('INCONC');
      expect(verdictOf('SWMGMT/INS/07', given(2), { declares: [...remembers, 'SWMGMT 6/3'] })).to.equal('INCONC');
    });
  });

  describe('a bad URI', () => {
    const written = (sent: number) => (w: Written) => {
      w.mark('pull');
      w.exchange({ code: '0.03', path: '/9/0/3', note: 'write: pull', answer: '4.05', sent });
      w.shows(0, 56);
    };
    const policies = { badUri: 'report56' } as const;
    it('must be taken where the policy says so', () => {
      expect(verdictOf('SWMGMT/DLU/05', written(1), { variant: 'scheme', policies })).to.equal('FAIL');
    });
    it('cannot be told from a repetition that met the download of the first copy', () => {
      expect(verdictOf('SWMGMT/DLU/05', written(2), { variant: 'scheme', policies })).to.equal('INCONC');
    });
  });

  describe('a failure that is not notified', () => {
    const failed = (between: number) => (w: Written) => {
      w.exchange({ code: '0.01', path: '/9/0/9', note: 'observe: result', answer: '2.05', seq: 1 });
      for (let i = 0; i < 5; i++) {
        w.shows(0, i === 0 ? 0 : between);
        w.shows(0, 56);
        w.wait(2000);
      }
    };
    it('fails a device that kept every one of five to itself', () => {
      expect(verdictOf('SWMGMT/REP/07', failed(0), { variant: '56' })).to.equal('FAIL');
    });
    it('cannot be told from a lost notification where the result was the same before: only a change is notified', () => {
      expect(verdictOf('SWMGMT/REP/07', failed(56), { variant: '56' })).to.equal('INCONC');
    });
  });

  describe('Install with an argument', () => {
    const asked =
      (answer: string, state: number, sent = 1) =>
      (w: Written) => {
        w.install(answer, sent);
        w.wait(2000);
        w.shows(state, state === 4 ? 2 : 0, false, 'read: after');
      };
    const verdict = (...given: Parameters<typeof asked>): string => verdictOf('SWMGMT/INS/10', asked(...given));
    it('is carried out where it is taken, and not where it is refused', () => {
      expect([verdict('2.04', 4), verdict('4.00', 3)]).to.deep.equal(['PASS', 'PASS']);
      expect([verdict('2.04', 3), verdict('4.00', 4)]).to.deep.equal(['FAIL', 'FAIL']);
    });
    it('cannot be told from the refusal of a copy of one that was taken', () => {
      expect(verdict('4.05', 4, 2)).to.equal('INCONC');
    });
  });

  describe('the second copy of an Install', () => {
    const REQUEST = '4402123400000000';
    const twice =
      (type: 'ACK' | 'CON', again: string | null, acked: boolean, mid = '1234') =>
      (w: Written) => {
        const step = (label: string, code: string | null, how: string | null): unknown =>
          w.add({ type: 'lwm2m.step', data: { label, what: 'POST', code, type: how, copies: 1 } });
        const message = (dir: 'in' | 'out', raw: string): unknown =>
          w.add({ type: 'coap.message', dir, raw, data: { peer: 'd', attempt: 1 } });
        message('out', REQUEST);
        step('install', '2.04', type);
        message('out', REQUEST);
        if (acked) message('in', `6000${mid}`);
        step('install again', again, again === null ? null : type);
      };
    const verdict = (...given: Parameters<typeof twice>): string =>
      verdictOf('SWMGMT/INS/09', twice(...given), { declares: ['SWMGMT 1/10'] });
    it('is answered alike, where the answer was separate by the acknowledgement alone', () => {
      expect([verdict('ACK', '2.04', false), verdict('CON', '2.04', true)]).to.deep.equal(['PASS', 'PASS']);
      expect(verdict('CON', null, true)).to.equal('PASS');
      expect([verdict('ACK', '4.05', false), verdict('CON', '4.05', true)]).to.deep.equal(['FAIL', 'FAIL']);
    });
    it('without any of these cannot be judged', () => {
      expect([verdict('ACK', null, true), verdict('CON', null, false)]).to.deep.equal(['INCONC', 'INCONC']);
      expect(verdict('CON', null, true, '9999')).to.equal('INCONC');
    });
  });

  describe('a refused Create', () => {
    const created =
      (sent: number, after: string, answer = '4.00') =>
      (w: Written) => {
        w.exchange({ code: '0.01', path: '/9/1', note: 'read: before', answer: '4.04' });
        w.exchange({ code: '0.02', path: '/9', note: 'create: create', answer, sent });
        w.exchange({ code: '0.01', path: '/9/1', note: 'read: after', answer: after });
      };
    const variant = 'value';
    it('may leave no instance behind', () => {
      expect(verdictOf('SWMGMT/MUL/07', created(1, '2.05'), { variant })).to.equal('FAIL');
      expect(verdictOf('SWMGMT/MUL/07', created(2, '4.04'), { variant })).to.equal('PASS');
    });
    it('says nothing of the value where the format was refused', () => {
      expect(verdictOf('SWMGMT/MUL/07', created(1, '4.04', '4.15'), { variant })).to.equal('INCONC');
      expect(verdictOf('SWMGMT/MUL/07', created(1, '2.05', '4.15'), { variant })).to.equal('FAIL');
      expect(verdictOf('SWMGMT/MUL/07', created(1, '4.04', '4.15'), { variant: 'format' })).to.equal('PASS');
    });
    it('cannot be told from the refusal of a copy of one that was taken', () => {
      expect(verdictOf('SWMGMT/MUL/07', created(2, '2.05'), { variant })).to.equal('INCONC');
    });
  });

  describe('a device that was still registering', () => {
    /** A copy of its Register: the answer to the first was lost. */
    const copy = (w: Written): unknown =>
      w.add({ type: 'coap.message', dir: 'in', raw: '4402124000000001b27264', data: { peer: 'd', attempt: 1 } });
    const triggered = (registering: boolean) => (w: Written) => {
      w.exchange({ code: '0.02', path: '/1/0/8', note: 'execute: trigger', answer: '2.04' });
      if (registering) copy(w);
      w.wait(2000);
    };
    it('may take the trigger for what it is doing; otherwise it must register', () => {
      expect(verdictOf('SWMGMT/ROB/06', triggered(false))).to.equal('FAIL');
      expect(verdictOf('SWMGMT/ROB/06', triggered(true))).to.equal('INCONC');
    });
    const observed = (registering: boolean) => (w: Written) => {
      w.exchange({ code: '0.01', path: '/9/0', note: 'observe: instance', answer: '2.05', seq: 1 });
      if (registering) copy(w);
      for (let i = 0; i < 5; i++) {
        w.mark(`switch ${i}`);
        w.wait(2000);
      }
    };
    it('ends the observation when it has registered; otherwise it must notify', () => {
      expect(verdictOf('SWMGMT/REP/10', observed(false), { variant: 'instance' })).to.equal('FAIL');
      expect(verdictOf('SWMGMT/REP/10', observed(true), { variant: 'instance' })).to.equal('INCONC');
    });
  });

  describe('a short cut of the link', () => {
    /** A request of the device for a block of the package. */
    const asks = (w: Written, mid: number, num: number): void => {
      const options = [...uriOptions('/1/packageA'), blockOption(OPTION.block2, { num, more: false, szx: 2 })];
      const raw = encode({ type: 'CON', code: '0.01', mid, token: Buffer.of(1), options, payload: Buffer.alloc(0) });
      w.add({ type: 'coap.message', dir: 'in', raw: raw.toString('hex'), data: { peer: 'p' } }, 'packages');
    };
    const given = (ms: number, before?: (w: Written) => void) => (w: Written) => {
      w.mark('pull');
      w.exchange({ code: '0.03', path: '/9/0/3', note: 'write: pull', answer: '2.04' });
      w.shows(1, 1);
      before?.(w);
      w.mark('cut');
      w.wait(ms);
      w.shows(0, 52);
    };
    it('is no reason to give up', () => {
      expect(verdictOf('SWMGMT/DLU/11', given(10_000))).to.equal('FAIL');
    });
    it('cannot be told from a link that lost every repetition', () => {
      expect(verdictOf('SWMGMT/DLU/11', given(70_000))).to.equal('INCONC');
    });
    it('cannot be told from one that had lost most of them before it was cut', () => {
      const repeats = (since: number) => (w: Written) => {
        asks(w, 1, 0);
        asks(w, 2, 1);
        w.wait(since);
        asks(w, 3, 2);
      };
      expect(verdictOf('SWMGMT/DLU/11', given(10_000, repeats(60_000)))).to.equal('INCONC');
      expect(verdictOf('SWMGMT/DLU/11', given(10_000, repeats(10_000)))).to.equal('FAIL');
    });
  });

  describe('a block that was sent twice and refused', () => {
    const given = (ms: number) => (w: Written) => {
      w.mark('push');
      const data = { peer: 'd', code: '0.03', path: '/9/0/2', note: 'write: push', query: [], options: [] };
      const request = w.add({ type: 'coap.request', dir: 'out', raw: '', data });
      const block = (mid: string, attempt: number): number =>
        w.add({
          type: 'coap.message',
          dir: 'out',
          raw: `4403${mid}00000000`,
          via: request,
          data: { peer: 'd', attempt },
        });
      block('0001', 1);
      w.wait(ms);
      block('0002', 1);
      block('0002', 2);
      w.add({ type: 'coap.message', dir: 'in', raw: '6488000200000000', data: { peer: 'd' } });
      const reply = { peer: 'd', request, code: '4.08', complete: true, options: [] };
      w.add({ type: 'coap.reply', dir: 'in', raw: '', data: reply });
    };
    const declares = ['SWMGMT 1/10'];
    it('fails the device, which had no time to give the transfer up', () => {
      expect(verdictOf('SWMGMT/ROB/05', given(10), { declares })).to.equal('FAIL');
    });
    it('cannot tell where the block before it took long', () => {
      expect(verdictOf('SWMGMT/ROB/05', given(70_000), { declares })).to.equal('INCONC');
    });
  });
});
