import type { BenchClock } from '../../../core/clock.ts';
import type { Random } from '../../../core/random.ts';
import { upgradeStatus } from '../../../zigbee/codec/numbers.ts';
import { Alarm } from '../../alarm.ts';
import type { Behaviour } from '../behaviour.ts';
import type { Options } from '../options.ts';
import type { Slot } from '../slot.ts';
import type { Peer, ZclPort } from '../zcl.ts';
import type { ClientState } from './state.ts';

/** What the client runs on. */
export interface ClientParts {
  readonly options: Options;
  readonly behaviour: Behaviour;
  readonly clock: BenchClock;
  readonly random: Random;
  readonly ieee: string;
  /** What survives a power cut; `save` writes it. */
  readonly state: ClientState;
  readonly save: () => void;
  readonly slot: Slot;
  /** Restarts the node. */
  readonly reboot: () => void;
}

const SECOND_MS = 1000;

/** What the parts of the client share: its state, the server that it knows, and the one thing that it waits for. */
export class Core {
  readonly parts: ClientParts;
  readonly port: ZclPort;
  readonly manufacturerCode: number;
  server: Peer | undefined;
  /** Repeats of the request that is being waited for. */
  tries = 0;
  readonly #alarm: Alarm;

  constructor(parts: ClientParts, port: ZclPort) {
    this.parts = parts;
    this.port = port;
    this.manufacturerCode = Number.parseInt(parts.options.manufacturer, 16);
    this.#alarm = new Alarm(parts.clock);
  }

  get state(): ClientState {
    return this.parts.state;
  }

  get behaviour(): Behaviour {
    return this.parts.behaviour;
  }

  get idle(): boolean {
    return this.state.status === upgradeStatus.NORMAL;
  }

  /** Moves ImageUpgradeStatus and keeps the whole state. */
  setStatus(status: number): void {
    this.state.status = status;
    this.parts.save();
  }

  /** Waits so many protocol seconds; whatever was waited for is forgotten. */
  wait(seconds: number, act: () => void): void {
    this.#alarm.set(this.parts.clock.protocolNow() + seconds * SECOND_MS, act);
  }

  /** Waits until a protocol time in Unix milliseconds. */
  waitUntil(at: number, act: () => void): void {
    this.#alarm.set(at, act);
  }

  stopWaiting(): void {
    this.#alarm.clear();
  }

  /** Back to Normal: nothing is fetched, and nothing of a file is left. */
  backToNormal(): void {
    this.stopWaiting();
    this.parts.slot.clear();
    this.state.complete = [];
    delete this.state.offered;
    delete this.state.upgradeAt;
    this.setStatus(upgradeStatus.NORMAL);
  }
}
