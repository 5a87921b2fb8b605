import { memorySink } from '../../../core/events.ts';
import { encodeServiceData } from '../../../link/ble/advert.ts';
import { encodeComposition, valueOf } from '../../../mesh/codec/access.ts';
import { encodeProxyAdvert, meshGatt } from '../../../mesh/codec/adverts.ts';
import { modelIds } from '../../../mesh/codec/enums.ts';
import { encodeMessage } from '../../../mesh/codec/message.ts';
import {
  appKeyAdd,
  appKeyStatus,
  compositionGet,
  compositionStatus,
  defaultTtlSet,
  defaultTtlStatus,
  modelAppBind,
  modelAppStatus,
} from '../../../mesh/codec/messages/configuration.ts';
import {
  decodeProxyConfiguration,
  encodeProxyConfiguration,
  proxyConfiguration,
  proxyType,
} from '../../../mesh/codec/proxy.ts';
import { PlayedTarget } from '../../../mesh/model/playedTarget.ts';
import { KeyRing } from '../../../mesh/stack/keyRing.ts';
import { MeshStack } from '../../../mesh/stack/meshStack.ts';
import { type Bearer, ProxyLink } from '../../../mesh/stack/proxyLink.ts';
import { testerSarTiming } from '../../../mesh/stack/sarTiming.ts';
import { memoryStore } from '../../../mesh/stack/stateStore.ts';
import { realTimers } from '../../../mesh/stack/timers.ts';
import type { ServiceDefinition } from '../host/gatt.ts';
import { type GattClient, openPeripheral, type Peripheral } from '../host/peripheral.ts';
import type { H4Pipe } from '../host/pipe.ts';
import { type Provisioned, provisionee } from './provisionee.ts';

const REASSEMBLY_MS = 20_000;
const INTERVAL_MS = 20;
const MTU = 69;
const ATT_HEADER_OCTETS = 3;
const OLD_FIRMWARE = Buffer.from('59000001', 'hex');
/** What the node takes for new firmware once an update was applied. */
export const NEW_FIRMWARE = Buffer.from('59000002', 'hex');
const { BLOB_TRANSFER_SERVER, FIRMWARE_UPDATE_SERVER } = modelIds;

const COMPOSITION = encodeComposition({
  company: 0x59,
  product: 1,
  version: 1,
  replayListSize: 10,
  relay: 0,
  proxy: 1,
  friend: 0,
  lowPower: 0,
  elements: [
    { location: 0, sigCount: 2, vendorCount: 0, sig: [BLOB_TRANSFER_SERVER, FIRMWARE_UPDATE_SERVER], vendor: [] },
  ],
});

/** A mesh node for tests of the link: the tester's own stack behind a GATT host. It proves the way, not the stack. */
export interface MeshNode {
  readonly peripheral: Peripheral;
  /** The image as far as it came. */
  image(): Buffer | undefined;
}

/** Puts an unprovisioned device on the radio; once provisioned it comes back as a proxy with an Update Server. */
export async function openMeshNode(pipe: H4Pipe, address: string, uuid: Buffer): Promise<MeshNode> {
  const bearers = new WeakMap<GattClient, GattBearer>();
  let current: GattClient | undefined;
  let provisioned: Provisioned | undefined;
  let node: ReturnType<typeof nodeOf> | undefined;

  const serviceOf = (service: number, input: number, output: number): ServiceDefinition => ({
    uuid: service,
    characteristics: [
      {
        uuid: input,
        properties: ['writeWithoutResponse'],
        written(value) {
          if (current !== undefined) bearers.get(current)?.receive(value);
          return undefined;
        },
      },
      { uuid: output, properties: ['notify'] },
    ],
  });
  const { provisioningService, provisioningDataIn, provisioningDataOut } = meshGatt;
  const peripheral = await openPeripheral(pipe, {
    address,
    name: 'mesh node',
    mtu: MTU,
    services: [serviceOf(provisioningService, provisioningDataIn, provisioningDataOut)],
    connected(client) {
      current = client;
      const output: readonly [number, number] = node
        ? [meshGatt.proxyService, meshGatt.proxyDataOut]
        : [provisioningService, provisioningDataOut];
      const bearer = new GattBearer(client, output);
      bearers.set(client, bearer);
      if (node !== undefined) node.stack.attach(bearer);
      else serveProvisioning(bearer, (done) => (provisioned = done));
    },
    disconnected(client) {
      bearers.get(client)?.close();
      if (provisioned !== undefined && node === undefined) {
        node = nodeOf(provisioned);
        peripheral.serve([serviceOf(meshGatt.proxyService, meshGatt.proxyDataIn, meshGatt.proxyDataOut)]);
      }
      // Fails where the radio is switched off under the node: then there is nothing left to show.
      show().catch(() => undefined);
    },
  });
  const show = (): Promise<void> => {
    const data =
      provisioned === undefined
        ? encodeServiceData(provisioningService, Buffer.concat([uuid, Buffer.alloc(2)]))
        : encodeServiceData(
            meshGatt.proxyService,
            encodeProxyAdvert('network id', { netKey: provisioned.data.netKey }, Buffer.alloc(8)),
          );
    return peripheral.advertise(data, INTERVAL_MS);
  };
  await show();
  return { peripheral, image: () => node?.target.image };
}

