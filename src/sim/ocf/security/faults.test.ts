import type { Server } from 'node:http';
import { expect } from 'chai';
import type { CborMap } from '../../../ocf/codec/cbor.ts';
import { faultsNamed } from '../faults.ts';
import { SECURITY_FAULTS } from '../faults/security.ts';
import type { Options } from '../options.ts';
import { makePackage, type PackageKind } from '../package.ts';
import { serve } from '../testbench.ts';
import { writeTime } from '../time.ts';
import { type Client, dos, own, SecureBench, take } from './testbed.ts';

const SWU = '/oc/swu';
const PSTAT = '/oic/sec/pstat';
/** Larger than what a check looks at. */
const SIZE = 20_000;

describe('simulated OCF device: security faults', () => {
  let bench: SecureBench;
  let owner: Client;
  let server: Server | undefined;
  let url = '';
  let ranges: (string | undefined)[] = [];
  let paths: string[] = [];

  /** An owned device with the fault, which knows where a package of this kind is. */
  const open = async (name: string, kind: PackageKind = 'ok', options: Partial<Options> = {}): Promise<void> => {
    const [fault] = faultsNamed([name]);
    bench = await SecureBench.open({ security: 'justworks', ...options }, fault?.apply);
    owner = await own(bench);
    const data = makePackage({ kind, version: '5.0.0', size: SIZE });
    ({ url, server } = await serve((request, response) => {
      ranges.push(request.headers.range);
      paths.push(request.url ?? '');
      response.end(data);
    }));
    await update(url);
  };
  const body = (purl: string): CborMap => ({
    purl,
    swupdateaction: 'idle',
    updatetime: writeTime(Math.round(bench.clock.protocolNow() + 3_600_000)),
  });
  const update = async (purl: string): Promise<string> => (await owner.post(SWU, body(purl))).code;
  const tm = async (bits: number): Promise<string> => (await owner.post(PSTAT, { tm: bits })).code;
  const cm = async (): Promise<unknown> => (await owner.get(PSTAT)).map['cm'];
  const rest = (state: string): Promise<void> => bench.rest(state);
  const reach = (state: string): Promise<void> => bench.reach(state);

  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
    ranges = [];
    paths = [];
    await bench.close();
  });

  /** What each fault makes different, by its name. */
  const SHOWN: Readonly<Record<string, () => Promise<void>>> = {
    async 'link-without-secure-endpoint'() {
      const { list } = await owner.ask('clear', 'get', '/oic/res?rt=oic.r.softwareupdate');
      expect(list[0]?.['eps']).to.deep.equal([{ ep: bench.device.url }]);
    },
    async 'clear-update-accepted'() {
      expect((await owner.ask('clear', 'post', SWU, body('http://example.com/x'))).code).to.equal('2.04');
      expect((await owner.ask('clear', 'get', SWU)).code, 'and nothing else').to.equal('4.01');
    },
    async 'clear-retrieve-accepted'() {
      expect((await owner.ask('clear', 'get', SWU)).code).to.equal('2.05');
      expect((await owner.ask('clear', 'post', SWU, body('http://example.com/x'))).code).to.equal('4.01');
    },
    async 'clear-update-stored'() {
      expect((await owner.ask('clear', 'post', SWU, body('http://example.com/x'))).code).to.equal('4.01');
      expect((await owner.get(SWU)).map).to.include({ purl: 'http://example.com/x' });
    },
    async 'access-list-ignored'() {
      await take(owner, [dos(2)]);
      await owner.ask('secure', 'delete', '/oic/sec/acl2');
      await take(owner, [dos(3)]);
      expect((await owner.get(SWU)).code).to.equal('2.05');
      expect(await update('http://example.com/x')).to.equal('2.04');
      expect((await owner.ask('clear', 'get', SWU)).code, 'but not in clear').to.equal('4.01');
    },
    async 'unowned-in-clear'() {
      bench.device.factoryReset();
      expect((await owner.ask('clear', 'get', SWU)).code).to.equal('2.05');
    },
    async 'unowned-update-in-clear'() {
      bench.device.factoryReset();
      expect((await owner.ask('clear', 'post', SWU, body('http://example.com/x'))).code).to.equal('2.04');
    },
    async 'soft-reset-open-to-owner'() {
      await take(owner, [dos(4)]);
      expect((await owner.get(SWU)).code).to.equal('2.05');
      expect((await owner.ask('clear', 'get', SWU)).code).to.equal('4.01');
    },
    async 'soft-reset-open-in-clear'() {
      await take(owner, [dos(4)]);
      expect((await owner.ask('clear', 'get', SWU)).code).to.equal('2.05');
    },
    async 'provisioning-clears-mode'() {
      // At once, when the check that precedes the download still shows idle.
      await tm(64);
      await take(owner, [dos(2), dos(3)]);
      await rest('sva');
      expect(await cm()).to.equal(0);
    },
    async 'provisioning-freezes-mode'() {
      await tm(64);
      await reach('svv');
      await take(owner, [dos(2), dos(3)]);
      await rest('sva');
      expect(await cm()).to.equal(256);
    },
    'tm-256-ignored': () => startsNothing(256),
    'tm-64-ignored': () => startsNothing(64),
    'tm-128-ignored': () => startsNothing(128),
    async 'tm-64-checks-only'() {
      await tm(64);
      await rest('nsa');
    },
    async 'tm-128-validates-only'() {
      await tm(128);
      await rest('sva');
    },
    async 'check-downloads'() {
      await tm(256);
      await rest('nsa');
      expect(ranges).to.deep.equal([undefined]);
    },
    async 'tm-uses-first-purl'() {
      await update(`${url}/second`);
      await tm(256);
      await rest('nsa');
      expect(paths).to.deep.equal(['/p']);
    },
    async 'combined-bits-start'() {
      expect(await tm(192)).to.equal('2.04');
      await rest('sva');
    },
    async 'cm-written'() {
      expect((await owner.post(PSTAT, { cm: 64 })).code).to.equal('2.04');
      expect(await cm()).to.equal(64);
    },
    async 'cm-write-ignored'() {
      expect((await owner.post(PSTAT, { cm: 64 })).code).to.equal('2.04');
      expect(await cm()).to.equal(0);
    },
    'cm-always-0': () => modeAt(256, 'nsa', 0),
    'cm-320-in-nsa': () => modeAt(256, 'nsa', 320),
    'cm-256-in-sva': () => modeAt(64, 'sva', 256),
    async 'cm-128-in-upgrading'() {
      await tm(128);
      await reach('upgrading');
      expect(await cm()).to.equal(128);
    },
    'cm-stays-after-success': () => modeAt(128, 'idle', 448),
    'cm-stays-after-failed-validation': () => modeAt(64, 'idle', 320),
    'cm-stays-after-failed-install': () => modeAt(128, 'idle', 448),
    async 'modes-not-notified'() {
      expect(await notified()).to.deep.equal([0]);
    },
    async 'modes-notified-late'() {
      expect(await notified()).to.deep.equal([0, 0]);
    },
    async 'modes-not-observable'() {
      expect(await notified()).to.deep.equal([]);
    },
  };
  /** What the package of the bench is, where it is not a good one. */
  const KINDS: Readonly<Record<string, PackageKind>> = {
    'cm-stays-after-failed-validation': 'badSignature',
    'cm-stays-after-failed-install': 'failsAtInstall',
  };

  async function startsNothing(bits: number): Promise<void> {
    expect(await tm(bits)).to.equal('2.04');
    expect(bench.device.busy).to.equal(false);
  }
  async function modeAt(bits: number, state: string, expected: number): Promise<void> {
    await tm(bits);
    await rest(state);
    expect(await cm()).to.equal(expected);
  }
  /** Modes that an observer has seen when a check has ended in nsa. */
  async function notified(): Promise<unknown[]> {
    const seen = await owner.observe(PSTAT);
    await tm(256);
    await rest('nsa');
    // The notification was sent before this request is answered.
    expect(await cm()).to.equal(256);
    return seen.map((map) => map['cm']);
  }

  for (const { name, describe } of SECURITY_FAULTS)
    it(`${name}: the device ${describe}`, async () => {
      await open(name, KINDS[name]);
      await SHOWN[name]?.();
    });
  it('each have a test', () => {
    expect(Object.keys(SHOWN).sort()).to.deep.equal(SECURITY_FAULTS.map(({ name }) => name).sort());
  });
  it('are what a right device does not do', async () => {
    bench = await SecureBench.open({ security: 'justworks' });
    owner = await own(bench);
    const data = makePackage({ kind: 'ok', version: '5.0.0' });
    ({ url, server } = await serve((request, response) => {
      ranges.push(request.headers.range);
      response.end(data);
    }));
    await update(url);
    expect(await notified()).to.deep.equal([0, 256]);
    expect(ranges).to.have.length(1);
    expect(ranges[0]).to.be.a('string');
    await modeAt(64, 'sva', 320);
    await tm(128);
    await reach('upgrading');
    expect(await cm()).to.equal(448);
    await rest('idle');
    expect(await cm()).to.equal(0);
    expect((await owner.get(SWU)).map).to.include({ swupdateresult: 1 });
  });
});
