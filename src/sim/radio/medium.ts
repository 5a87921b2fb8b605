import { type Random, seeded } from '../../core/random.ts';
import type { RadioAddress } from './hci.ts';
import { type ConnectionParameters, LinkLayer, type LinkEnd } from './linkLayer.ts';
import type { Ticks } from './ticks.ts';

/** How the air treats what is sent. Times are real milliseconds. */
export interface Air {
  /** Share of advertisements, scan responses and connection events that are lost. */
  readonly losePercent: number;
  /** Everything arrives late by up to this; what belongs to one connection stays in order. */
  readonly delayMs: number;
  /** Time between two connection events, whatever interval the hosts agree on. */
  readonly eventMs: number;
  /** ACL packets that one connection event carries in each direction. */
  readonly packetsPerEvent: number;
}

/** A real link carries about this much; a host with little memory keeps up with it. */
export const defaultAir: Air = { losePercent: 0, delayMs: 0, eventMs: 10, packetsPerEvent: 3 };

/** What is sent on the advertising channels. */
export interface AirAdvert {
  readonly type: number;
  readonly from: RadioAddress;
  readonly data: Buffer;
  /** What an active scanner gets on asking; only for the scannable kinds. */
  readonly scanResponse: Buffer;
}

/** A controller as the medium knows it. */
export interface Radio {
  /** An advertisement is heard. Returns what the radio wants of the advertiser, if anything. */
  hear(advert: AirAdvert): 'scan' | 'connect' | undefined;
  /** The answer to `scan`. */
  hearScanResponse(advert: AirAdvert): void;
  /** Whether a request to connect that reaches the radio now still finds it advertising. */
  acceptsConnection(): boolean;
  /** The answer to `connect`: makes our end of the connection. */
  joinAsCentral(advert: AirAdvert): { end: LinkEnd; parameters: ConnectionParameters; address: RadioAddress };
  /** A central wants us: makes our end. */
  joinAsPeripheral(central: RadioAddress, parameters: ConnectionParameters): LinkEnd;
}

/**
 * The air that all controllers share. The same seed gives the same row of losses and delays; radios far apart draw from rows
 * of their own, so that one more radio does not move the others' luck.
 */
export class Medium {
  readonly ticks: Ticks;
  readonly #seed: number;
  readonly #radios = new Map<Radio, Random>();
  #joined = 0;
  #connected = 0;
  #air: Air;

  constructor(ticks: Ticks, seed: number, air: Partial<Air> = {}) {
    this.ticks = ticks;
    this.#seed = seed;
    this.#air = { ...defaultAir, ...air };
  }

  get air(): Air {
    return this.#air;
  }

  /** From now on, also for connections that exist. */
  change(air: Partial<Air>): void {
    this.#air = { ...this.#air, ...air };
  }

  /** Puts a radio on the air; returns the call that takes it off. */
  join(radio: Radio): () => void {
    this.#radios.set(radio, this.random(++this.#joined));
    return () => void this.#radios.delete(radio);
  }

  /** A row of numbers of its own for the `index`-th user. */
  random(index: number): Random {
    return seeded(Math.imul(this.#seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b));
  }

  /** Sends an advertisement to every other radio; the first one that wants to connect gets the advertiser. */
  advertise(sender: Radio, advert: AirAdvert): void {
    for (const [radio, random] of this.#radios) {
      if (radio === sender) continue;
      this.#arrive(random, () => {
        if (!this.#radios.has(sender)) return;
        const wish = radio.hear(advert);
        if (wish === 'scan') this.#arrive(random, () => radio.hearScanResponse(advert));
        if (wish === 'connect' && sender.acceptsConnection()) this.#connect(radio, sender, advert);
      });
    }
  }

  #connect(central: Radio, peripheral: Radio, advert: AirAdvert): void {
    const { end, parameters, address } = central.joinAsCentral(advert);
    const other = peripheral.joinAsPeripheral(address, parameters);
    const random = this.random(0x10000 + ++this.#connected);
    new LinkLayer(this, random, parameters, [end, other]).start();
  }

  /** Draws for loss and delay alike in every case, so that one figure can be changed without moving the other. */
  #arrive(random: Random, act: () => void): void {
    const lost = random() * 100 < this.#air.losePercent;
    const late = random() * this.#air.delayMs;
    if (lost) return;
    if (this.#air.delayMs === 0) act();
    else this.ticks.after(late, act);
  }
}
