import type { BenchClock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Peer } from '../../link/wire.ts';
import { FORMAT } from '../../lwm2m/codec/content.ts';
import { Alarm } from '../alarm.ts';
import type { Endpoint, LinkTiming, Outcome } from '../coap/endpoint.ts';
import { type Message, METHOD, OPTION, type Option, textOption, textsOf, uintOption } from '../coap/message.ts';
import type { Options } from './options.ts';

export interface RegistrationPort {
  readonly endpoint: Endpoint;
  readonly clock: BenchClock;
  readonly link: LinkTiming;
  readonly options: Options;
  /** Makes the secure association where one is needed; rejects where the server does not answer. */
  connect(): Promise<Peer>;
  links(): Buffer;
  /** Does not register again when the server has forgotten it, as a wrong device. */
  readonly neverAgain: boolean;
  /** Updates carry the links even where they are those that the server knows. */
  readonly alwaysLinks: boolean;
  lifetimeS(): number;
  registered(): void;
  /** Something is about to be sent: a sleeping device listens again. */
  awake(): void;
}

/** Protocol time before the next attempt, by attempt. */
const RETRY_MS = [500, 1000, 2000, 5000];
const SECOND_MS = 1000;
/** A Register is given up after so many acknowledgement timeouts and made anew: the server may have come up meanwhile. */
const PATIENCE = 12;

/** Keeps the device registered: Register, Update before the lifetime ends, and again from the start when the server has forgotten it. */
export class Registration {
  private readonly port: RegistrationPort;
  private readonly alarm: Alarm;
  /** Raised whenever what is under way is no longer wanted. */
  private round = 0;
  private location: readonly string[] | undefined;
  private server: Peer | undefined;
  private toldLinks = '';
  private toldLifetimeS = 0;

  constructor(port: RegistrationPort) {
    this.port = port;
    this.alarm = new Alarm(port.clock);
  }

  get isRegistered(): boolean {
    return this.location !== undefined;
  }

  /** Where the server told the device to send Updates; for the console. */
  get summary(): string {
    return this.location === undefined ? 'not registered' : `registered at /${this.location.join('/')}`;
  }

  /** Registers anew, and keeps trying until it has worked. */
  start(): void {
    this.stop();
    void this.register(this.round, 0);
  }

  /** Sends an Update at once; where there is no registration, registers. */
  update(): void {
    if (this.location === undefined) return;
    this.round += 1;
    void this.refresh(this.round);
  }

  /** Takes the registration back. */
  async deregister(): Promise<void> {
    const { location, server } = this;
    this.stop();
    if (location === undefined || server === undefined) return;
    await this.send(server, METHOD.delete, pathOptions(location), undefined);
  }

  /** Forgets the registration without a word, as the power does. */
  stop(): void {
    this.round += 1;
    this.location = undefined;
    this.alarm.clear();
  }

  /** One attempt, and the arrangement of the next where it fails. */
  private async register(round: number, tries: number): Promise<void> {
    const { port } = this;
    const again = (): void => {
      if (round !== this.round) return;
      const wait = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 0;
      this.alarm.set(port.clock.protocolNow() + wait, () => void this.register(round, tries + 1));
    };
    let server: Peer;
    try {
      server = await port.connect();
    } catch (e) {
      process.stderr.write(`simulated device: no server yet: ${messageOf(e)}\n`);
      return again();
    }
    if (round !== this.round) return;
    const links = port.links();
    const lifetimeS = port.lifetimeS();
    const queries = this.queries(lifetimeS).map((query) => textOption(OPTION.uriQuery, query));
    const options = [...pathOptions(['rd']), uintOption(OPTION.contentFormat, FORMAT.link), ...queries];
    const outcome = await this.send(server, METHOD.post, options, links, port.link.ackTimeoutMs * PATIENCE);
    if (round !== this.round) return;
    if (!outcome.ok || outcome.message.code !== '2.01') return again();
    this.server = server;
    this.location = locationIn(outcome.message);
    this.told(links, lifetimeS);
    port.registered();
  }

  /** Version 1.0 tells queue mode in the binding, later ones by a flag. */
  private queries(lifetimeS: number): string[] {
    const { endpoint, lwm2m, queue } = this.port.options;
    const early = lwm2m === '1.0';
    const binding = early ? [`b=${queue === 'yes' ? 'UQ' : 'U'}`] : ['b=U', ...(queue === 'yes' ? ['Q'] : [])];
    return [`lwm2m=${lwm2m}`, `ep=${endpoint}`, `lt=${lifetimeS}`, ...binding];
  }

  /** One Update; links and lifetime go along where the server has others. */
  private async refresh(round: number): Promise<void> {
    const { location, server, port } = this;
    if (location === undefined || server === undefined) return;
    const links = port.links();
    const lifetimeS = port.lifetimeS();
    const news = port.alwaysLinks || links.toString() !== this.toldLinks;
    const options = [
      ...pathOptions(location),
      ...(news ? [uintOption(OPTION.contentFormat, FORMAT.link)] : []),
      ...(lifetimeS === this.toldLifetimeS ? [] : [textOption(OPTION.uriQuery, `lt=${lifetimeS}`)]),
    ];
    const outcome = await this.send(server, METHOD.post, options, news ? links : undefined);
    if (round !== this.round) return;
    // No answer, or none that it knows: the server is new, or has forgotten the device.
    if (outcome.ok && outcome.message.code === '2.04') this.told(links, lifetimeS);
    else if (!port.neverAgain) this.start();
  }

  /** Remembers what the server knows, and when to tell it again. */
  private told(links: Buffer, lifetimeS: number): void {
    this.toldLinks = links.toString();
    this.toldLifetimeS = lifetimeS;
    const at = this.port.clock.protocolNow() + (lifetimeS * SECOND_MS) / 2;
    this.alarm.set(at, () => this.update());
  }

  private send(
    to: Peer,
    code: string,
    options: readonly Option[],
    payload: Buffer | undefined,
    limitMs = Infinity,
  ): Promise<Outcome> {
    this.port.awake();
    return this.port.endpoint.request(to, code, options, payload, limitMs);
  }
}

function pathOptions(path: readonly string[]): Option[] {
  return path.map((segment) => textOption(OPTION.uriPath, segment));
}

function locationIn(message: Message): readonly string[] {
  return textsOf(message, OPTION.locationPath);
}
