import type { Random } from '../../core/random.ts';
import { advType, type RadioAddress } from './hci.ts';
import type { AirAdvert } from './medium.ts';
import type { Ticks } from './ticks.ts';

/** As LE Set Advertising Parameters sets them. */
export interface AdvertisingParameters {
  readonly type: number;
  readonly intervalMs: number;
  readonly own: RadioAddress;
}

/** No controller advertises more often, and each adds a delay of its own choice (Vol 6 Part B 4.4.2.2). */
const LEAST_INTERVAL_MS = 20;
const MOST_DELAY_MS = 10;
const AFTER_RESET: AdvertisingParameters = {
  type: advType.CONNECTABLE,
  intervalMs: 1280,
  own: { random: false, octets: Buffer.alloc(6) },
};

/** The advertising of one controller. */
export class Advertiser {
  parameters: AdvertisingParameters = AFTER_RESET;
  data: Buffer = Buffer.alloc(0);
  scanResponse: Buffer = Buffer.alloc(0);
  readonly #ticks: Ticks;
  readonly #random: Random;
  readonly #send: (advert: AirAdvert) => void;
  #cancel: (() => void) | undefined;

  constructor(ticks: Ticks, random: Random, send: (advert: AirAdvert) => void) {
    this.#ticks = ticks;
    this.#random = random;
    this.#send = send;
  }

  get on(): boolean {
    return this.#cancel !== undefined;
  }

  start(): void {
    this.stop();
    this.#cancel = this.#ticks.after(0, () => this.#advertise());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  reset(): void {
    this.stop();
    this.parameters = AFTER_RESET;
    this.data = Buffer.alloc(0);
    this.scanResponse = Buffer.alloc(0);
  }

  /** The next one is arranged first: a connection that this one leads to stops it. */
  #advertise(): void {
    const { type, intervalMs, own } = this.parameters;
    const wait = Math.max(LEAST_INTERVAL_MS, intervalMs) + this.#random() * MOST_DELAY_MS;
    this.#cancel = this.#ticks.after(wait, () => this.#advertise());
    this.#send({ type, from: own, data: this.data, scanResponse: this.scanResponse });
  }
}
