import { encodeAd } from '../../../link/ble/advert.ts';
import { addressOctets, advType, hciError } from '../hci.ts';
import { AttServer } from './att.ts';
import { type GattTable, gattTable, type ServiceDefinition } from './gatt.ts';
import { HciHost, type HostConnection } from './hciHost.ts';
import type { H4Pipe } from './pipe.ts';

/** Fixed L2CAP channels (Core specification, Vol 3 Part A 2.1). */
const channel = { ATT: 4, SIGNALLING: 5, SECURITY: 6 } as const;
const SIGNALLING_REQUESTS: readonly number[] = [0x0a, 0x12, 0x14];
const COMMAND_REJECT = 0x01;
const PAIRING_REQUEST = 0x01;
const PAIRING_FAILED = Buffer.of(0x05, 0x05);
const GENERAL_ACCESS = { service: 0x1800, name: 0x2a00, appearance: 0x2a01 } as const;
const AD_FLAGS = encodeAd(1, Buffer.of(0x06));

export interface PeripheralOptions {
  /** Static random address: the two highest bits of `C0:…` to `FF:…` are set. */
  readonly address: string;
  readonly name: string;
  /** What it offers in the exchange of MTUs. */
  readonly mtu: number;
  readonly services: readonly ServiceDefinition[];
  /** ATT PDUs that it leaves without an answer, as a device that hangs. */
  ignores?(pdu: Buffer): boolean;
  connected?(client: GattClient): void;
  disconnected?(client: GattClient, reason: number): void;
  /** The controller is gone. */
  closed?(): void;
}

/** A central that is connected. */
export interface GattClient {
  readonly mtu: number;
  /** Sends a notification whether or not the client asked for it; resolves when it has reached the other controller. */
  notify(service: number | string, characteristic: number | string, value: Buffer): Promise<void>;
  /** Sends octets on the attribute channel as they are, for a device that misbehaves. */
  sendRaw(pdu: Buffer): Promise<void>;
  disconnect(): void;
}

/** A simulated device's Bluetooth: advertises, accepts connections and serves its attributes. */
export interface Peripheral {
  /** Connectable advertising with these AD structures after the flags, until a connection comes about. */
  advertise(data: Buffer, intervalMs: number, scanResponse?: Buffer): Promise<void>;
  /** The same without the offer to connect, as beacons are sent. */
  beacon(data: Buffer, intervalMs: number): Promise<void>;
  stopAdvertising(): Promise<void>;
  /** Other services from the next connection on. */
  serve(services: readonly ServiceDefinition[]): void;
  /** Off the air without a word. */
  close(): void;
}

/** Puts a peripheral on the radio. Rejects with a BenchError where the controller refuses. */
export async function openPeripheral(pipe: H4Pipe, options: PeripheralOptions): Promise<Peripheral> {
  const access: ServiceDefinition = {
    uuid: GENERAL_ACCESS.service,
    characteristics: [
      { uuid: GENERAL_ACCESS.name, properties: ['read'], read: () => Buffer.from(options.name) },
      { uuid: GENERAL_ACCESS.appearance, properties: ['read'], read: () => Buffer.alloc(2) },
    ],
  };
  let table: GattTable = gattTable([access, ...options.services]);
  const clients = new Map<HostConnection, { server: AttServer; client: GattClient }>();
  const host = new HciHost(pipe, {
    connected(connection) {
      const server = new AttServer(table, options.mtu);
      const own = table;
      const client: GattClient = {
        get mtu() {
          return server.mtu;
        },
        notify: (service, characteristic, value) => {
          const pdu = server.notification(own.valueHandle(service, characteristic), value);
          return connection.send(channel.ATT, pdu);
        },
        sendRaw: (pdu) => connection.send(channel.ATT, pdu),
        disconnect: () => connection.disconnect(hciError.REMOTE_USER_ENDED),
      };
      clients.set(connection, { server, client });
      options.connected?.(client);
    },
    message(connection, cid, message) {
      const server = clients.get(connection)?.server;
      if (server === undefined || (cid === channel.ATT && options.ignores?.(message) === true)) return;
      const answer = cid === channel.ATT ? server.receive(message) : refusal(cid, message);
      if (answer !== undefined) void connection.send(cid, answer).catch(() => undefined);
    },
    disconnected(connection, reason) {
      const client = clients.get(connection)?.client;
      clients.delete(connection);
      if (client !== undefined) options.disconnected?.(client, reason);
    },
    closed: () => options.closed?.(),
  });
  await host.start(addressOctets(options.address));
  return {
    advertise: (data, intervalMs, scanResponse = encodeAd(9, Buffer.from(options.name))) =>
      host.advertise({ type: advType.CONNECTABLE, data: Buffer.concat([AD_FLAGS, data]), scanResponse, intervalMs }),
    beacon: (data, intervalMs) => host.advertise({ type: advType.NON_CONNECTABLE, data, intervalMs }),
    stopAdvertising: () => host.stopAdvertising(),
    serve(services) {
      table = gattTable([access, ...services]);
    },
    close: () => host.close(),
  };
}

/** Neither signalling nor pairing is served; both are refused as the standard asks, so that no peer waits. */
function refusal(cid: number, message: Buffer): Buffer | undefined {
  const [code = 0, identifier = 0] = message;
  if (cid === channel.SIGNALLING && SIGNALLING_REQUESTS.includes(code))
    return Buffer.of(COMMAND_REJECT, identifier, 2, 0, 0, 0);
  return cid === channel.SECURITY && code === PAIRING_REQUEST ? PAIRING_FAILED : undefined;
}