/** The device's end of the GATT connection, as the mesh stack wants it. */
class GattBearer implements Bearer {
  readonly #client: GattClient;
  readonly #output: readonly [number, number];
  readonly #listeners = new Set<(pdu: Buffer) => void>();
  readonly #closing = new Set<(reason: string) => void>();

  constructor(client: GattClient, output: readonly [number, number]) {
    this.#client = client;
    this.#output = output;
  }

  get maxOctets(): number {
    return this.#client.mtu - ATT_HEADER_OCTETS;
  }

  send(pdu: Buffer): Promise<void> {
    return this.#client.notify(...this.#output, pdu);
  }

  onReceive(listener: (pdu: Buffer) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  onClose(listener: (reason: string) => void): () => void {
    this.#closing.add(listener);
    return () => void this.#closing.delete(listener);
  }

  receive(pdu: Buffer): void {
    for (const listener of this.#listeners) listener(pdu);
  }

  close(): void {
    for (const listener of this.#closing) listener('the connection has ended');
  }
}

function serveProvisioning(bearer: Bearer, done: (provisioned: Provisioned) => void): void {
  const device = provisionee(done);
  const link = new ProxyLink(bearer, realTimers, REASSEMBLY_MS, {
    message({ type, payload }) {
      if (type !== proxyType.PROVISIONING_PDU) return;
      for (const answer of device(payload)) void link.send({ type, payload: answer });
    },
    problem: () => undefined,
    closed: () => undefined,
  });
}

/** Stack, configuration and Update Server of a provisioned node. */
function nodeOf({ data, deviceKey }: Provisioned): { stack: MeshStack; target: PlayedTarget } {
  const keys = new KeyRing(data.netKey);
  keys.addNode(data.unicast, 1, deviceKey);
  const stack = new MeshStack({
    keys,
    elements: [data.unicast],
    store: memoryStore(),
    iv: { ivIndex: data.ivIndex, updating: false },
    sink: memorySink(),
    timers: realTimers,
    sar: testerSarTiming,
    defaultTtl: 5,
    proxyReassemblyMs: REASSEMBLY_MS,
  });
  stack.onProxyConfiguration(({ pdu }) => {
    const asked = decodeProxyConfiguration(proxyConfiguration.setFilterType, pdu.transport);
    const status = { filter: asked?.filter ?? 0, listSize: 0 };
    void stack.sendProxyConfiguration(encodeProxyConfiguration(proxyConfiguration.filterStatus, status));
  });
  stack.onReceive(({ src, key, decoded }) => {
    const answer = (pdu: Buffer): void => void stack.sendAccess(pdu, { to: src, key });
    if (valueOf(compositionGet, decoded)) answer(encodeMessage(compositionStatus, { page: 0, data: COMPOSITION }));
    const added = valueOf(appKeyAdd, decoded);
    if (added !== undefined) {
      const { netKeyIndex, appKeyIndex } = added;
      keys.addAppKey(appKeyIndex, added.key);
      answer(encodeMessage(appKeyStatus, { status: 0, netKeyIndex, appKeyIndex }));
    }
    const bound = valueOf(modelAppBind, decoded);
    if (bound !== undefined) answer(encodeMessage(modelAppStatus, { status: 0, ...bound }));
    const ttl = valueOf(defaultTtlSet, decoded);
    if (ttl !== undefined) answer(encodeMessage(defaultTtlStatus, ttl));
  });
  const target = new PlayedTarget(stack, data.unicast, {
    blob: {
      information: {
        minBlockSizeLog: 6,
        maxBlockSizeLog: 12,
        maxChunks: 512,
        maxChunkSize: 256,
        maxBlobSize: 0x20000,
        mtu: 380,
        push: 1,
        pull: 1,
      },
      chunksPerReport: 4,
    },
    update: {
      images: [{ firmwareId: OLD_FIRMWARE, uri: '' }],
      newFirmwareId: NEW_FIRMWARE,
      additional: 0,
    },
    timeScale: 1,
    reportMs: 1000,
    verifyMs: 10,
    applyMs: 10,
  });
  return { stack, target };
}
