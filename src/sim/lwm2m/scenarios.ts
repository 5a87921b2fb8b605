import { encodeContent, FORMAT } from '../../lwm2m/codec/content.ts';
import { until } from '../coap/fake-wire.ts';
import { OPTION, uintOf } from '../coap/message.ts';
import type { Fault } from './fault.ts';
import { faultsNamed } from './faults.ts';
import type { Options } from './options.ts';
import { makePackage, type PackageKind } from './package.ts';
import { Testbench } from './testbench.ts';

const good = makePackage({ kind: 'ok', version: '2.1' });
const LAST = Math.floor((good.length - 1) / 64);
const COMPONENTS = [
  { identity: 'core', version: '1' },
  { identity: 'skin', version: '2' },
];

/** A registered device with this fault. */
export async function openFaulty(name: string, options: Partial<Options> = {}): Promise<Testbench> {
  const [fault] = faultsNamed([name]) as [Fault];
  const bench = new Testbench({ ...fault.needs, ...options }, fault.apply);
  await bench.registered();
  return bench;
}

type Scenario = (bench: Testbench) => Promise<unknown>;
type Row = readonly [name: string, scenario: Scenario, shown: unknown, options?: Partial<Options>];

const text =
  (path: string): Scenario =>
  (bench) =>
    bench.text(path);
const execute =
  (path: string, payload = ''): Scenario =>
  async (bench) => [await bench.execute(path, payload), await bench.sra()];
const after =
  (steps: Scenario, look: Scenario): Scenario =>
  async (bench) => {
    await steps(bench);
    return look(bench);
  };
const deliver =
  (kind: PackageKind = 'ok', sra = '3/0/0', more: object = {}): Scenario =>
  async (bench) => {
    await bench.push(makePackage({ kind, version: '2.1', ...more }));
    await bench.rest(sra);
    return sra;
  };
const install =
  (kind: PackageKind = 'ok', sra = '4/2/0', more: object = {}): Scenario =>
  async (bench) => {
    await deliver(kind, '3/0/0', more)(bench);
    await bench.execute('/9/0/4');
    await bench.rest(sra);
    return sra;
  };
const uri =
  (to: string, sra: string): Scenario =>
  async (bench) => {
    await bench.write('/9/0/3', to);
    await bench.rest(sra);
    return sra;
  };
const links: Scenario = (bench) => Promise.resolve(bench.registrations()[0]?.split(' ')[2]);
const discover: Scenario = async (bench) => (await bench.ask({ path: '/9/0', accept: FORMAT.link })).payload.toString();
const stuck =
  (sra: string): Scenario =>
  async (bench) => {
    await new Promise((resolve) => setTimeout(resolve, 40));
    return (await bench.sra()) === sra;
  };

