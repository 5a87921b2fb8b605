import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DriveEnd } from '../core/case.ts';
import { BenchError, InputError, messageOf } from '../core/errors.ts';
import type { Layout, Value } from '../core/layout/layout.ts';
import { hexNumber } from '../core/layout/names.ts';
import type { Bench } from '../core/standard.ts';
import { openBle } from '../link/ble/open.ts';
import { BENCH_GROUP, newNetwork, type NodeRecord, readNetwork, writeNetwork } from './bench/network.ts';
import { GATT_MS, reachOf } from './bench/reach.ts';
import { rigEntries } from './bench/rigEntries.ts';
import { controlOf } from './bench/control.ts';
import { labelsOn } from './bench/labels.ts';
import { oobHelper } from './bench/oob.ts';
import { progressOf } from './bench/progress.ts';
import { playDistributor, playTarget, type TargetSetting } from './bench/targets.ts';
import { type FirmwareWeb, firmwareWeb } from './bench/web.ts';
import { clearer } from './bench/clear.ts';
import { modelIds } from './codec/enums.ts';
import { encodeMessage, type MessageType } from './codec/message.ts';
import { defaultTtlGet } from './codec/messages/configuration.ts';
import { type Composition, configureNode, elementsWith, readComposition } from './model/configureNode.ts';
import { type Answer, requestRaw, setFilter } from './stack/exchange.ts';
import { KeyRing } from './stack/keyRing.ts';
import { MeshStack } from './stack/meshStack.ts';
import { pause } from './stack/bell.ts';
import { scaledSarTiming, testerSarTiming } from './stack/sarTiming.ts';
import { fileStore } from './stack/stateStore.ts';
import { realTimers } from './stack/timers.ts';
import type { AskOptions, Internals, MeshTester, Role } from './tester.ts';

/** Unicast addresses of the tester: its own, and those of the targets that it plays. */
export const TESTER_ELEMENTS = [1, 2, 3, 4, 5, 6, 7, 8] as const;

const APP = { app: 0 } as const;
const DEFAULT_TTL = 5;
/** Never again before the whole time is over; in segments, so that it need not be. */
const ONCE = ({ withinMs }: { withinMs: number }): { retryMs: number; segmented: true } => ({
  retryMs: withinMs,
  segmented: true,
});
const FILTER_TRIES = 5;
const ACCEPT_LIST = 0;

const MODELS: Readonly<Record<Role, number>> = {
  update: modelIds.FIRMWARE_UPDATE_SERVER,
  distribution: modelIds.FIRMWARE_DISTRIBUTION_SERVER,
  'update client': modelIds.FIRMWARE_UPDATE_CLIENT,
  'distribution client': modelIds.FIRMWARE_DISTRIBUTION_CLIENT,
};
const BOUND = [modelIds.BLOB_TRANSFER_SERVER, modelIds.BLOB_TRANSFER_CLIENT, ...Object.values(MODELS)] as const;

/** What a rig answers while a device restarts or moves away. */
const LINK_CODES = /^(ble-gone|ble-deadline|ble-connect|mesh-link|mesh-gatt)$/;

