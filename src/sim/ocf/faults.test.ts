import type { Server } from 'node:http';
import { expect } from 'chai';
import type { Fault } from './fault.ts';
import { behaviourOf, FAULTS, faultsNamed } from './faults.ts';
import type { Options } from './options.ts';
import { makePackage, type PackageKind } from './package.ts';
import { serve, Testbench } from './testbench.ts';

/** Purposes that are judged; informative ones need no fault. */
const PURPOSES: Readonly<Record<string, string>> = {
  DISC: '01 03 04 05 06 07',
  READ: '01 02 03 04 05 06 07 08 11',
  UPD: '01 02 03 04 05 06 07 08 09 11 12 13 14 15 16 17 18 20 21',
  TRIG: '01 02 03 04 05 06 07 09 10 11 12 13',
  SCHED: '01 02 03 04 05 06 07 08 13',
  RES: '00 01 02 03 04 05 06 07 08 400 500 503 RANGE',
  OBS: '01 02 03 04 05 06',
  LIFE: '01 02 03 04 05 06',
};
const FUTURE = '2031-01-09T14:30:00Z';
const whole = { purl: 'https://example.com/one', swupdateaction: 'idle', updatetime: FUTURE };

describe('simulated OCF device: faults', () => {
  it('have names of their own in kebab case, and either a case to catch them or an excuse', () => {
    expect(new Set(FAULTS.map(({ name }) => name)).size).to.equal(FAULTS.length);
    for (const { name, violates, caughtBy, excused, describe } of FAULTS) {
      expect(name).to.match(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(violates, name).to.not.be.empty;
      expect(describe, name).to.not.be.empty;
      expect(caughtBy.length > 0, `${name} is caught or excused`).to.equal(excused === undefined);
    }
  });
  it('leave no purpose without a device that is wrong in that way', () => {
    const caught = new Set(FAULTS.flatMap(({ caughtBy }) => caughtBy));
    const wanted = Object.entries(PURPOSES).flatMap(([group, n]) => n.split(' ').map((nn) => `OCFSWU/${group}/${nn}`));
    expect(wanted.filter((id) => !caught.has(id))).to.deep.equal([]);
  });
  it('are found by name, and an unknown one is refused with the nearest', () => {
    expect(behaviourOf(faultsNamed(['two-links', 'put-accepted']))).to.deep.equal({ linkCopies: 2, takesPut: true });
    expect(() => faultsNamed(['result-9-wrong'])).to.throw('result-4-wrong');
  });

  describe('make the device wrong', () => {
    let bench: Testbench;
    let server: Server | undefined;
    let url = '';
    let requests = 0;
    const open = (name: string, more: Partial<Options> = {}): Testbench => {
      const [fault] = faultsNamed([name]) as [Fault];
      const needed = fault.needs?.includes('builtinUrl') === true ? { builtinUrl: url } : {};
      bench = new Testbench({ ...needed, ...more }, fault.apply);
      return bench;
    };
    const offer = async (kind: PackageKind): Promise<void> => {
      const data = makePackage({ kind });
      ({ url, server } = await serve((_, response) => {
        requests += 1;
        response.end(data);
      }));
    };
    const post = (body: object, more: object = {}) => bench.ask({ code: 'POST', body: body as never, ...more });
    const observe = (value: number, token = 1) =>
      bench.must({ token, options: [{ name: 'Observe', value: value === 0 ? Buffer.alloc(0) : Buffer.of(value) }] });
    const notified = () => bench.sent().filter((m) => !m.ack && m.options.some(({ name }) => name === 'Observe'));
    afterEach(() => {
      bench.close();
      server?.close();
      server?.closeAllConnections();
      server = undefined;
      requests = 0;
    });

    const discovery: readonly [string, (links: readonly object[]) => unknown, unknown][] = [
      ['two-links', (links) => links.length, 2],
      ['link-without-baseline', ([link]) => (link as { if: string[] }).if, ['oic.if.rw']],
      ['link-not-observable', ([link]) => (link as { p: object }).p, { bm: 1 }],
      ['link-rt-wrong', ([link]) => (link as { rt: string[] }).rt.length, 2],
    ];
    for (const [name, look, expected] of discovery)
      it(name, async () => {
        const { list } = await open(name).must({ path: '/oic/res', queries: ['rt=oic.r.softwareupdate'] });
        expect(look(list)).to.deep.equal(expected);
      });
    it('foreign-rt-answered', async () => {
      open('foreign-rt-answered');
      expect(await bench.askGroup({ path: '/oic/res', queries: ['rt=x'] })).to.have.length(1);
    });
    it('link-missing', async () => {
      open('link-missing');
      expect((await bench.must({ path: '/oic/res' })).list).to.have.length(3);
      expect(await bench.askGroup({ path: '/oic/res', queries: ['rt=oic.r.softwareupdate'] })).to.deep.equal([]);
    });

    const shown: readonly [string, string, unknown][] = [
      ['without-swupdateresult', 'swupdateresult', undefined],
      ['state-unknown', 'swupdatestate', 'ready'],
      ['result-is-text', 'swupdateresult', '0'],
      ['updatetime-without-zone', 'updatetime', '1970-01-01T00:00:00'],
      ['lastupdate-after-first-update', 'lastupdate', undefined],
      ['signed-by-other', 'signed', 'owner'],
      ['draft-spelling-time', 'updateTime', '1970-01-01T00:00:00Z'],
      ['factory-result-wrong', 'swupdateresult', 1],
      ['rw-shows-common', 'rt', ['oic.r.softwareupdate']],
    ];
    for (const [name, property, value] of shown)
      it(name, async () => expect((await open(name).read())[property]).to.deep.equal(value));
    it('baseline-hides-common', async () => {
      const { map } = await open('baseline-hides-common').must({ queries: ['if=oic.if.baseline'] });
      expect(map).to.not.have.any.keys('rt', 'if');
    });
    it('any-interface', async () => {
      expect((await open('any-interface').must({ queries: ['if=oic.if.a'] })).code).to.equal('2.05');
    });
    it('purl-relative', async () => {
      open('purl-relative');
      await post(whole);
      expect(await bench.read()).to.include({ purl: '/one' });
    });

    const updates: readonly [string, object, string | undefined, object][] = [
      ['update-not-stored', whole, '2.04', { purl: '' }],
      ['update-answer-created', whole, '2.01', { purl: whole.purl }],
      ['partial-clobbers', { purl: whole.purl }, '2.04', { updatetime: '1970-01-01T00:00:00Z' }],
      ['partial-acts', { purl: '', updatetime: FUTURE }, '2.04', { swupdateaction: 'isac' }],
      ['refused-but-stored', { purl: 'coap://h/p' }, '4.00', { purl: 'coap://h/p' }],
      ['unknown-action-accepted', { ...whole, swupdateaction: 'reboot' }, '2.04', { swupdateaction: 'reboot' }],
      ['action-any-case', { ...whole, swupdateaction: 'ISAC' }, '2.04', { swupdateaction: 'isac' }],
      ['action-by-number', { ...whole, swupdateaction: 1 }, '2.04', { swupdateaction: 'isac' }],
      ['draft-action-accepted', { ...whole, swupdateaction: 'isv' }, '2.04', { swupdateaction: 'isvv' }],
      ['read-only-written', { ...whole, swupdatestate: 'sva', nv: '9' }, '2.04', { swupdatestate: 'sva', nv: '9' }],
      ['draft-time-accepted', { purl: '', swupdateaction: 'idle', updateTime: FUTURE }, '2.04', { updatetime: FUTURE }],
      ['bad-time-stored', { ...whole, updatetime: 'soon' }, '2.04', { updatetime: 'soon' }],
      [
        'days-roll-over',
        { ...whole, updatetime: '2031-02-30T00:00:00Z' },
        '2.04',
        { updatetime: '2031-03-02T00:00:00Z' },
      ],
      ['offset-dropped', { ...whole, updatetime: '2031-01-09T14:30:00+02:00' }, '2.04', { updatetime: FUTURE }],
      ['offset-reversed', { ...whole, updatetime: '2031-01-09T12:30:00+02:00' }, '2.04', { updatetime: FUTURE }],
      ['purl-of-64-refused', { ...whole, purl: 'coap://h/'.padEnd(64, 'x') }, '4.00', { purl: '' }],
      [
        'purl-cut-at-64',
        { ...whole, purl: 'coap://h/'.padEnd(70, 'x') },
        '2.04',
        { purl: 'coap://h/'.padEnd(64, 'x') },
      ],
      ['relative-url-succeeds', { ...whole, purl: '/one' }, '2.04', { purl: '/one' }],
      ['builtin-url-refused', { ...whole, purl: '' }, '4.00', {}],
      ['reset-to-first-update', whole, '0.00', { purl: whole.purl }],
    ];
    for (const [name, body, code, after] of updates)
      it(name, async () => {
        open(name);
        expect((await post(body))?.code).to.equal(code);
        expect(await bench.read()).to.include(after);
      });
    it('update-answer-incomplete', async () => {
      open('update-answer-incomplete');
      expect((await post(whole))?.map).to.not.have.property('swupdatestate');
    });
    it('empty-purl-keeps-old', async () => {
      open('empty-purl-keeps-old');
      await post(whole);
      await post({ ...whole, purl: '' });
      expect(await bench.read()).to.include({ purl: whole.purl });
    });
    it('put-accepted, delete-accepted, baseline-post-refused, rw-post-refused', async () => {
      open('put-accepted');
      expect((await bench.ask({ code: 'PUT', body: whole }))?.code).to.equal('2.04');
      open('delete-accepted');
      expect((await bench.ask({ code: 'DELETE' }))?.code).to.equal('2.02');
      open('baseline-post-refused');
      expect((await post(whole, { queries: ['if=oic.if.baseline'] }))?.code).to.equal('4.05');
      open('rw-post-refused');
      expect((await post(whole, { queries: ['if=oic.if.rw'] }))?.code).to.equal('4.05');
      expect((await post(whole))?.code).to.equal('2.04');
    });
    const broken = { code: 'POST', raw: Buffer.of(0x80) };
    it('dies, freezes, accepts and stumbles on a broken body', async () => {
      open('dies-on-broken-body');
      await bench.ask(broken);
      expect(bench.deaths).to.equal(1);
      open('freezes-on-broken-body');
      await bench.ask(broken);
      expect(await bench.ask()).to.equal(undefined);
      bench.powerCut();
      expect(await bench.read()).to.include({ purl: '' });
      open('broken-body-accepted');
      expect((await bench.ask(broken))?.code).to.equal('2.04');
      open('broken-body-server-error');
      expect((await bench.ask(broken))?.code).to.equal('5.00');
    });
    it('silent-after-update', async () => {
      open('silent-after-update');
      expect(await post(whole)).to.equal(undefined);
      expect(await bench.ask()).to.equal(undefined);
      bench.powerCut();
      expect(await bench.read()).to.include({ purl: whole.purl });
    });

    const timed: readonly [string, string, number, boolean][] = [
      ['isac-never-starts', 'isac', 0.2, false],
      ['isvv-never-starts', 'isvv', 0.2, false],
      ['starts-late', 'isac', 0.2, false],
      ['starts-early', 'isac', 300, true],
      ['past-executes', 'isac', -5, true],
      ['idle-executes', 'idle', 0.2, true],
    ];
    for (const [name, action, inS, runs] of timed)
      it(`${name}: ${action} in ${inS} s ${runs ? 'runs' : 'does not run'}`, async () => {
        await offer('ok');
        open(name);
        await bench.update(action, url, inS);
        if (runs) await bench.until('a request', () => requests > 0);
        else await bench.pass(10);
        expect(requests > 0).to.equal(runs);
      });
    it('second-does-not-replace and cancel-ignored', async () => {
      await offer('ok');
      for (const [name, action] of [
        ['second-does-not-replace', 'isac'],
        ['cancel-ignored', 'idle'],
      ] as const) {
        requests = 0;
        open(name);
        await bench.update('isac', url, 4);
        await bench.update(action, url, 600);
        await bench.until(`a request with ${name}`, () => requests > 0);
        bench.close();
      }
    });

    const runs: readonly [string, PackageKind, string, string, number, string][] = [
      ['isac-goes-on', 'ok', 'isac', 'idle', 1, '2.0.0'],
      ['isvv-goes-on', 'ok', 'isvv', 'idle', 1, '2.0.0'],
      ['success-reported-as-idle', 'ok', 'upgrade', 'idle', 0, '2.0.0'],
      ['result-2-wrong', 'tooBigRam', 'isvv', 'idle', 8, '1.0.0'],
      ['result-3-wrong', 'tooBigFlash', 'isvv', 'idle', 8, '1.0.0'],
      ['result-5-wrong', 'badSignature', 'isvv', 'idle', 8, '1.0.0'],
      ['result-8-wrong', 'failsAtInstall', 'upgrade', 'idle', 5, '1.0.0'],
      ['result-out-of-range', 'truncated', 'isvv', 'idle', 99, '1.0.0'],
      ['unverified-installed', 'badSignature', 'upgrade', 'idle', 1, '2.0.0'],
      ['install-failure-hidden', 'failsAtInstall', 'upgrade', 'idle', 1, '1.0.0'],
      ['version-unchanged', 'ok', 'upgrade', 'idle', 1, '1.0.0'],
    ];
    for (const [name, kind, action, state, result, version] of runs)
      it(`${name}: ${action} of ${kind} ends in ${state} with result ${result} and version ${version}`, async () => {
        await offer(kind);
        open(name);
        await bench.update(action, url, 0.2);
        await bench.rest(state);
        expect(await bench.read()).to.include({ swupdateresult: result, swupdatestate: state });
        expect(bench.device.version).to.equal(version);
      });
    it('unsupported-scheme-succeeds and empty-purl-succeeds', async () => {
      for (const [name, purl] of [
        ['unsupported-scheme-succeeds', 'ftp://h/p'],
        ['empty-purl-succeeds', ''],
      ] as const) {
        open(name);
        await bench.update('isvv', purl, 0.2);
        await bench.rest('sva');
        bench.close();
      }
    });
    it('builtin-url-unused', async () => {
      await offer('ok');
      open('builtin-url-unused');
      await bench.update('isac', '', 2);
      await bench.rest('idle');
      expect(await bench.read()).to.include({ swupdateresult: 6 });
    });
    it('lastupdate-unchanged', async () => {
      await offer('ok');
      open('lastupdate-unchanged');
      await bench.update('upgrade', url, 0.2);
      await bench.rest('idle');
      expect(await bench.read()).to.include({ lastupdate: '2020-01-01T00:00:00Z', swupdateresult: 1 });
    });
    it('result-before-state', async () => {
      await offer('ok');
      open('result-before-state');
      await bench.update('upgrade', url, 0.2);
      await bench.waitFor('upgrading');
      expect(await bench.read()).to.include({ swupdatestate: 'upgrading', swupdateresult: 1 });
    });
    it('freezes-in-transfer', async () => {
      await offer('ok');
      open('freezes-in-transfer');
      await bench.update('isvv', url, 0.2);
      await bench.waitFor('svv');
      while ((await bench.ask()) !== undefined);
      bench.powerCut();
      expect(await bench.read()).to.include({ swupdatestate: 'idle', swupdateresult: 4 });
    });
    const cuts: readonly [string, object | undefined][] = [
      ['power-cut-sticks', { swupdatestate: 'svv', swupdateresult: 0 }],
      ['power-cut-reported-as-success', { swupdatestate: 'idle', swupdateresult: 1 }],
      ['power-cut-mixes', { swupdatestate: 'sva', swupdateresult: 1 }],
      ['power-cut-bricks', undefined],
    ];
    for (const [name, after] of cuts)
      it(name, async () => {
        await offer('ok');
        open(name);
        await bench.update('isvv', url, 0.2);
        await bench.waitFor('svv');
        bench.powerCut();
        const answer = await bench.ask();
        if (after === undefined) expect(answer).to.equal(undefined);
        else expect(answer?.map).to.include(after);
      });

    it('not-observable and first-notification-empty', async () => {
      open('not-observable');
      expect((await observe(0)).options.map(({ name }) => name)).to.not.include('Observe');
      open('first-notification-empty');
      expect((await observe(0)).map).to.deep.equal({});
    });
    it('update-not-notified', async () => {
      open('update-not-notified');
      await observe(0);
      await post(whole, { token: 2 });
      expect(notified()).to.deep.equal([]);
    });
    it('states-not-notified and end-not-notified', async () => {
      await offer('ok');
      for (const [name, last] of [
        ['states-not-notified', 'idle'],
        ['end-not-notified', 'upgrading'],
      ] as const) {
        open(name, { confirmEvery: 1000 });
        await observe(0);
        await bench.update('upgrade', url, 0.2);
        await bench.rest('idle');
        expect(notified().at(-1)?.map['swupdatestate'], name).to.equal(last);
        bench.close();
      }
    });
    it('notification-behind, sequence-falls and notifies-twice', async () => {
      open('notification-behind');
      await observe(0);
      await post(whole, { token: 2 });
      expect(notified()[0]?.map).to.include({ purl: '' });
      open('sequence-falls');
      const first = await observe(0);
      await post(whole, { token: 2 });
      const number = (m: { options: readonly { value: Buffer }[] } | undefined) =>
        m?.options[0]?.value.readUInt16BE(0) ?? 0;
      expect(number(notified()[0])).to.equal(number(first) - 1);
      open('notifies-twice');
      await observe(0);
      await post(whole, { token: 2 });
      expect(notified()).to.have.length(2);
    });
    it('notifies-after-deregistration', async () => {
      open('notifies-after-deregistration');
      await observe(0);
      await observe(1);
      await post(whole, { token: 2 });
      expect(notified()).to.have.length(1);
    });
    it('observable-once, even over a power cut', async () => {
      open('observable-once');
      expect((await observe(0)).options.map(({ name }) => name)).to.include('Observe');
      bench.powerCut();
      expect((await observe(0)).options.map(({ name }) => name)).to.not.include('Observe');
    });
  });
});
