import { encodeServiceData } from '../../link/ble/advert.ts';
import { meshGatt } from '../../mesh/codec/adverts.ts';
import type { Bearer } from '../../mesh/stack/proxyLink.ts';
import type { ServiceDefinition } from '../radio/host/gatt.ts';
import { type GattClient, openPeripheral, type Peripheral } from '../radio/host/peripheral.ts';
import type { H4Pipe } from '../radio/host/pipe.ts';

/** The two mesh services. */
const SERVICES = {
  provisioning: {
    service: meshGatt.provisioningService,
    input: meshGatt.provisioningDataIn,
    output: meshGatt.provisioningDataOut,
  },
  proxy: { service: meshGatt.proxyService, input: meshGatt.proxyDataIn, output: meshGatt.proxyDataOut },
} as const;

/** Which of them the node offers. */
export type MeshService = keyof typeof SERVICES;

/** What the node does about its connections; one at a time. */
export interface GattEvents {
  connected(bearer: Bearer): void;
  /** The client has switched notifications on. */
  listening(): void;
  disconnected(): void;
  /** The radio is gone. */
  closed(): void;
}

const MTU = 69;
const ATT_HEADER_OCTETS = 3;
const INTERVAL_MS = 30;

/** The node's Bluetooth: advertises one of the mesh services and carries proxy PDUs over it. */
export class MeshGatt {
  readonly #peripheral: Peripheral;
  readonly #seat: Seat;

  private constructor(peripheral: Peripheral, seat: Seat) {
    this.#peripheral = peripheral;
    this.#seat = seat;
  }

  /** Rejects with a BenchError where the controller refuses. */
  static async open(pipe: H4Pipe, address: string, events: GattEvents): Promise<MeshGatt> {
    const seat: Seat = { service: 'provisioning', events, bearer: undefined };
    const peripheral = await openPeripheral(pipe, {
      address,
      name: 'plumbline',
      mtu: MTU,
      services: [serviceOf(seat)],
      connected(client) {
        seat.bearer = new GattBearer(client, seat.service);
        events.connected(seat.bearer);
      },
      disconnected(client) {
        if (seat.bearer?.client !== client) return;
        const ended = seat.bearer;
        seat.bearer = undefined;
        ended.close();
        events.disconnected();
      },
      closed: () => events.closed(),
    });
    return new MeshGatt(peripheral, seat);
  }

  get connected(): boolean {
    return this.#seat.bearer !== undefined;
  }

  /** Offers this service from the next connection on. */
  serve(service: MeshService): void {
    this.#seat.service = service;
    this.#peripheral.serve([serviceOf(this.#seat)]);
  }

  /** Shows this service data. Failures mean that the radio is gone, which is told elsewhere. */
  async advertise(data: Buffer): Promise<void> {
    const { service } = SERVICES[this.#seat.service];
    await this.#peripheral.advertise(encodeServiceData(service, data), INTERVAL_MS).catch(() => undefined);
  }

  async hide(): Promise<void> {
    await this.#peripheral.stopAdvertising().catch(() => undefined);
  }

  /** Ends the connection, if there is one. */
  disconnect(): void {
    this.#seat.bearer?.client.disconnect();
  }

  close(): void {
    this.#peripheral.close();
  }
}

interface Seat {
  service: MeshService;
  readonly events: GattEvents;
  bearer: GattBearer | undefined;
}

function serviceOf(seat: Seat): ServiceDefinition {
  const { service, input, output } = SERVICES[seat.service];
  return {
    uuid: service,
    characteristics: [
      {
        uuid: input,
        properties: ['writeWithoutResponse'],
        written(value) {
          seat.bearer?.receive(value);
          return undefined;
        },
      },
      {
        uuid: output,
        properties: ['notify'],
        subscribed(on) {
          if (on) seat.events.listening();
        },
      },
    ],
  };
}

/** The device's end of a GATT connection. */
class GattBearer implements Bearer {
  readonly client: GattClient;
  readonly #service: MeshService;
  readonly #listeners = new Set<(pdu: Buffer) => void>();
  readonly #closing = new Set<(reason: string) => void>();

  constructor(client: GattClient, service: MeshService) {
    this.client = client;
    this.#service = service;
  }

  get maxOctets(): number {
    return this.client.mtu - ATT_HEADER_OCTETS;
  }

  send(pdu: Buffer): Promise<void> {
    const { service, output } = SERVICES[this.#service];
    return this.client.notify(service, output, pdu);
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
