import type { Characteristic, Peripheral, Service } from '@abandonware/noble';
import { BenchError, messageOf, TesterError } from '../../core/errors.ts';
import type { Json } from '../../core/events.ts';
import { within } from './deadline.ts';
import type { RecordingSeat } from './hciPort.ts';

/** ATT_MTU before an exchange, and the most that noble offers in one. */
const MTU = { least: 23, offered: 256 } as const;
/** Opcode and handle of a write or a notification. */
const ATT_HEADER_OCTETS = 3;

/** What the connection needs of its adapter. */
export interface ConnectionHost {
  readonly where: string;
  readonly recording: RecordingSeat;
  /** The event of the HCI packet that is being handled; undefined where the platform shows none. */
  currentEvent(): number | undefined;
  /** Whether {@link BleConnection.wrote} is called for every write; else noble's own word is taken. */
  readonly seesPackets: boolean;
}

/** A characteristic that was discovered. */
export interface GattCharacteristic {
  readonly service: string;
  readonly uuid: string;
  readonly properties: readonly string[];
}

/** Why connections end (HCI error codes); others are printed as numbers. */
const REASONS: Readonly<Record<number, string>> = {
  0x08: 'supervision timeout: nothing was heard of the device',
  0x13: 'the device ended it',
  0x14: 'the device ended it: low resources',
  0x15: 'the device ended it: power off',
  0x16: 'we ended it',
  0x22: 'no answer to a link layer procedure',
  0x3d: 'encryption failure',
  0x3e: 'it was never established',
};

/** A UUID as noble writes it: 16-bit ones as hex without leading zeros, long ones without hyphens. */
export function uuidText(uuid: number | string): string {
  return typeof uuid === 'number' ? uuid.toString(16) : uuid.toLowerCase().replaceAll('-', '');
}

/**
 * One GATT connection. Deadlines are real milliseconds; an answer that does not come in time ends the connection, because
 * noble would wait for it for ever, and rejects with a BenchError. After the end every call rejects with why it ended.
 * Records `gatt.write`, `gatt.notification` and `ble.closed`.
 */
export class BleConnection {
  readonly id: string;
  readonly #peripheral: Peripheral;
  readonly #host: ConnectionHost;
  readonly #services = new Map<string, Service>();
  readonly #characteristics = new Map<string, Characteristic>();
  readonly #closing = new Set<(reason: string) => void>();
  readonly #waiting = new Set<(error: Error) => void>();
  readonly #writes: (() => void)[] = [];
  #ended: string | undefined;

  constructor(peripheral: Peripheral, host: ConnectionHost) {
    this.id = peripheral.id;
    this.#peripheral = peripheral;
    this.#host = host;
    peripheral.once('disconnect', (reason) => this.end(reasonText(Number(reason))));
  }

