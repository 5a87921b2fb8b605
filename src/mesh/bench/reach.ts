import { randomBytes } from 'node:crypto';
import { BenchError } from '../../core/errors.ts';
import type { Bench } from '../../core/standard.ts';
import type { Advert } from '../../link/ble/advert.ts';
import type { BleLink } from '../../link/ble/adapter.ts';
import type { BleConnection } from '../../link/ble/connection.ts';
import { openBearer, proxyOf, unprovisioned } from '../ble.ts';
import { provisioningAlgorithm } from '../codec/provisioning.ts';
import { keyPair } from '../codec/provisioningKeys.ts';
import { type OobHelper, provisionDevice } from '../provision/provisionDevice.ts';
import type { Bearer } from '../stack/proxyLink.ts';
import { realTimers } from '../stack/timers.ts';
import { type NetworkRecord, type NodeRecord, writeNetwork } from './network.ts';
import type { MeshEntries } from './rigEntries.ts';

/** For each GATT procedure and for connecting: library time, never scaled. */
export const GATT_MS = 10_000;
/** A device that lost its connection may take a moment to be connectable again; library time. */
const TRIES = 3;

/** How the device shows itself. */
export type Shows = 'proxy' | 'unprovisioned';

/** The way to the device: finding, provisioning, connecting. */
export interface Reach {
  readonly network: () => NetworkRecord;
  /** Looks how the device advertises; undefined where nothing of it was heard. Records `mesh.found`. */
  look(withinMs: number): Promise<{ readonly shows: Shows; readonly advert: Advert } | undefined>;
  /** A bearer to the proxy of the device, which is provisioned first where it needs to be. `fresh` is told then. */
  connect(fresh: (node: NodeRecord) => void): Promise<Bearer>;
  disconnect(): Promise<void>;
}

/** Makes the way to the device. `file` keeps the network; what is in it is used and changed. */
export function reachOf(
  bench: Bench,
  link: BleLink,
  entries: MeshEntries,
  file: string,
  start: NetworkRecord,
  helper: OobHelper | undefined,
): Reach {
  const { events, timing } = bench;
  let network = start;
  let connection: BleConnection | undefined;

  const where = { place: { where: entries.uuid ?? entries.address ?? entries.ble } };
  const isDevice = (advert: Advert): boolean => entries.address === undefined || advert.address === entries.address;
  const isNew = unprovisioned(entries.uuid === undefined ? undefined : Buffer.from(entries.uuid, 'hex'));
  const showing = (advert: Advert): Shows | undefined => {
    if (!isDevice(advert)) return undefined;
    const { node } = network;
    const owner = { netKey: Buffer.from(network.netKey, 'hex'), ...(node && { address: node.address }) };
    if (node !== undefined && proxyOf(owner)(advert)) return 'proxy';
    return entries.known === undefined && isNew(advert) ? 'unprovisioned' : undefined;
  };

  const listen = async (
    withinMs: number,
    fits: (shows: Shows) => boolean,
  ): Promise<{ shows: Shows; advert: Advert } | undefined> => {
    const advert = await link.scan((heard) => {
      const shows = showing(heard);
      return shows !== undefined && fits(shows);
    }, withinMs);
    const shows = advert === undefined ? undefined : showing(advert);
    events.append({ channel: 'mesh', type: 'mesh.found', data: { shows: shows ?? null } });
    return advert === undefined || shows === undefined ? undefined : { shows, advert };
  };
  const find = async (fits: (shows: Shows) => boolean = () => true): Promise<{ shows: Shows; advert: Advert }> => {
    const found = await listen(timing.real('found'), fits);
    if (found === undefined)
      throw new BenchError(
        'mesh-not-found',
        `the device does not advertise${network.node === undefined ? ' as unprovisioned (reset it where another network has it)' : ''}; listened for ${Math.round(timing.real('found'))} ms`,
        where,
      );
    return found;
  };

  const provision = async (advert: Advert, fresh: (node: NodeRecord) => void): Promise<void> => {
    const made = await link.connect(advert, GATT_MS);
    try {
      const bearer = await openBearer(made, 'provisioning', GATT_MS);
      const address = network.nextAddress;
      const end = await provisionDevice(
        bearer,
        {
          attentionS: 0,
          algorithms: [provisioningAlgorithm.HMAC_SHA256, provisioningAlgorithm.CMAC_AES128],
          auth: entries.auth,
          keys: keyPair(),
          random: randomBytes(32),
          data: () => ({
            netKey: Buffer.from(network.netKey, 'hex'),
            keyIndex: 0,
            flags: 0,
            ivIndex: 0,
            unicast: address,
          }),
        },
        {
          sink: events,
          timers: realTimers,
          withinMs: timing.real('provisioning'),
          proxyReassemblyMs: timing.real('reassembly'),
          ...(helper !== undefined && { helper }),
        },
      );
      if (end.kind !== 'done')
        throw new BenchError('mesh-provisioning', `provisioning failed: ${end.reason} (${end.detail})`, where);
      const node: NodeRecord = {
        uuid: entries.uuid ?? '',
        address,
        deviceKey: end.node.deviceKey.toString('hex'),
        elements: end.node.elements,
      };
      network = { ...network, nextAddress: address + end.node.elements, node };
      writeNetwork(file, network);
      fresh(node);
    } finally {
      await made.disconnect(GATT_MS).catch(() => undefined);
    }
  };

  const once = async (fresh: (node: NodeRecord) => void): Promise<Bearer> => {
    let found = await find();
    if (found.shows === 'unprovisioned') {
      await provision(found.advert, fresh);
      // Its last advertisements as an unprovisioned device may still be under way.
      found = await find((shows) => shows === 'proxy');
    }
    connection = await link.connect(found.advert, GATT_MS);
    return openBearer(connection, 'proxy', GATT_MS);
  };

  const disconnect = async (): Promise<void> => {
    const old = connection;
    connection = undefined;
    // What cannot be ended is over: the next connection tells whether the adapter still works.
    await old?.disconnect(GATT_MS).catch(() => undefined);
  };

  return {
    network: () => network,
    look: (withinMs) => listen(withinMs, () => true),
    disconnect,
    async connect(fresh) {
      await disconnect();
      for (let tries = 1; ; tries++) {
        try {
          return await once(fresh);
        } catch (e) {
          if (
            !(e instanceof BenchError) ||
            tries >= TRIES ||
            !/^(ble-gone|ble-connect|mesh-gatt|ble-deadline)$/.test(e.code)
          )
            throw e;
          await disconnect();
        }
      }
    },
  };
}