/** Opens the adapter and makes the mesh tester; the device is reached when something first needs it. Rejects with a BenchError that names the port. */
export async function openTester(bench: Bench): Promise<MeshTester> {
  const { timing } = bench;
  const entries = rigEntries(bench);
  const link = await openBle(entries.ble, { sink: bench.events, channel: 'ble', deadlineMs: GATT_MS });
  const file = join(bench.stateDir, 'network.json');
  const { known } = entries;
  const network =
    known === undefined
      ? (readNetwork(file) ?? newNetwork())
      : {
          ...newNetwork(),
          netKey: known.netKey,
          appKey: known.appKey,
          node: { uuid: entries.uuid ?? '', address: known.address, deviceKey: known.deviceKey, elements: 1 },
        };
  if (known === undefined) writeNetwork(file, network);
  const control = controlOf(bench, timing.real({ timer: 'reply', times: 3 }));
  const helper = entries.helper && oobHelper(entries.helper, bench, control);
  const reach = reachOf(bench, link, entries, file, network, helper);

  const labels = labelsOn(
    bench.events,
    (address) => typeof address === 'number' && (played.has(address) || retired.has(address)),
  );
  const events = labels.sink;
  const keys = new KeyRing(Buffer.from(network.netKey, 'hex'));
  keys.addAppKey(APP.app, Buffer.from(network.appKey, 'hex'));
  const addNode = (node: NodeRecord): void =>
    keys.addNode(node.address, Math.max(node.elements, TESTER_ELEMENTS.length), Buffer.from(node.deviceKey, 'hex'));
  if (network.node !== undefined) addNode(network.node);
  const factor = timing.factors.link;
  const sar = scaledSarTiming(testerSarTiming, factor);
  const stack = new MeshStack({
    keys,
    elements: TESTER_ELEMENTS,
    store: fileStore(join(bench.stateDir, 'sequence.json')),
    iv: { ivIndex: known?.ivIndex ?? 0, updating: false },
    sink: events,
    timers: realTimers,
    sar: entries.segmentAckMs === undefined ? sar : { ...sar, unicastIntervalMs: entries.segmentAckMs * factor },
    defaultTtl: DEFAULT_TTL,
    proxyReassemblyMs: timing.real('reassembly'),
  });
  const progress = progressOf();
  stack.onReceive((received) => {
    if (received.dst !== stack.primary) progress.note(received);
  });
  const deadline = { withinMs: timing.real('reply'), retryMs: timing.real('retry') };

  let composition: Composition | undefined;
  const nodeAddress = (): number => {
    const address = reach.network().node?.address;
    if (address === undefined) throw new BenchError('mesh-node', 'the device is no node of this network');
    return address;
  };
  /** Proves keys, IV index and sequence numbers, and lets our addresses pass. */
  const openFilter = async (): Promise<void> => {
    for (let tries = 0; tries < FILTER_TRIES; tries++) {
      const status = await setFilter(stack, ACCEPT_LIST, [...TESTER_ELEMENTS, BENCH_GROUP], timing.real('filter'));
      if (status.kind === 'filter status') return;
    }
    throw new BenchError(
      'mesh-filter',
      'the proxy does not answer: its keys are not ours, or our sequence numbers are used up for it. Reset the device, and delete the state of the rig',
    );
  };
  /** A connection there is, and the device knows our AppKey. */
  const ensure = async (): Promise<void> => {
    if (!stack.connected) {
      const bearer = await reach.connect((node) => {
        addNode(node);
        composition = undefined;
      });
      stack.attach(bearer);
      await openFilter();
      events.append({ channel: 'mesh', type: 'mesh.link', data: { node: hexNumber(nodeAddress(), 4) } });
    }
    if (composition !== undefined) return;
    const ready = await configureNode(
      stack,
      {
        node: nodeAddress(),
        netKeyIndex: 0,
        appKeyIndex: APP.app,
        appKey: Buffer.from(reach.network().appKey, 'hex'),
        bind: BOUND.map((model) => ({ model })),
        subscribe: [],
        defaultTtl: DEFAULT_TTL,
      },
      deadline,
    );
    if (ready.kind === 'refused')
      throw new BenchError('mesh-configuration', `the device was not configured: ${ready.step}: ${ready.why}`);
    composition = ready.composition;
  };
  /** The connection is given up; whatever needs the device makes a new one. */
  const leave = async (): Promise<void> => {
    stack.detach();
    await reach.disconnect();
  };
  /** Does it again over a new connection where the device has dropped the old one. */
  const overLink = async <V>(work: () => Promise<V>): Promise<V> => {
    for (let tries = 0; ; tries++) {
      await ensure();
      try {
        return await work();
      } catch (e) {
        if (!(e instanceof BenchError) || !LINK_CODES.test(e.code) || tries > 0) throw e;
        await leave();
      }
    }
  };

  const question = async <R extends Layout>(
    text: string,
    to: number,
    pdu: Buffer,
    reply: MessageType<R>,
    o: AskOptions & { readonly retryMs?: number },
  ): Promise<Value<R> | undefined> => {
    labels.count();
    const answer: Answer<Value<R>> = await overLink(() =>
      labels.during(text, () =>
        requestRaw(stack, pdu, reply, { to, key: APP, ...deadline, ...o, ...(o.once && ONCE(deadline)) }),
      ),
    );
    if (answer.kind === 'silence') return undefined;
    // Over a connection that was lost the question may have arrived, too.
    const data = { label: text, tries: Math.max(answer.tries, labels.count()) };
    events.append({ channel: 'mesh', type: 'mesh.answer', dir: 'in', via: answer.received.n, data });
    return answer.kind === 'reply' ? answer.value : undefined;
  };
  const owed = <V>(value: V | undefined, text: string): V => {
    if (value === undefined) throw new DriveEnd(`no answer that can be read to "${text}"`);
    return value;
  };
  const element = (role: Role): number => {
    const found = composition && elementsWith(composition, nodeAddress(), { model: MODELS[role] })[0];
    if (found === undefined) throw new DriveEnd(`no element of the device has the model ${hexNumber(MODELS[role], 4)}`);
    return found;
  };
  const tellRaw: MeshTester['tellRaw'] = async (text, to, pdu) => {
    const delivery = await overLink(() =>
      labels.during(text, () => stack.sendAccess(pdu, { to, key: APP, segmented: true })),
    );
    if (delivery.kind === 'failed') throw new DriveEnd(`"${text}" was not delivered: ${delivery.reason}`);
    events.append({ channel: 'mesh', type: 'mesh.told', dir: 'out', raw: pdu, data: { label: text, dst: to } });
  };
  const power = (): NonNullable<Bench['power']> => {
    if (bench.power === undefined) throw new DriveEnd('this rig has no power switch');
    return bench.power;
  };

  const tester: Omit<MeshTester, 'internals'> = {
    element,
    composition: () => owed(composition, 'Composition Data'),
    node: nodeAddress,
    ask: async (text, to, type, value, o = {}) => {
      if (type.reply === undefined) throw new DriveEnd(`${type.name} has no answer`);
      return owed(await question(text, to, encodeMessage(type, value), type.reply, o), text);
    },
    askRaw: async (text, to, pdu, reply, o = {}) => owed(await question(text, to, pdu, reply, o), text),
    tell: (text, to, type, value) => tellRaw(text, to, encodeMessage(type, value)),
    tellRaw,
    async poll(text, to, type, value, fits, limit) {
      const { reply } = type;
      if (reply === undefined) throw new DriveEnd(`${type.name} has no answer`);
      let end = realTimers.now() + timing.real(limit);
      let before = '';
      // What is asked again anyway is repeated no later: on a rig with scaled times a lost question would leave the device unwatched for long.
      const retryMs = Math.min(deadline.retryMs, timing.real('pollInterval'));
      for (;;) {
        const seen = await question(text, to, encodeMessage(type, value), reply, { retryMs });
        if (seen !== undefined && fits(seen)) return seen;
        const shown = JSON.stringify(seen) ?? '';
        if (limit.of === 'no-progress' && shown !== before) end = realTimers.now() + timing.real(limit);
        before = shown;
        if (realTimers.now() >= end) return undefined;
        await pause(realTimers, timing.real('pollInterval'));
      }
    },
    async readComposition(text, page) {
      const read = await overLink(() =>
        labels.during(text, () => readComposition(stack, nodeAddress(), page, deadline)),
      );
      return read.kind === 'composition' && read.page === page ? read.composition : undefined;
    },
    async look(text, limit) {
      await leave();
      const found = await reach.look(timing.real(limit));
      events.append({ channel: 'mesh', type: 'mesh.looked', data: { label: text, shows: found?.shows ?? null } });
      return found?.shows;
    },
    stack: () => stack,
    octets(name) {
      const text = bench.ixit.text(name);
      if (!text.startsWith('file:')) return Buffer.from(text, 'hex');
      const path = text.slice('file:'.length);
      try {
        return readFileSync(path);
      } catch (e) {
        const message = `IXIT ${name} cannot be read: ${messageOf(e)}`;
        throw new InputError('ixit-file', message, { place: { file: path }, cause: e });
      }
    },
    blobId: () => randomBytes(8).toString('hex'),
    target(address, changes = {}) {
      const made = playTarget(stack, address, changes, playing());
      play(address, made);
      return made;
    },
    distributor(address) {
      const made = playDistributor(stack, address, playing());
      play(address, made);
      return made;
    },
    async say(verb, values = {}) {
      bench.events.append({ channel: 'mesh', type: 'mesh.say', data: { verb } });
      await ensure();
      await control.say(verb, values);
    },
    heard: () => progress.heard(),
    offer: async (scheme, offered) => (await web()).offer(scheme, offered),
    nobody: async (scheme) => (await web()).nobody(scheme),
    async off() {
      await power().off();
      await leave();
    },
    on: () => power().on(),
    declared: (item) => bench.declared(item),
    real: (limit) => timing.real(limit),
  };

  const playing = (): TargetSetting => ({
    scale: timing.factors.protocol,
    tickMs: timing.real('pollInterval'),
    newFirmwareId: tester.octets('firmwareIdA'),
    imageSize: bench.ixit.has('imageA') ? tester.octets('imageA').length : 0,
  });
  const played = new Map<number, { close(): void }>();
  // Those of earlier cases answer on until the device is at rest: it tells its targets that a distribution was cancelled, and waits long for such as are silent.
  const retired = new Map<number, { close(): void }>();
  const play = (address: number, made: { close(): void }): void => {
    progress.anew();
    for (const old of [played, retired]) {
      old.get(address)?.close();
      old.delete(address);
    }
    played.set(address, made);
  };
  const closeAll = (some: Map<number, { close(): void }>): void => {
    for (const each of some.values()) each.close();
    some.clear();
  };
  const webHost = bench.has('webHost') ? bench.address('webHost') : '127.0.0.1';
  // Opened with the first offer: most devices never fetch anything.
  let opened: Promise<FirmwareWeb> | undefined;
  const web = (): Promise<FirmwareWeb> => (opened ??= firmwareWeb(bench.events, bench.stateDir, webHost));
  // The certificate of the bench must be there before a device can be told to trust it.
  if (bench.declared('DFUM 22/2')) await web();
  const clear = clearer({ bench, tester, ensure, leave, forget: () => (composition = undefined) });
  const internals: Internals = {
    async alive() {
      // A device that has just restarted drops the old connection late; what counts is that it answers over some connection.
      const answer = await overLink(() =>
        requestRaw(stack, encodeMessage(defaultTtlGet, {}), defaultTtlGet.reply ?? defaultTtlGet, {
          to: nodeAddress(),
          key: { dev: nodeAddress() },
          ...deadline,
        }),
      );
      if (answer.kind === 'reply') return;
      await leave();
      throw new BenchError('no-answer', `the device did not answer ${defaultTtlGet.name}`, {
        place: { where: hexNumber(nodeAddress(), 4) },
      });
    },
    async idle() {
      labels.between(true);
      await clear.idle();
      closeAll(retired);
      labels.between(false);
    },
    begin() {
      labels.between(false);
    },
    async settle() {
      labels.between(true);
      for (const [address, made] of played) retired.set(address, made);
      played.clear();
      (await opened)?.clear();
    },
    async close() {
      closeAll(played);
      closeAll(retired);
      await (await opened)?.close();
      control.close();
      stack.close();
      await reach.disconnect();
      await link.close(GATT_MS);
    },
  };
  return { ...tester, internals };
}