  /** ATT_MTU as agreed; certain once services were discovered. */
  get mtu(): number {
    // noble keeps what the device offered, which may be more than what noble itself offered.
    return Math.min(this.#peripheral.mtu ?? MTU.least, MTU.offered);
  }

  /** Why the connection ended; undefined while it lasts. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Discovers the characteristics of a service; undefined where the device has no such service. */
  async discover(service: number | string, deadlineMs: number): Promise<readonly GattCharacteristic[] | undefined> {
    const uuid = uuidText(service);
    const services = await this.#call<Service[]>('service discovery', deadlineMs, (resolve) => {
      this.#peripheral.discoverServices([], (_error, found) => resolve(found));
    });
    this.#services.clear();
    for (const each of services) this.#services.set(each.uuid, each);
    const wanted = this.#services.get(uuid);
    if (wanted === undefined) return undefined;
    const found = await this.#call<Characteristic[]>(`discovery of service ${uuid}`, deadlineMs, (resolve) => {
      wanted.discoverCharacteristics([], (_error, characteristics) => resolve(characteristics));
    });
    for (const each of found) this.#characteristics.set(`${uuid}/${each.uuid}`, each);
    return found.map((each) => ({ service: uuid, uuid: each.uuid, properties: each.properties }));
  }

  /** Switches notifications on (indications, where the characteristic has only those) and hands every value up. */
  async subscribe(
    characteristic: GattCharacteristic,
    listener: (value: Buffer) => void,
    deadlineMs: number,
  ): Promise<void> {
    const found = this.#find(characteristic);
    const { service, uuid } = characteristic;
    const hear = (value: Buffer): void => {
      const via = this.#host.currentEvent();
      this.#record('gatt.notification', 'in', value, { service, characteristic: uuid }, via);
      listener(value);
    };
    found.on('data', hear);
    this.onClose(() => found.removeListener('data', hear));
    await this.#call<void>(`subscription to ${uuid}`, deadlineMs, (resolve) => found.subscribe(() => resolve()));
  }

  /**
   * Writes without response; resolves once the controller has taken the octets, so that what is sent does not pile up
   * unseen. Throws a TesterError where they do not fit the MTU: noble would send them all the same.
   */
  async write(characteristic: GattCharacteristic, value: Buffer, deadlineMs: number): Promise<void> {
    const found = this.#find(characteristic);
    const { service, uuid } = characteristic;
    if (value.length > this.mtu - ATT_HEADER_OCTETS)
      throw new TesterError('ble-write', `${value.length} octets do not fit an ATT_MTU of ${this.mtu}`);
    await this.#call<void>(`write to ${uuid}`, deadlineMs, (resolve) => {
      this.#record('gatt.write', 'out', value, { service, characteristic: uuid });
      if (this.#host.seesPackets) {
        this.#writes.push(resolve);
        found.write(value, true);
      } else found.write(value, true, () => resolve());
    });
  }

  /** Called by the adapter when a write without response of this connection has left for the controller. */
  wrote(): void {
    this.#writes.shift()?.();
  }

  /** Ends the connection; resolves when it has ended. Rejects with a BenchError where the controller does not end it. */
  async disconnect(deadlineMs: number): Promise<void> {
    if (this.#ended !== undefined) return;
    const late = (): Error => this.#error('ble-port', `the connection did not end within ${deadlineMs} ms`);
    try {
      await within<void>(deadlineMs, late, (resolve) => {
        this.onClose(() => resolve());
        this.#peripheral.disconnect();
      });
    } catch (e) {
      this.end('the controller did not end it');
      throw e;
    }
  }

  /** Calls the listener once, with the reason, when the connection ends; at once where it has ended. Returns the call that stops it. */
  onClose(listener: (reason: string) => void): () => void {
    if (this.#ended !== undefined) listener(this.#ended);
    else this.#closing.add(listener);
    return () => void this.#closing.delete(listener);
  }

  /** The connection is over, whoever ended it. */
  end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#record('ble.closed', 'in', undefined, { address: this.id, reason });
    const waiting = [...this.#waiting];
    const closing = [...this.#closing];
    this.#waiting.clear();
    this.#closing.clear();
    for (const reject of waiting) reject(this.#gone());
    for (const listener of closing) listener(reason);
  }

  #find({ service, uuid }: GattCharacteristic): Characteristic {
    const found = this.#characteristics.get(`${service}/${uuid}`);
    if (found === undefined) throw new TesterError('ble-gatt', `characteristic ${uuid} was not discovered`);
    return found;
  }

  async #call<T>(what: string, deadlineMs: number, start: (resolve: (value: T) => void) => void): Promise<T> {
    if (this.#ended !== undefined) throw this.#gone();
    let stop: () => void = () => undefined;
    const late = (): Error => {
      stop();
      this.end(`${what}: no answer within ${deadlineMs} ms, given up`);
      // Without a handle noble throws here; the connection is over then anyway.
      if (this.#peripheral.state === 'connected') this.#peripheral.disconnect();
      return this.#error('ble-deadline', `${what}: no answer within ${deadlineMs} ms, the connection was given up`);
    };
    try {
      return await within<T>(deadlineMs, late, (resolve, reject) => {
        this.#waiting.add(reject);
        stop = () => void this.#waiting.delete(reject);
        try {
          start(resolve);
        } catch (e) {
          reject(this.#error('ble-gatt', `${what}: ${messageOf(e)}`));
        }
      });
    } finally {
      stop();
    }
  }

  #gone(): BenchError {
    return this.#error('ble-gone', `the connection is over: ${this.#ended ?? ''}`);
  }

  #error(code: string, text: string): BenchError {
    return new BenchError(code, text, { place: { where: `${this.#host.where} ${this.id}` } });
  }

  #record(
    type: string,
    dir: 'in' | 'out',
    raw: Buffer | undefined,
    data: { readonly [key: string]: Json },
    via?: number,
  ): void {
    const { sink, channel } = this.#host.recording.now;
    sink.append({ channel, type, dir, ...(raw && { raw }), ...(via !== undefined && { via }), data });
  }
}

function reasonText(code: number): string {
  return REASONS[code] ?? `HCI error 0x${code.toString(16).padStart(2, '0')}`;
}
