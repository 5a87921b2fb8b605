import { expect } from 'chai';
import { PACKAGES } from '../../src/link/packages/events.ts';
import { FORMAT, printFormat } from '../../src/lwm2m/codec/content.ts';
import { encodeTlv } from '../../src/lwm2m/codec/tlv.ts';
import { integer } from '../../src/lwm2m/codec/value.ts';
import { judged, type Written } from './written.ts';

const verdictOf = (...given: Parameters<typeof judged>): string => judged(...given).verdict;

describe('LwM2M verdicts on devices of the field', () => {
  describe('an Install without answer', () => {
    const lost = (registers: boolean) => (w: Written) => {
      w.mark('install');
      w.install(undefined, 7);
      if (registers) w.registers();
      w.shows(4, 2);
      w.wait(2000);
    };
    const declares = ['SWMGMT 6/3'];
    it('fails a device that does not register anew, or has no reason to', () => {
      expect(verdictOf('SWMGMT/INS/01', lost(false), { declares })).to.equal('FAIL');
      expect(verdictOf('SWMGMT/INS/01', lost(true))).to.equal('FAIL');
    });
    it('cannot be told from an answer that was lost before the reboot', () => {
      expect(verdictOf('SWMGMT/INS/01', lost(true), { declares })).to.equal('INCONC');
    });
  });

  describe('the result while Uninstall works', () => {
    const removed = (resource: number) => (w: Written) => {
      w.mark('uninstall');
      w.exchange({ code: '0.02', path: `/9/0/${resource}`, note: 'execute: uninstall', answer: '2.04' });
      w.shows(4, 0);
      w.shows(0, 0);
      w.mark('after');
    };
    it('may be reset before the state moves', () => {
      expect(verdictOf('SWMGMT/UNI/01', removed(6))).to.equal('PASS');
    });
    it('may not be 0 in INSTALLED otherwise', () => {
      expect(verdictOf('SWMGMT/UNI/01', removed(10))).to.equal('FAIL');
    });
  });

  describe('the activation after Uninstall', () => {
    const removed = (w: Written): void => {
      w.mark('uninstall');
      w.exchange({ code: '0.02', path: '/9/0/6', note: 'execute: uninstall', answer: '2.04' });
      w.shows(0, 0, true);
    };
    it('is 0, or the device says by policy', () => {
      const by = (activationAfterUninstall: '0' | 'information') =>
        verdictOf('SWMGMT/UNI/03', removed, { policies: { activationAfterUninstall } });
      expect([by('0'), by('information')]).to.deep.equal(['FAIL', 'PASS']);
    });
  });

  describe('name and version', () => {
    const given = { ixit: { versionA: '1.0.0' }, policies: { resultDelivered: 'either' } } as const;
    const installs = (before: string | undefined, after: string | undefined) => (w: Written) => {
      w.shows(3, 0, false, 'read: before', before);
      w.install('2.04');
      w.shows(4, 2, false, 'read: after', after);
    };
    const pushes = (version: string | undefined) => (w: Written) => {
      w.mark('push');
      w.exchange({ code: '0.03', path: '/9/0/2', note: 'write: push', answer: '2.04' });
      w.shows(3, 0, false, 'look', version);
    };
    it('may come with the installation', () => {
      for (const version of ['1.0.0', '', undefined]) {
        expect(verdictOf('SWMGMT/DLP/01', pushes(version), given)).to.equal('PASS');
        expect(verdictOf('SWMGMT/INS/08', installs(version, '1.0.0'), given)).to.equal('PASS');
      }
    });
    it('are no other ones before it, and are there after it', () => {
      expect(verdictOf('SWMGMT/DLP/01', pushes('2.0.0'), given)).to.equal('FAIL');
      expect(verdictOf('SWMGMT/INS/08', installs('2.0.0', '1.0.0'), given)).to.equal('FAIL');
      for (const version of ['2.0.0', '', undefined])
        expect(verdictOf('SWMGMT/INS/08', installs('1.0.0', version), given)).to.equal('FAIL');
    });
  });

  describe('an installer that activates by itself', () => {
    const declares = ['SWMGMT 6/2'];
    const installed = (w: Written, active: boolean): void => {
      w.install('2.04');
      w.shows(4, 2, active);
      w.mark('installed');
    };
    const activates = (after: number | undefined) => (w: Written) => {
      installed(w, after === 0);
      w.wait(after ?? 2000);
      w.shows(4, 2, after !== undefined);
    };
    it('may do so a moment after INSTALLED, and must', () => {
      for (const after of [0, 500]) expect(verdictOf('SWMGMT/INS/01', activates(after), { declares })).to.equal('PASS');
      expect(verdictOf('SWMGMT/INS/01', activates(undefined), { declares })).to.equal('FAIL');
    });
    it('is none where the device does not declare it', () => {
      expect(verdictOf('SWMGMT/INS/01', activates(0))).to.equal('FAIL');
      expect(verdictOf('SWMGMT/INS/01', (w) => installed(w, false))).to.equal('PASS');
    });
    it('leaves 1 after an Install that came twice', () => {
      const twice = (w: Written): void => {
        for (const label of ['write', 'install', 'activate', 'deactivate', 'uninstall']) {
          for (const copy of [label, `${label} again`])
            w.add({ type: 'lwm2m.step', data: { label: copy, what: 'POST', code: '2.04', type: 'ACK', copies: 1 } });
          if (label === 'uninstall')
            w.exchange({ code: '0.02', path: '/9/0/6', note: 'execute: again', answer: '2.04' });
          const state = label === 'uninstall' ? 0 : 4;
          const active = label === 'install' || label === 'activate';
          if (label !== 'write') w.shows(state, state / 2, active, `read: after ${label}`);
        }
      };
      expect(verdictOf('SWMGMT/ROB/01', twice, { declares })).to.equal('PASS');
      expect(verdictOf('SWMGMT/ROB/01', twice)).to.equal('FAIL');
    });
  });

  describe('a slow pull', () => {
    /** Blocks up to so long after the Write, and a Read so long after the last of them. */
    const pulled = (pulling: number, waited: number) => (w: Written) => {
      w.mark('pull');
      w.exchange({ code: '0.03', path: '/9/0/3', note: 'write: pull', answer: '2.04' });
      const data = { peer: 'd', code: '0.01', path: '/package', query: [], options: [] };
      w.add({ type: 'coap.request', dir: 'in', raw: '', data }, PACKAGES);
      for (let ms = 0; ms < pulling; ms += 1000)
        w.after(1000).add({ type: 'datagram', dir: 'in', raw: '00', data: { peer: 'd' } }, PACKAGES);
      w.wait(waited);
      w.shows(1, 1);
    };
    it('is waited for from its last progress on', () => {
      expect(verdictOf('SWMGMT/DLU/01', pulled(30_000, 1000))).to.equal('INCONC');
    });
    it('fails a device that goes on no more', () => {
      expect(verdictOf('SWMGMT/DLU/01', pulled(30_000, 4000))).to.equal('FAIL');
    });
  });

  describe('a new transfer after one that broke off', () => {
    const step = (w: Written, label: string, code: string): unknown =>
      w.add({ type: 'lwm2m.step', data: { label, what: label, code, type: 'ACK', copies: 1 } });
    const tried = (sent: number, last?: string) => (w: Written) => {
      step(w, 'block 0', '2.31');
      for (const answer of ['4.08', last]) {
        w.mark('restart');
        const given = answer === undefined ? {} : { answer };
        w.exchange({ code: '0.03', path: '/9/0/2', note: 'write: restart', sent, ...given });
        w.shows(0, 52);
      }
    };
    const remembers = ['SWMGMT 1/10'];
    it('must be taken when the time is over', () => {
      expect(verdictOf('SWMGMT/DLP/13', tried(1, '4.08'))).to.equal('FAIL');
      expect(verdictOf('SWMGMT/DLP/13', tried(2, '4.08'), { declares: remembers })).to.equal('FAIL');
    });
    it('cannot be told from one that a copy of a block broke off, or that got no answer', () => {
      expect(verdictOf('SWMGMT/DLP/13', tried(2, '4.08'))).to.equal('INCONC');
      expect(verdictOf('SWMGMT/DLP/13', tried(1), { declares: remembers })).to.equal('INCONC');
    });
  });

  describe('Reads around an unfinished transfer', () => {
    const read = (before: string, after: string) => (w: Written) => {
      const look = (answer: string): void => w.exchange({ code: '0.01', path: '/9/0', note: 'look', answer });
      look(before);
      w.add({ type: 'lwm2m.step', data: { label: 'block 0', what: 'block 0', code: '2.31', type: 'ACK', copies: 1 } });
      w.mark('left');
      look(after);
      w.shows(0, 52);
      w.wait(2000);
      w.shows(0, 52);
    };
    it('may be answered 5.03, and are judged only when it has begun', () => {
      expect(verdictOf('SWMGMT/DLP/14', read('5.03', '5.03'))).to.equal('PASS');
      expect(verdictOf('SWMGMT/DLP/14', read('4.04', '5.03'))).to.equal('PASS');
      expect(verdictOf('SWMGMT/DLP/14', read('5.03', '4.04'))).to.equal('FAIL');
    });
  });

  describe('Install during a push of which 1 is not shown', () => {
    const refused =
      (before: number, answer = '4.05') =>
      (w: Written) => {
        w.mark('download');
        w.shows(before, before);
        w.mark('install');
        w.install(answer);
        w.shows(0, 0, false, 'read: after');
      };
    it('may leave 0', () => {
      expect(verdictOf('SWMGMT/INS/03', refused(0))).to.equal('PASS');
      expect(verdictOf('SWMGMT/INS/03', refused(0, '2.04'))).to.equal('FAIL');
    });
    it('tells nothing during a pull that was asked for and not yet begun', () => {
      const declares = ['SWMGMT 4/2'];
      expect(verdictOf('SWMGMT/INS/03', refused(0), { declares })).to.equal('INCONC');
      expect(verdictOf('SWMGMT/INS/03', refused(1), { declares })).to.equal('FAIL');
      expect(verdictOf('SWMGMT/INS/03', refused(1, '2.04'), { declares })).to.equal('FAIL');
    });
  });

  describe('a device that has to register anew', () => {
    const triggered = (answer: string, power: boolean, registers: boolean, result: number) => (w: Written) => {
      w.shows(4, 2, false, 'read: before');
      w.exchange({ code: '0.02', path: '/1/0/8', note: 'execute: trigger', answer });
      if (power) w.add({ type: 'lwm2m.step', data: { label: 'trigger', what: 'power', code: null, type: null } });
      w.wait(2000);
      if (registers) w.registers();
      w.shows(4, result, false, 'read: after');
    };
    it('must do so where it took the trigger', () => {
      expect(verdictOf('SWMGMT/ROB/06', triggered('2.04', false, false, 2))).to.equal('FAIL');
    });
    it('has no reason to where it has no trigger', () => {
      expect(verdictOf('SWMGMT/ROB/06', triggered('4.05', false, false, 2))).to.equal('INCONC');
    });
    it('shows nothing by registering after its power came back, and keeps its states only if it says so', () => {
      const declares = ['SWMGMT 7/2'];
      const lost = triggered('4.05', true, true, 57);
      expect(verdictOf('SWMGMT/ROB/06', lost)).to.equal('INCONC');
      expect(verdictOf('SWMGMT/ROB/06', lost, { declares })).to.equal('FAIL');
    });
  });

  describe('an empty Package', () => {
    const written = (state: number) => (w: Written) => {
      w.mark('empty');
      w.exchange({ code: '0.03', path: '/9/0/2', note: 'write: empty', answer: '2.04' });
      w.shows(state, 0, false, 'read: after');
    };
    const by = (state: number): string =>
      verdictOf('SWMGMT/DLP/15', written(state), { policies: { emptyPackage: 'notDelivered' } });
    it('is never delivered, which a device that still checks it does not show', () => {
      expect([0, 2, 3].map(by)).to.deep.equal(['PASS', 'INCONC', 'FAIL']);
    });
  });

  describe('a Read of one resource', () => {
    const declares = ['SWMGMT 3/8', 'SWMGMT 9/6'];
    const read = (values: readonly number[]) => (w: Written) => {
      const body = encodeTlv(
        [9, 0, 7],
        values.map((resource) => ({ path: [9, 0, resource], value: integer(0) })),
      );
      w.exchange({ code: '0.01', path: '/9/0/7', note: `read: 7 as ${printFormat(FORMAT.tlv)}`, answer: '2.05', body });
    };
    it('holds a value, and of that resource', () => {
      const given = [[7], [], [9]].map((values) => verdictOf('SWMGMT/REG/05', read(values), { declares }));
      expect(given).to.deep.equal(['PASS', 'FAIL', 'FAIL']);
    });
  });

  describe('a block out of order', () => {
    const sent = (steps: readonly (readonly [string, string])[], state: number) => (w: Written) => {
      w.mark('begin');
      for (const [label, code] of steps)
        w.add({ type: 'lwm2m.step', data: { label, what: label, code, type: 'ACK', copies: 1 } });
      w.shows(state, 0, false, 'read: after');
    };
    const first = ['block 0', '2.31'] as const;
    const stray = ['block after the gap', '2.31'] as const;
    it('is refused at once, or with the last one by a device that gathers blocks in any order', () => {
      const atOnce = sent([first, ['block after the gap', '4.08']], 0);
      const atLast = sent([first, stray, ['block 3', '2.31'], ['block 4', '4.08']], 0);
      expect([atOnce, atLast].map((w) => verdictOf('SWMGMT/DLP/10', w))).to.deep.equal(['PASS', 'PASS']);
      const started = sent(
        [
          ['block 1 first', '2.31'],
          ['block 2', '4.08'],
        ],
        0,
      );
      expect(verdictOf('SWMGMT/DLP/11', started)).to.equal('PASS');
    });
    it('is never taken', () => {
      const taken = sent([first, stray, ['block 3', '2.31'], ['block 4', '2.04']], 0);
      const delivered = sent([first, stray, ['block 3', '4.08']], 3);
      expect([taken, delivered].map((w) => verdictOf('SWMGMT/DLP/10', w))).to.deep.equal(['FAIL', 'FAIL']);
      const started = sent(
        [
          ['block 1 first', '2.31'],
          ['block 2', '2.04'],
        ],
        0,
      );
      expect(verdictOf('SWMGMT/DLP/11', started)).to.equal('FAIL');
    });
  });
});
