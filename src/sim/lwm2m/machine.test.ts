import { expect } from 'chai';
import { RESULT, STATE } from '../../lwm2m/codec/swmgmt.ts';
import { choicesOf } from './instance.ts';
import { type Choices, type Event, FACTORY, type Machine, next, TRANSITIONS } from './machine.ts';
import { presetOptions, readOptions } from './options.ts';
import { inspect, makePackage, PACKAGE_KINDS, type PackageKind } from './package.ts';

const ROOM = { storage: 65_536, ram: 65_536 };

describe('simulated LwM2M client: machine', () => {
  const choices: Choices = choicesOf(presetOptions(), {});
  const at = (state: number, result = 0, active = false): Machine => ({ state, result, active });
  const show = (m: Machine | undefined): string =>
    m === undefined ? 'nothing' : `${m.state}/${m.result}/${Number(m.active)}`;

  const rows: readonly [Machine, Event, number, string][] = [
    [at(0), 'begin', 0, '1/1/0'],
    [at(0, 53), 'begin', 0, '1/1/0'],
    [at(0), 'unfetchable', 56, '0/56/0'],
    [at(1, 1), 'complete', 0, '2/0/0'],
    [at(1, 1), 'broken', 52, '0/52/0'],
    [at(2), 'verified', 0, '3/0/0'],
    [at(2), 'rejected', 53, '0/53/0'],
    [at(3), 'installed', 0, '4/2/0'],
    [at(3), 'installFailed', 0, '3/58/0'],
    [at(3, 58), 'installed', 0, '4/2/0'],
    [at(3, 58), 'uninstalled', 0, '0/0/0'],
    [at(4, 2, true), 'uninstalled', 0, '0/0/0'],
    [at(4, 2, true), 'uninstallFailed', 0, '4/59/1'],
    [at(4, 2), 'activated', 0, '4/2/1'],
    [at(4, 2), 'activationFailed', 0, '4/2/0'],
    [at(4, 2, true), 'deactivated', 0, '4/2/0'],
    [at(1, 1), 'boot', 0, '0/52/0'],
    [at(0), 'complete', 0, 'nothing'],
    [at(0), 'activated', 0, 'nothing'],
    [at(3), 'activated', 0, 'nothing'],
    [at(3), 'begin', 0, 'nothing'],
    [at(4, 2, true), 'boot', 0, 'nothing'],
  ];
  for (const [from, event, given, to] of rows)
    it(`makes ${to} of ${event} in ${show(from)}`, () => expect(show(next(from, event, choices, given))).to.equal(to));

  const variants: readonly [Partial<Record<string, string>>, Machine, Event, string][] = [
    [{ delivered: '3' }, at(2), 'verified', '3/3/0'],
    [{ installActivates: 'yes' }, at(3), 'installed', '4/2/1'],
    [{ uninstallDelivered: 'keep' }, at(3, 58), 'uninstalled', '0/58/0'],
    [{ uninstallFailure: 'same' }, at(4, 2), 'uninstallFailed', '4/2/0'],
    [{ activationFailureResult: '57' }, at(4, 2), 'activationFailed', '4/57/0'],
    [{ persist: 'no' }, at(4, 2, true), 'boot', '0/0/0'],
  ];
  for (const [changes, from, event, to] of variants)
    it(`with ${JSON.stringify(changes)} makes ${to} of ${event} in ${show(from)}`, () => {
      const options = readOptions(Object.entries(changes).map(([name, value]) => `${name}=${value}`));
      expect(show(next(from, event, choicesOf(options, {})))).to.equal(to);
    });

  it('is alive in INSTALLED only, and reaches every state from the factory', () => {
    const reached = new Set([FACTORY.state]);
    for (const _ of TRANSITIONS) for (const { from, to } of TRANSITIONS) if (reached.has(from)) reached.add(to);
    expect([...reached].sort((a, b) => a - b)).to.deep.equal(Object.values(STATE));
    for (const { to, active } of TRANSITIONS) if (active !== undefined) expect(to).to.equal(STATE.INSTALLED);
  });
});

describe('simulated LwM2M client: packages', () => {
  const outcomes: Readonly<Record<PackageKind, number>> = {
    ok: 0,
    slowCheck: 0,
    badIntegrity: RESULT.INTEGRITY_FAILED,
    wrongType: RESULT.UNSUPPORTED_TYPE,
    tooBig: RESULT.NO_STORAGE,
    tooBigRam: RESULT.NO_MEMORY,
    failsAtInstall: 0,
    failsAtUninstall: 0,
    failsAtActivation: 0,
  };
  for (const kind of Object.keys(PACKAGE_KINDS) as PackageKind[])
    it(`finds ${outcomes[kind]} in a package of kind ${kind}`, () => {
      const found = inspect(makePackage({ kind }), ROOM);
      expect(found.ok ? 0 : found.result).to.equal(outcomes[kind]);
    });
  it('fits in one datagram, is the same for the same order, and takes no other octets', () => {
    const data = makePackage({ kind: 'ok' });
    expect(data.length).to.be.below(1024);
    expect(makePackage({ kind: 'ok' })).to.deep.equal(data);
    for (const cut of [data.subarray(0, -1), data.subarray(1), Buffer.alloc(0), Buffer.from('null\nx')])
      expect(inspect(cut, ROOM).ok).to.equal(false);
  });
  it('names the option and the value that it cannot use', () => {
    expect(() => readOptions(['delivered=7', 'storage=x', 'colour=red'])).to.throw(
      /delivered=7.*0 or 3[^]*storage=x[^]*colour=red/,
    );
  });
});