/** How each fault shows to a raw client: what is done, and what a right device would not show. */
export const ROWS: readonly Row[] = [
  ['name-unreadable', text('/9/0/0'), '4.05'],
  ['version-unreadable', text('/9/0/1'), '4.05'],
  ['instance-unreadable', (bench) => bench.code({ path: '/9/0' }), '4.04'],
  ['package-readable', text('/9/0/2'), 'secret'],
  ['install-readable', text('/9/0/4'), ''],
  ['state-writable', (bench) => bench.write('/9/0/7', '3').then(() => bench.sra()), '3/0/0'],
  ['result-writable', (bench) => bench.write('/9/0/9', '3').then(() => bench.sra()), '0/3/0'],
  [
    'activation-as-integer',
    async (bench) => (await bench.ask({ path: '/9/0/12', accept: FORMAT.senmlJson })).payload.toString(),
    '[{"bn":"/9/0/12","v":0}]',
  ],
  ['states-shifted', (bench) => bench.sra(), '1/0/0'],
  ['firmware-results', install('ok', '4/1/0'), '4/1/0'],
  ['result-55', deliver('badIntegrity', '0/55/0'), '0/55/0'],
  ['instance-unlisted', links, '</1/0>,</3/0>,</9/0>'],
  ['object-version-1-1', links, '</1/0>,</3/0>,</9>;ver=1.1,</9/0>,</9/1>'],
  ['discover-incomplete', async (b) => String(await discover(b)).includes('</9/0/10>'), false],
  ['discover-undeclared', async (b) => String(await discover(b)).includes('</9/0/99>'), true],
  ['name-executable', execute('/9/0/0'), ['2.04', '0/0/0']],
  ['unknown-is-bad-request', (bench) => bench.code({ path: '/9/0/98' }), '4.00'],
  ['any-accept', (bench) => bench.code({ accept: 1542 }), '2.05'],
  ['any-format', (bench) => bench.code({ code: 'put', path: '/9/0/2', format: 1542, payload: 'x' }), '2.04'],
  ['component-link-dangling', after(install('ok', '4/2/0', { components: COMPONENTS }), (b) => linkOf(b)), '14:40'],
  ['tree-length-wrong', after(install('ok', '4/2/0', { components: COMPONENTS }), text('/9/0/18')), '3'],
  ['delivered-becomes-installed', after(deliver(), cut), '4/2/0'],
  ['activation-lost', after(after(install(), execute('/9/0/10')), cut), '4/2/0'],
  ['states-forgotten', after(install(), again), '0/0/0'],
  ['instances-mixed', after(deliver(), (bench) => bench.sra(1)), '3/0/0'],
  [
    'created-copies',
    after(
      deliver(),
      after(create('0002'), (bench) => bench.sra(2)),
    ),
    '3/0/0',
  ],
  ['refused-create-stays', after(badCreate, text('/9/2/7')), '0'],
  [
    'deleted-stays-listed',
    after((bench) => bench.code({ code: 'delete', path: '/9/1' }), after(update, lastLinks)),
    '</1/0>,</3/0>,</9/0>,</9/1>',
  ],
  ['delete-object-removes-all', after((bench) => bench.code({ code: 'delete', path: '/9' }), text('/9/0/7')), '4.04'],
  ['non-acknowledged', async (bench) => (await bench.ask({ type: 'NON' })).type, 'ACK'],
  ['ping-acknowledged', ping, 'ACK'],
  ['critical-ignored', (b) => b.code({ extra: [{ number: 65_001, value: Buffer.of() }] }), '2.05'],
  ['elective-refused', (b) => b.code({ extra: [{ number: 65_000, value: Buffer.of() }] }), '4.02'],

  ['components-unannounced', links, '</1/0>,</3/0>,</9/0>,</9/1>'],
  ['component-version-unreadable', after(install('ok', '4/2/0', { components: COMPONENTS }), text('/14/0/2')), '4.05'],
  ['formats-differ', async (bench) => [await bench.text('/9/0/7'), await bench.sra()], ['1', '0/0/0']],
  ['create-overwrites', create('0001'), '2.01'],
  [
    'never-registers-again',
    async (bench) => {
      bench.server = 'forgetful';
      await update(bench);
      await stuck('0/0/0')(bench);
      return bench.registrations().length;
    },
    2,
  ],
  ['busy-refuses', after(blocks0, (bench) => bench.code({})), '4.05'],
  ['failure-is-final', after(deliver('badIntegrity', '0/53/0'), (bench) => bench.push(good)), '4.05'],
  ['delivered-result-2', deliver('ok', '3/2/0'), '3/2/0'],
  ['install-without-effect', after(deliver(), after(execute('/9/0/4'), stuck('3/0/0'))), true],
  ['installer-activates', install('ok', '4/2/1'), '4/2/1'],
  ['uninstall-result-2', after(install(), after(execute('/9/0/6'), rest('0/2/0'))), '0/2/0'],
  ['uninstall-during-pull-delivers', after(blocks0, execute('/9/0/6')), ['2.04', '3/1/0']],

  ['jumps-to-installed', deliver('ok', '4/2/0'), '4/2/0'],
  ['stays-downloaded', after(deliver('ok', '2/0/0'), stuck('2/0/0')), true],
  ['result-kept', after(deliver('badIntegrity', '0/53/0'), deliver('ok', '3/53/0')), '3/53/0'],
  ['integrity-unchecked', deliver('badIntegrity'), '3/0/0'],
  ['second-package-taken', after(deliver(), after(deliver('ok', '3/0/0', { version: '3.0' }), text('/9/0/1'))), '3.0'],
  ['gap-accepted', blocks([0, LAST], '3/0/0'), '3/0/0'],
  ['starts-in-the-middle', (bench) => bench.block(good, 1, 2), '2.31'],
  ['repeated-block-appended', after(repeatedBlock, rest('0/54/0')), '0/54/0'],
  ['retransmitted-block-refused', repeatedBlock, '4.08'],
  ['no-restart', after(blocks([0, 1], '1/1/0'), (bench) => bench.block(good, 0, 2)), '4.08'],
  ['never-gives-up', after(blocks([0], '1/1/0'), stuck('1/1/0')), true, { pushGiveUpMs: 1000 }],
  ['empty-package-delivered', async (b) => [await b.push(Buffer.alloc(0)), await rest('3/0/0')(b)], ['2.04', '3/0/0']],
  [
    'no-format-lost',
    async (b) => [await b.code({ code: 'put', path: '/9/0/2', payload: good }), await b.sra()],
    ['2.04', '0/0/0'],
  ],
  ['large-blocks-refused', (bench) => bench.pushBlocks(good, 6), '4.00'],
  ['tlv-header-stored', (b) => b.push(good, 0, FORMAT.tlv).then(() => rest('0/54/0')(b)), '0/54/0'],
  ['wrong-type-as-integrity', deliver('wrongType', '0/53/0'), '0/53/0'],
  ['too-large-as-57', deliver('tooBig', '1/57/0'), '1/57/0'],
  ['uri-ignored', after(uri('coap://127.0.0.1:9/p', '0/0/0'), stuck('0/0/0')), true],
  ['second-protocol-ignored', after(uri('http://127.0.0.1:9/p', '0/0/0'), stuck('0/0/0')), true],
  ['pull-invisible', uri('coap://127.0.0.1:9/p', '0/0/0'), '0/0/0'],
  ['uri-error-sticks', after(uri('nonsense', '1/1/0'), stuck('1/1/0')), true],
  ['unreachable-sticks', after(uri('coap://127.0.0.1:9/p', '1/1/0'), stuck('1/1/0')), true, { stallMs: 1000 }],
  ['invalid-uri-as-52', uri('nonsense', '0/52/0'), '0/52/0'],
  ['unknown-host-as-53', uri('coap://none.invalid/p', '0/53/0'), '0/53/0'],
  ['gives-up-at-once', uri('coap://127.0.0.1:9/p', '0/52/0'), '0/52/0'],
  ['uri-cut', uri(`coap://none.invalid/${'x'.repeat(120)}`.padEnd(200, 'y'), '0/56/0'), '0/56/0'],
  ['long-uri-refused', (b) => b.write('/9/0/3', 'coap://none.invalid/'.padEnd(255, 'x')), '4.00'],
  [
    'pull-blocked-after-push',
    after(deliver('badIntegrity', '0/53/0'), after(uri('coap://none.invalid/p', '0/53/0'), stuck('0/53/0'))),
    true,
  ],
  ['second-breaks-first', after(deliver(), (b) => b.push(good, 1).then(() => b.sra(0))), '0/57/0'],
  ['storage-leaks', after(cycles(1), deliver('ok', '0/50/0')), '0/50/0'],

  ['install-in-initial', execute('/9/0/4'), ['2.04', '4/2/0']],
  ['install-during-download', after(blocks([0], '1/1/0'), execute('/9/0/4')), ['2.04', '4/2/0']],
  ['install-again', after(install(), execute('/9/0/4')), ['2.04', '4/2/0']],
  ['failed-install-initial', install('failsAtInstall', '0/58/0'), '0/58/0'],
  ['failed-install-as-57', install('failsAtInstall', '3/57/0'), '3/57/0'],
  ['failed-package-lost', after(install('failsAtInstall', '3/58/0'), execute('/9/0/6')), ['4.05', '3/58/0']],
  ['version-empty-after-install', after(install(), text('/9/0/1')), ''],
  ['name-and-version-kept', after(cycles(1), after(deliver('ok', '3/0/0', { version: '9' }), text('/9/0/1'))), '2.1'],
  ['execute-repeated', after(deliver(), repeated('/9/0/4', '4/2/0')), ['2.04', '4.05']],
  ['uninstall-repeated', after(install(), repeated('/9/0/6', '0/0/0')), ['2.04', '4.05']],
  ['dies-on-install-argument', after(deliver(), silentAfter('/9/0/4', '1')), true],
  ['dies-on-text-argument', after(install(), silentAfter('/9/0/6', 'text')), true],
  [
    'result-lost-at-reboot',
    after(
      deliver(),
      after(
        (b) => b.execute('/9/0/4'),
        after(back, (b) => b.sra()),
      ),
    ),
    '4/0/0',
  ],
  ['supported-objects-ignored', newObjects('1'), 1],
  ['supported-objects-always', newObjects('0'), 2],
  [
    'brought-objects-untold',
    after(newObjects('1'), (b) => Promise.resolve(/33000/.test(String(b.registrations())))),
    false,
  ],
  ['uninstall-without-effect', after(install(), after(execute('/9/0/6'), stuck('4/2/0'))), true],
  ['uninstall-refuses-argument', after(install(), execute('/9/0/6', '0')), ['4.00', '4/2/0']],
  ['uninstall-keeps-activation', after(active, after(execute('/9/0/6'), rest('0/0/1'))), '0/0/1'],
  [
    'for-update-forgets',
    after(install(), after(execute('/9/0/6', '1'), after(rest('0/0/0'), deliver('ok', '0/57/0')))),
    '0/57/0',
  ],
  [
    'uninstall-keeps-result',
    after(install('failsAtInstall', '3/58/0'), after(execute('/9/0/6'), rest('0/58/0'))),
    '0/58/0',
  ],
  ['uninstall-initial-delivers', execute('/9/0/6'), ['2.04', '3/0/0']],
  ['for-update-installs', after(deliver(), execute('/9/0/6', '1')), ['2.04', '4/2/0']],
  ['failed-uninstall-initial', after(install('failsAtUninstall'), after(execute('/9/0/6'), rest('0/0/0'))), '0/0/0'],
  ['install-after-uninstall', after(cycles(1), execute('/9/0/4')), ['2.04', '0/0/0']],
  ['activate-without-effect', after(install(), execute('/9/0/10')), ['2.04', '4/2/0']],
  ['activate-early', execute('/9/0/10'), ['2.04', '0/0/1']],
  ['activate-in-delivered', after(deliver(), execute('/9/0/10')), ['2.04', '3/0/1']],
  ['activate-toggles', after(active, execute('/9/0/10')), ['2.04', '4/2/0']],
  ['failed-activation-shown', after(install('failsAtActivation'), execute('/9/0/10')), ['5.00', '4/2/1']],
  ['deactivate-changes-state', after(active, execute('/9/0/11')), ['2.04', '3/2/0']],
  ['deactivate-anywhere', execute('/9/0/11'), ['2.04', '0/0/0']],
  ['deactivate-inverts', after(install(), execute('/9/0/11')), ['2.04', '4/2/1']],
  [
    'component-activates-all',
    after(
      install('ok', '4/2/0', { components: COMPONENTS }),
      after((b) => b.execute('/14/0/3'), text('/14/1/5')),
    ),
    '1',
  ],
  [
    'component-in-delivered',
    after(deliver('ok', '3/0/0', { components: COMPONENTS }), (b) => b.execute('/14/0/3')),
    '2.04',
  ],
  [
    'components-stay',
    after(install('ok', '4/2/0', { components: COMPONENTS }), after(remove, text('/14/0/0'))),
    'core',
  ],
  [
    'dropped-object-stays',
    after(install('ok', '4/2/0', { objects: [33_000] }), after(remove, text('/33000/0/0'))),
    'brought by software',
  ],
  ['no-notifications', after(observe('/9/0/7'), after(deliver(), values)), []],
  ['state-not-notified', after(observe('/9/0/7'), after(deliver(), values)), []],
  ['activation-not-notified', after(observe('/9/0/12'), after(active, values)), []],
  [
    'activation-not-observable',
    async (b) => uintOf(await b.ask({ path: '/9/0/12', observe: 0 }), OPTION.observe),
    undefined,
  ],
  ['notification-differs', after(observe('/9/0/7'), after(deliver(), values)), ['2', '3', '4']],
  ['notifications-lag', after(observe('/9/0/7'), after(deliver(), values)), ['0', '1', '2']],
  ['pmax-once', after(attributes('pmax=1'), after(observe('/9/0/7'), after(stuck('0/0/0'), values))), ['0']],
  ['pmax-own-period', after(attributes('pmax=1'), after(observe('/9/0/7'), after(stuck('0/0/0'), values))), []],
  ['observe-number-falls', after(observe('/9/0/7'), after(deliver(), numbers)), [999, 998, 997]],
  ['pmin-ignored', after(attributes('pmin=1000'), after(observe('/9/0/7'), after(deliver(), values))), ['1', '2', '3']],
  ['pmax-ignored', after(attributes('pmax=1'), after(observe('/9/0/7'), after(stuck('0/0/0'), values))), []],
  ['attributes-hidden', after(attributes('pmin=1'), async (b) => String(await discover(b)).includes('pmin')), false],
  ['notifies-after-cancel', after(observe('/9/0/7'), after(cancel, after(deliver(), values))), ['1', '2', '3']],
  ['notifies-after-reset', after(observe('/9/0/7'), after(reset, after(deliver(), values))), ['1', '2', '3']],
  ['failures-unnotified', after(observe('/9/0/9'), after(deliver('badIntegrity', '0/53/0'), values)), ['1', '0']],
  ['instance-notifies-state-only', after(install(), after(observe('/9/0'), after(execute('/9/0/10'), values))), []],
];

