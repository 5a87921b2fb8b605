import type { BenchClock } from '../../core/clock.ts';
import type { EventSink } from '../../core/events.ts';
import type { OwnCertificate } from '../../link/dtls/credentials.ts';
import type { DtlsWire } from '../../link/dtls/port.ts';
import type { Impairments } from '../../link/impair.ts';
import { type Peer, printPeer, type Wire } from '../../link/wire.ts';
import { VERSION_OPTION } from '../../ocf/codec/ocf.ts';
import { STATES } from '../../ocf/codec/swu.ts';
import { type BlockLimits, blockwise } from '../coap/blocks.ts';
import { type Answer, Endpoint, type LinkTiming, type Request } from '../coap/endpoint.ts';
import { pathOf } from '../coap/message.ts';
import type { Store } from '../store.ts';
import type { Behaviour, Unnotified } from './behaviour.ts';
import { coreResources } from './core-resources.ts';
import { factory } from './factory.ts';
import type { Goal } from './machine.ts';
import { Notifier } from './notifier.ts';
import type { Options } from './options.ts';
import { makePackage } from './package.ts';
import { Alarm } from '../alarm.ts';
import { CLEAR, type Session } from './security/access.ts';
import { Security } from './security/security.ts';
import { type Resource, serve, type ServerContext } from './server.ts';
import { fetchPackage, type FetchOrder, type Got, urlFault } from './source.ts';
import type { Saved } from './store.ts';
import { swuResource } from './swu-resource.ts';
import { Updater } from './updater.ts';

export interface DeviceSetup {
  readonly wire: Wire;
  /** Where owner and clients come in, on a device with security. */
  readonly secure?: SecurePort;
  /** Where requests to the group address come in. */
  readonly multicast?: readonly Wire[];
  readonly clock: BenchClock;
  readonly link: LinkTiming;
  readonly options: Options;
  readonly behaviour: Behaviour;
  readonly store: Store<Saved>;
  /** The identity of a new device is drawn from it. */
  readonly seed: number;
  readonly sink: EventSink;
  readonly impair?: Impairments;
  /** Certificates (PEM) for HTTPS, as they are when a package is fetched. */
  readonly ca?: () => string | undefined;
  /** The firmware crashes. */
  die(): void;
}

/** What a device with security has beside its clear port. */
export interface SecurePort {
  readonly dtls: DtlsWire;
  /** What the device shows when an owner comes by manufacturer certificate. */
  readonly certificate?: OwnCertificate;
  /** Shows a line on the device's display. */
  readonly say: (line: string) => void;
}

const MAX_BODY = 8192;

/** A simulated OCF device with a software update resource. Alive from construction, which is its boot, until `close`. */
export class OcfDevice {
  private readonly setup: DeviceSetup;
  private readonly saved: Saved;
  private readonly endpoint: Endpoint;
  /** The endpoints in clear and, with security, over DTLS. */
  private readonly endpoints: readonly Endpoint[];
  private readonly notifier: Notifier;
  private readonly security: Security | undefined;
  private readonly updater: Updater;
  private readonly alarm: Alarm;
  private readonly limits: BlockLimits;
  private readonly resources: readonly Resource[];

  constructor(setup: DeviceSetup) {
    this.setup = setup;
    const { options, behaviour, clock, link, wire, store } = setup;
    this.saved = store.load() ?? factory(options, setup.seed);
    this.limits = { szx: Math.log2(Number(options.blockSize)) - 4, maxBody: MAX_BODY };
    const { secure } = setup;
    const open = (at: Wire, session: (from: Peer) => Session): Endpoint =>
      new Endpoint(
        at,
        link,
        blockwise((request) => this.handle(request, session(request.from)), this.limits),
        Object.values(VERSION_OPTION),
      );
    this.endpoint = open(wire, () => CLEAR);
    for (const group of setup.multicast ?? []) this.endpoint.listen(group);
    const secured =
      secure === undefined ? undefined : open(secure.dtls, (from) => this.security?.sessionOf(from) ?? CLEAR);
    this.endpoints = secured === undefined ? [this.endpoint] : [this.endpoint, secured];
    this.notifier = new Notifier({
      saved: this.saved,
      options,
      behaviour,
      endpoint: secured ?? this.endpoint,
      limits: this.limits,
      context: this.context,
      save: () => store.save(this.saved),
    });
    this.alarm = new Alarm(clock);
    if (secure !== undefined && secured !== undefined) this.security = this.secureWith(secure, secured);
    this.resources = this.makeResources();
    this.updater = new Updater({
      saved: this.saved,
      clock,
      options,
      behaviour,
      fetch: (purl, order) => this.fetch(purl, order),
      changed: () => this.changed(this.saved.machine.run === undefined ? 'rest' : 'state'),
      freeze: () => this.freeze(),
      offline: () => this.offline(),
      online: () => this.online(),
    });
    this.boot();
  }

