import type { Peripheral } from '@abandonware/noble';
import { BenchError, InputError, messageOf } from '../../core/errors.ts';
import { type Advert, connectable } from './advert.ts';
import { BleConnection, type ConnectionHost } from './connection.ts';
import { within } from './deadline.ts';
import type { Recording, RecordingSeat } from './hciPort.ts';
import type { Noble } from './noble.ts';

/** A Bluetooth adapter that is in use. Deadlines are real milliseconds. */
export interface BleLink {
  readonly url: string;
  /**
   * Scans until an advertisement passes the filter; undefined where none did before the deadline. Every advertisement heard
   * is recorded as `advert`, with its AD structures as they came.
   */
  scan(filter: (advert: Advert) => boolean, deadlineMs: number): Promise<Advert | undefined>;
  /** Connects to a device that a scan has found. Rejects with a BenchError where no connection came about in time. */
  connect(device: Pick<Advert, 'id'>, deadlineMs: number): Promise<BleConnection>;
  /** Ends every connection and the recording. The port stays open for the next use in this process: noble cannot be stopped. */
  close(deadlineMs: number): Promise<void>;
}

/** noble's 420 ms let a short disturbance end a connection. In units of 10 ms. */
const SUPERVISION_TIMEOUT = 100;

/** One who waits for an advertisement. */
interface Watcher {
  readonly filter: (advert: Advert) => boolean;
  readonly found: (advert: Advert) => void;
  readonly lost: (error: BenchError) => void;
  match?: Advert;
}

/** What is the same for every kind of adapter: scanning and connecting by noble. */
export class Adapter implements BleLink {
  readonly url: string;
  readonly connections = new Map<string, BleConnection>();
  readonly #host: ConnectionHost;
  readonly #noble: Noble;
  readonly #peripherals = new Map<string, Peripheral>();
  readonly #watchers = new Set<Watcher>();
  readonly #starting = new Set<(error: BenchError) => void>();
  #broken: BenchError | undefined;
  #connecting: Promise<unknown> = Promise.resolve();

  constructor(noble: Noble, host: ConnectionHost) {
    this.url = host.where;
    this.#noble = noble;
    this.#host = host;
    noble.on('discover', (peripheral) => {
      this.#peripherals.set(peripheral.id, peripheral);
      this.#settle();
    });
  }

  /** Where everything is written from now on. */
  record(recording: Recording): void {
    this.#host.recording.now = recording;
  }