function blocks0(bench: Testbench): Promise<string> {
  return bench.block(good, 0, 2);
}
function rest(sra: string): Scenario {
  return async (bench) => {
    await bench.rest(sra);
    return sra;
  };
}
async function linkOf(bench: Testbench): Promise<string> {
  const { payload } = await bench.ask({ path: '/9/0/17', accept: FORMAT.senmlJson });
  return (JSON.parse(payload.toString()) as { vlo: string }[])[0]?.vlo ?? '';
}
async function cut(bench: Testbench): Promise<string> {
  await bench.powerCut();
  return bench.sra();
}
async function back(bench: Testbench): Promise<void> {
  const before = bench.registrations().length;
  await until('another registration', () => bench.registrations().length > before);
  await bench.registered();
}
async function again(bench: Testbench): Promise<string> {
  bench.device.register();
  await back(bench);
  return bench.sra();
}
async function update(bench: Testbench): Promise<void> {
  bench.device.update();
  await until('an update', () => bench.registrations().length === 2);
}
function lastLinks(bench: Testbench): Promise<unknown> {
  return Promise.resolve(bench.registrations().at(-1)?.split(' ')[2]);
}
function create(hex: string): Scenario {
  return (bench) => bench.code({ code: 'post', path: '/9', format: FORMAT.tlv, payload: Buffer.from(hex, 'hex') });
}
function badCreate(bench: Testbench): Promise<string> {
  const value = { type: 'String' as const, value: 'no uri' };
  const payload = encodeContent(FORMAT.senmlJson, [], [{ path: [9, 2, 3], value }]);
  return bench.code({ code: 'post', path: '/9', format: FORMAT.senmlJson, payload });
}
async function ping(bench: Testbench): Promise<string | undefined> {
  const start = bench.wire.sent.length;
  bench.wire.arrive(Buffer.from('40000102', 'hex'), { address: '127.0.0.1', port: 40_000 });
  await until('an answer to the ping', () => bench.wire.sent.length > start);
  return bench.sent()[start]?.type;
}
function blocks(order: readonly number[], sra: string): Scenario {
  return async (bench) => {
    for (const num of order) await bench.block(good, num, 2);
    await bench.rest(sra);
    return sra;
  };
}
async function repeatedBlock(bench: Testbench): Promise<string> {
  await bench.block(good, 0, 2, { mid: 902 });
  const code = await bench.block(good, 0, 2, { mid: 902 });
  if (code === '2.31') for (let num = 1; num * 64 < good.length; num++) await bench.block(good, num, 2);
  return code;
}
function repeated(path: string, sra: string): Scenario {
  return async (bench) => {
    const ask = { code: 'post' as const, path, mid: 903 };
    const first = await bench.code(ask);
    await bench.rest(sra);
    return [first, await bench.code(ask)];
  };
}
function silentAfter(path: string, payload: string): Scenario {
  return async (bench) => (await bench.silent({ code: 'post', path, payload })) && bench.silent({});
}
async function remove(bench: Testbench): Promise<void> {
  await bench.execute('/9/0/6');
  await bench.rest('0/0/0');
}
async function active(bench: Testbench): Promise<void> {
  await install()(bench);
  await bench.execute('/9/0/10');
}
function cycles(count: number): Scenario {
  return async (bench) => {
    for (let i = 0; i < count; i++) await after(install(), remove)(bench);
  };
}
function newObjects(flag: string): Scenario {
  return async (bench) => {
    await bench.write('/9/0/8', flag);
    await install('ok', '4/2/0', { objects: [33_000] })(bench);
    return bench.registrations().length;
  };
}
function observe(path: string): Scenario {
  return (bench) => bench.ask({ path, observe: 0 });
}
function cancel(bench: Testbench): Promise<unknown> {
  return bench.ask({ path: '/9/0/7', observe: 1 });
}
async function reset(bench: Testbench): Promise<void> {
  await bench.push(makePackage({ kind: 'badIntegrity' }));
  await bench.rest('0/53/0');
  const notification = bench.notified()[0];
  const mid = Buffer.alloc(2);
  mid.writeUInt16BE(notification?.mid ?? 0);
  bench.wire.arrive(Buffer.concat([Buffer.from('7000', 'hex'), mid]), { address: '127.0.0.1', port: 40_000 });
  bench.wire.sent.length = 0;
}
function values(bench: Testbench): Promise<unknown> {
  return Promise.resolve(bench.notified().map(({ payload }) => payload.toString()));
}
function numbers(bench: Testbench): Promise<unknown> {
  return Promise.resolve(bench.notified().map((m) => uintOf(m, OPTION.observe)));
}
function attributes(query: string): Scenario {
  return (bench) => bench.code({ code: 'put', path: '/9/0/7', queries: [query] });
}