  /** Where the device can be reached. */
  get url(): string {
    const { wire } = this.setup;
    return `${wire.secure ? 'coaps' : 'coap'}://${printPeer(wire.local)}`;
  }

  /** The same over DTLS; undefined without security. */
  get secureUrl(): string | undefined {
    const { secure } = this.setup;
    return secure === undefined ? undefined : `coaps://${printPeer(secure.dtls.local)}`;
  }

  /** Device state as the security document names it, and the PIN of the owner transfer that is under way. */
  get dos(): string {
    return this.security?.dos ?? 'no security';
  }

  get pin(): string | undefined {
    return this.security?.pin;
  }

  get deviceId(): string {
    return this.saved.deviceId;
  }

  /** Firmware that runs. */
  get version(): string {
    return this.saved.version;
  }

  /** State, result and mode bits (table 3), as a log line. */
  get summary(): string {
    const { state, result } = this.saved.machine;
    return `${state} cm ${STATES[state].cm} result ${result} action ${this.saved.action}`;
  }

  /** An update goes on. */
  get busy(): boolean {
    return this.updater.busy;
  }

  /** Starts an action at once, as the target mode of a secured device does; `purl`: instead of the one that the resource shows. */
  trigger(goal: Goal, purl?: string): void {
    this.updater.start(goal, purl);
  }

  /** Back to the state in which the device left its factory, firmware included. It keeps its identity, unless it had an owner to lose. */
  factoryReset(): void {
    const { version } = factory(this.setup.options, this.setup.seed);
    this.wipe();
    Object.assign(this.saved, { version });
    this.security?.reset();
    this.changed('rest');
  }

  /** Forgets what clients have told it and what it has found; firmware and ownership stay. */
  private wipe(): void {
    const { behaviour, options, seed } = this.setup;
    const { deviceId, platformId, version, ownership, machine, action } = this.saved;
    this.updater.stop();
    this.alarm.clear();
    this.notifier.clear();
    delete this.saved.schedule;
    delete this.saved.validated;
    Object.assign(this.saved, factory(options, seed), { deviceId, platformId, version });
    if (ownership !== undefined) this.saved.ownership = ownership;
    if (behaviour.resetKeepsUpdate === true) {
      this.saved.machine = { state: machine.state, result: machine.result };
      this.saved.action = action;
    }
  }

  /** Puts another firmware on the device, as a programmer on its test pads does. */
  flash(version: string): void {
    this.saved.version = version;
    this.changed('rest');
  }

  /** Ends the device without a trace in its memory, as a power cut does. The wires are their owner's to close. */
  close(): void {
    this.updater.stop();
    this.alarm.clear();
    this.security?.close();
    for (const endpoint of this.endpoints) endpoint.close();
  }

  private boot(): void {
    const { behaviour, options } = this.setup;
    this.security?.boot();
    const interrupted = this.saved.machine.run !== undefined;
    if (interrupted && behaviour.boot === 'brick') {
      this.mute(true);
      return;
    }
    const { schedule } = this.saved;
    const lost = options.persistSchedule === 'no' || behaviour.losesSchedule === true;
    const overdue = schedule !== undefined && schedule.at <= this.setup.clock.protocolNow();
    const runsOverdue = options.overdueAtBoot === 'run' || behaviour.runsOverdue === true;
    if (schedule !== undefined && (lost || (overdue && !runsOverdue))) {
      delete this.saved.schedule;
      this.saved.action = 'idle';
    }
    this.setup.store.save(this.saved);
    this.updater.boot();
    this.arm();
  }