  /** Hands in an advertisement that was heard. */
  heard(advert: Omit<Advert, 'n'>, via?: number): void {
    const { sink, channel } = this.#host.recording.now;
    const { id: _id, data: raw, ...data } = advert;
    const type = 'advert';
    const { n } = sink.append({ channel, type, dir: 'in', raw, ...(via !== undefined && { via }), data });
    const whole = { ...advert, n };
    for (const watcher of this.#watchers)
      if (watcher.match === undefined && watcher.filter(whole)) watcher.match = whole;
    this.#settle();
  }

  /** The port is gone: everything ends with this error, until {@link mended}. */
  broken(error: BenchError): void {
    this.#broken = error;
    const { sink, channel } = this.#host.recording.now;
    sink.append({ channel, type: 'link.error', data: { where: this.url, error: error.message } });
    for (const connection of this.connections.values()) connection.end(error.message);
    this.connections.clear();
    for (const watcher of this.#watchers) watcher.lost(error);
    for (const reject of this.#starting) reject(error);
  }

  /** The port is there again. */
  mended(): void {
    this.#broken = undefined;
  }

  async scan(filter: (advert: Advert) => boolean, deadlineMs: number): Promise<Advert | undefined> {
    this.#check();
    if (this.#watchers.size === 0) await this.#startScanning(deadlineMs);
    let watcher: Watcher | undefined;
    try {
      return await new Promise<Advert | undefined>((resolve, reject) => {
        const timer = setTimeout(resolve, deadlineMs, undefined);
        const found = (advert: Advert): void => {
          clearTimeout(timer);
          resolve(advert);
        };
        const lost = (error: BenchError): void => {
          clearTimeout(timer);
          reject(error);
        };
        watcher = { filter, found, lost };
        this.#watchers.add(watcher);
      });
    } finally {
      if (watcher !== undefined) this.#watchers.delete(watcher);
      if (this.#watchers.size === 0 && this.#broken === undefined) this.#noble.stopScanning();
    }
  }

  connect({ id }: Pick<Advert, 'id'>, deadlineMs: number): Promise<BleConnection> {
    // One after the other: what noble cancels is whichever connection the controller is at.
    const turn = this.#connecting.then(() => this.#connect(id, deadlineMs));
    this.#connecting = turn.catch(() => undefined);
    return turn;
  }

  async #connect(id: string, deadlineMs: number): Promise<BleConnection> {
    this.#check();
    const peripheral = this.#peripherals.get(id);
    const place = { where: `${this.url} ${id}` };
    if (peripheral === undefined) throw new InputError('ble-connect', 'no scan has found this device', { place });
    const failed = (why: string): BenchError => new BenchError('ble-connect', why, { place });
    // Of a connection that was given up the end may still be outstanding; it would be taken for the end of the new one.
    if (peripheral.state === 'disconnecting')
      await within<void>(
        deadlineMs,
        () => failed(`the last connection did not end within ${deadlineMs} ms`),
        (resolve) => peripheral.once('disconnect', () => resolve()),
      );
    let expired = false;
    const late = (): Error => {
      expired = true;
      // A connection may still come about while it is being cancelled: it is ended then.
      peripheral.cancelConnect();
      peripheral.once('connect', (error) => {
        if (!error) peripheral.disconnect();
      });
      return failed(`no connection within ${deadlineMs} ms`);
    };
    await within<void>(deadlineMs, late, (resolve, reject) => {
      const options = { timeout: SUPERVISION_TIMEOUT };
      const done = (error?: unknown): void => {
        if (expired) return;
        if (error === undefined || error === null) resolve();
        else reject(this.#broken ?? failed(messageOf(error)));
      };
      // The type of noble leaves the options out.
      (peripheral.connect as (options: object, done: (error?: unknown) => void) => void).call(
        peripheral,
        options,
        done,
      );
    });
    const connection = new BleConnection(peripheral, this.#host);
    this.connections.set(id, connection);
    connection.onClose(() => {
      if (this.connections.get(id) === connection) this.connections.delete(id);
    });
    const { sink, channel } = this.#host.recording.now;
    sink.append({ channel, type: 'ble.connected', data: { address: id } });
    return connection;
  }

  async close(deadlineMs: number): Promise<void> {
    try {
      await Promise.all([...this.connections.values()].map((connection) => connection.disconnect(deadlineMs)));
    } finally {
      this.record({ ...this.#host.recording.now, sink: nowhere });
    }
  }

  #check(): void {
    if (this.#broken !== undefined) throw this.#broken;
  }

  async #startScanning(deadlineMs: number): Promise<void> {
    const late = (): Error =>
      new BenchError('ble-port', `scanning did not start within ${deadlineMs} ms`, { place: { where: this.url } });
    let fail: ((error: BenchError) => void) | undefined;
    try {
      await within<void>(deadlineMs, late, (resolve, reject) => {
        fail = reject;
        this.#starting.add(reject);
        this.#noble.startScanning([], true, (error) => (error ? reject(error) : resolve()));
      });
    } finally {
      if (fail !== undefined) this.#starting.delete(fail);
    }
  }

  /** A device that can be connected to is found only when noble knows it too, which waits for the scan response. */
  #settle(): void {
    for (const { match, found } of this.#watchers)
      if (match !== undefined && (!connectable(match) || this.#peripherals.has(match.id))) found(match);
  }
}

const nowhere: RecordingSeat['now']['sink'] = { append: ({ raw: _raw, ...event }) => ({ n: 0, ms: 0, ...event }) };
