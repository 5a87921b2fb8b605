import { readFileSync, writeFileSync } from 'node:fs';
import { printError } from '../../../core/errors.ts';
import { memorySink } from '../../../core/events.ts';
import type { BleConnection } from '../../../link/ble/connection.ts';
import { openBle } from '../../../link/ble/open.ts';
import { openBearer, proxyOf, unprovisioned } from '../../../mesh/ble.ts';
import { modelIds, transferMode } from '../../../mesh/codec/enums.ts';
import { keyPair } from '../../../mesh/codec/provisioningKeys.ts';
import { updateInformationGet } from '../../../mesh/codec/messages/update.ts';
import { configureNode } from '../../../mesh/model/configureNode.ts';
import { runUpdate, type UpdateOutcome } from '../../../mesh/model/updateClient.ts';
import { provisionDevice } from '../../../mesh/provision/provisionDevice.ts';
import { request, setFilter } from '../../../mesh/stack/exchange.ts';
import { KeyRing } from '../../../mesh/stack/keyRing.ts';
import { MeshStack } from '../../../mesh/stack/meshStack.ts';
import { testerSarTiming } from '../../../mesh/stack/sarTiming.ts';
import { memoryStore } from '../../../mesh/stack/stateStore.ts';
import { realTimers } from '../../../mesh/stack/timers.ts';

/**
 * A process that takes one mesh device from unprovisioned to updated over noble and prints what it saw as JSON. Arguments: name
 * of the link, device UUID, octets of the image or a file with it, a file for the octets written during the update (JSON list of
 * hex), metadata in hex, octets of a chunk, transfer mode.
 */
const [url = '', uuid = '', source = '0', file = '', metadata = '0102', chunk = '200', mode = 'PUSH'] =
  process.argv.slice(2);
const LIMIT = 5000;
const NODE = 0x0100;
const NET_KEY = Buffer.alloc(16, 1);
const APP_KEY = Buffer.alloc(16, 2);
const deadline = { withinMs: 10_000, retryMs: 1000 };
const sink = memorySink();

async function run(): Promise<object> {
  const link = await openBle(url, { sink, channel: 'ble', deadlineMs: LIMIT });
  const meet = async (filter: Parameters<typeof link.scan>[0], what: string): Promise<BleConnection> => {
    const found = await link.scan(filter, LIMIT);
    if (found === undefined) throw new Error(`${what} was not found`);
    return link.connect(found, LIMIT);
  };
  const first = await meet(unprovisioned(Buffer.from(uuid, 'hex')), 'the unprovisioned device');
  const end = await provisionDevice(
    await openBearer(first, 'provisioning', LIMIT),
    {
      attentionS: 0,
      algorithms: [0],
      auth: { kind: 'none' },
      keys: keyPair(),
      random: Buffer.alloc(32, 3),
      data: () => ({ netKey: NET_KEY, keyIndex: 0, flags: 0, ivIndex: 0, unicast: NODE }),
    },
    { sink, timers: realTimers, withinMs: 2 * LIMIT, proxyReassemblyMs: 20_000 },
  );
  await first.disconnect(LIMIT);
  if (end.kind !== 'done') return { provisioned: end.reason };

  const second = await meet(proxyOf({ netKey: NET_KEY }), 'the proxy');
  const keys = new KeyRing(NET_KEY);
  keys.addAppKey(0, APP_KEY);
  keys.addNode(NODE, 1, end.node.deviceKey);
  const stack = new MeshStack({
    keys,
    elements: [1],
    store: memoryStore(),
    iv: { ivIndex: 0, updating: false },
    sink,
    timers: realTimers,
    sar: testerSarTiming,
    defaultTtl: 5,
    proxyReassemblyMs: 20_000,
  });
  stack.attach(await openBearer(second, 'proxy', LIMIT));
  const filter = await setFilter(stack, 0, [], deadline.withinMs);
  const ready = await configureNode(
    stack,
    {
      node: NODE,
      netKeyIndex: 0,
      appKeyIndex: 0,
      appKey: APP_KEY,
      bind: [{ model: modelIds.BLOB_TRANSFER_SERVER }, { model: modelIds.FIRMWARE_UPDATE_SERVER }],
      subscribe: [],
      defaultTtl: 5,
    },
    deadline,
  );
  const data = /^\d+$/.test(source) ? Buffer.alloc(Number(source), 'plumbline ') : readFileSync(source);
  const order = { ttl: 5, timeoutBase: 2, blobId: '1100000000000011', image: 0 };
  const start = { ...order, metadata: Buffer.from(metadata, 'hex') };
  const before = sink.events.length;
  const began = performance.now();
  /** A device that restarts to apply takes the connection with it: the proof is asked for over the next one. */
  const confirmAnew = async (cause: unknown): Promise<UpdateOutcome> => {
    if (stack.connected) throw cause;
    stack.attach(await openBearer(await meet(proxyOf({ netKey: NET_KEY }), 'the proxy'), 'proxy', LIMIT));
    await setFilter(stack, 0, [], deadline.withinMs);
    const asked = { to: NODE, key: { app: 0 }, ...deadline };
    const told = await request(stack, updateInformationGet, { first: 0, limit: 255 }, asked);
    if (told.kind !== 'reply') return { kind: 'stopped', step: 'confirm', why: told.kind };
    return { kind: 'updated', firmwareIds: told.value.entries.map((entry) => entry.firmwareId) };
  };
  const update = await runUpdate(stack, {
    target: NODE,
    key: { app: 0 },
    start,
    data,
    transfer: {
      blobId: start.blobId,
      size: data.length,
      blockSizeLog: 12,
      chunkSize: Number(chunk),
      mode: mode === 'PULL' ? transferMode.PULL : transferMode.PUSH,
      idleRounds: 5,
    },
    sending: { key: { app: 0 }, mtu: 380, deadline, reportMs: 10_000 },
    polling: { ...deadline, everyMs: 50, noProgressMs: 10_000 },
  }).catch(confirmAnew);
  const ms = performance.now() - began;
  if (file !== '') {
    const written = sink.events.slice(before).filter(({ type }) => type === 'gatt.write');
    writeFileSync(file, JSON.stringify(written.map(({ raw }) => raw)));
  }
  const connected = stack.connected;
  stack.close();
  await link.close(LIMIT);
  const firmware = update.kind === 'updated' ? update.firmwareIds.map((id) => id.toString('hex')) : update;
  return { provisioned: 'done', filter: filter.kind, ready: ready.kind, firmware, connected, ms };
}

let outcome: object;
try {
  outcome = await run();
} catch (e) {
  outcome = { error: printError(e) };
}
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