  private arm(): void {
    const { schedule } = this.saved;
    this.alarm.clear();
    if (schedule === undefined) return;
    this.alarm.set(schedule.at, () => {
      delete this.saved.schedule;
      this.updater.start(schedule.goal);
    });
  }

  private handle(request: Request, session: Session): Answer | Promise<Answer> {
    if (this.setup.options.separate === 'no' || request.multicast) return this.answer(request, session);
    const slow = this.setup.link.promptMs * 1.5;
    return new Promise((resolve) => setTimeout(() => resolve(this.answer(request, session)), slow));
  }

  private answer(request: Request, session: Session): Answer {
    if (this.security?.admits(request, session) !== false) return serve(request, session, this.context());
    const { behaviour, options } = this.setup;
    const stored = behaviour.storesUnauthorised === true && pathOf(request.message) === options.href;
    if (stored) serve(request, session, this.context());
    return request.multicast ? 'silence' : { code: '4.01' };
  }

  private secureWith(secure: SecurePort, endpoint: Endpoint): Security | undefined {
    const { options, behaviour, clock } = this.setup;
    if (options.security === 'none') return undefined;
    return new Security({
      ...secure,
      method: options.security,
      clock,
      options,
      behaviour,
      saved: this.saved,
      endpoint,
      limits: this.limits,
      context: this.context,
      changed: () => this.changed('rest'),
      trigger: (goal) => this.trigger(goal, behaviour.tmUsesFirstPurl === true ? this.saved.firstPurl : undefined),
      wipe: () => this.wipe(),
    });
  }

  private readonly context = (): ServerContext => ({
    options: this.setup.options,
    behaviour: this.setup.behaviour,
    resources: this.resources,
  });

  private makeResources(): readonly Resource[] {
    const { options, behaviour, clock } = this.setup;
    const { saved } = this;
    const swu = swuResource({
      saved,
      options,
      behaviour,
      now: () => clock.protocolNow(),
      changed: () => {
        this.changed('update');
        this.arm();
      },
      freeze: () => this.freeze(),
      die: () => this.setup.die(),
      busy: () => this.updater.busy,
      observe: (request, register) => this.notifier.observe(request, register),
      context: this.context,
    });
    const urls = { url: () => this.url, secureUrl: () => this.secureUrl };
    const core = coreResources({ saved, ...urls, behaviour, all: () => this.resources });
    return [...core, swu, ...(this.security?.resources ?? [])];
  }

  /** Saves, and tells the observers where what they see is different. */
  private changed(cause: Unnotified): void {
    this.setup.store.save(this.saved);
    this.security?.notify();
    this.notifier.changed(cause);
  }

  private fetch(purl: string, order: FetchOrder): Promise<Got> {
    const { options, behaviour, clock, link, sink, impair } = this.setup;
    const trusted = this.setup.ca?.();
    const protocols = options.protocols.split(',');
    const pretends = behaviour.pretendsFetch !== undefined && urlFault(purl, protocols) !== undefined;
    if (pretends) return Promise.resolve({ ok: true, data: makePackage({ kind: 'ok', version: '99.0.0' }) });
    return fetchPackage(purl, order, {
      protocols,
      stallMs: options.stallMs * clock.factor,
      link,
      sink,
      ...(impair === undefined ? {} : { impair }),
      ...(trusted === undefined ? {} : { ca: trusted }),
    });
  }

  private mute(muted: boolean): void {
    for (const endpoint of this.endpoints) endpoint.muted = muted;
    this.security?.mute(muted);
  }

  private freeze(): void {
    this.mute(true);
    this.updater.stop();
    this.alarm.clear();
  }

  private offline(): void {
    this.mute(true);
    for (const endpoint of this.endpoints) endpoint.restart();
    this.notifier.clear();
    this.security?.restart();
  }

  private online(): void {
    this.mute(false);
  }
}
