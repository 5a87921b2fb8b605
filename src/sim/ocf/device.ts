import type { BenchClock } from '../../core/clock.ts';
import type { EventSink } from '../../core/events.ts';
import type { Impairments } from '../../link/impair.ts';
import { printPeer, type Wire } from '../../link/wire.ts';
import { INTERFACE, VERSION_OPTION } from '../../ocf/codec/ocf.ts';
import { STATES } from '../../ocf/codec/swu.ts';
import { type BlockLimits, blockwise } from '../coap/blocks.ts';
import { type Answer, Endpoint, type LinkTiming, type Reply, type Request } from '../coap/endpoint.ts';
import { Observers } from '../coap/observe.ts';
import type { Store } from '../store.ts';
import type { Behaviour, Unnotified } from './behaviour.ts';
import { coreResources } from './core-resources.ts';
import { factory } from './factory.ts';
import type { Goal } from './machine.ts';
import type { Options } from './options.ts';
import { makePackage } from './package.ts';
import { represent } from './representation.ts';
import { Alarm } from '../alarm.ts';
import { content, interfaceOf, type Resource, serve, type ServerContext } from './server.ts';
import { fetchPackage, type FetchOrder, type Got, urlFault } from './source.ts';
import type { Saved } from './store.ts';
import { swuResource } from './swu-resource.ts';
import { Updater } from './updater.ts';

export interface DeviceSetup {
  readonly wire: Wire;
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

const MAX_BODY = 8192;
const FIRST_SEQUENCE = 1000;

/** A simulated OCF device with a software update resource. Alive from construction, which is its boot, until `close`. */
export class OcfDevice {
  private readonly setup: DeviceSetup;
  private readonly saved: Saved;
  private readonly endpoint: Endpoint;
  private readonly observers: Observers;
  private readonly updater: Updater;
  private readonly alarm: Alarm;
  private readonly limits: BlockLimits;
  private readonly resources: readonly Resource[];
  private shown: string;
  /** What notifications show: the state, or on a wrong device the state before. */
  private notified: Saved;

  constructor(setup: DeviceSetup) {
    this.setup = setup;
    const { options, behaviour, clock, link, wire, store } = setup;
    this.saved = store.load() ?? factory(options, setup.seed);
    this.limits = { szx: Math.log2(Number(options.blockSize)) - 4, maxBody: MAX_BODY };
    const handler = blockwise((request) => this.handle(request), this.limits);
    this.endpoint = new Endpoint(wire, link, handler, Object.values(VERSION_OPTION));
    for (const group of setup.multicast ?? []) this.endpoint.listen(group);
    this.observers = new Observers(
      this.endpoint,
      (request) => this.notification(request),
      this.limits,
      options.confirmEvery,
      FIRST_SEQUENCE,
      behaviour.observe,
    );
    this.alarm = new Alarm(clock);
    this.resources = this.makeResources();
    this.notified = structuredClone(this.saved);
    this.shown = this.fingerprint();
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

  /** Starts an action at once, as the target mode of a secured device does. */
  trigger(goal: Goal): void {
    this.updater.start(goal);
  }

  /** Back to the state in which the device left its factory, firmware included; it keeps its identity. */
  factoryReset(): void {
    const { behaviour, options, seed } = this.setup;
    const { deviceId, platformId, machine, action } = this.saved;
    this.updater.stop();
    this.alarm.clear();
    delete this.saved.schedule;
    delete this.saved.validated;
    Object.assign(this.saved, factory(options, seed), { deviceId, platformId });
    if (behaviour.resetKeepsUpdate === true) {
      this.saved.machine = { state: machine.state, result: machine.result };
      this.saved.action = action;
    }
    this.observers.clear();
    this.changed('rest');
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
    this.endpoint.close();
  }

  private boot(): void {
    const { behaviour, options } = this.setup;
    const interrupted = this.saved.machine.run !== undefined;
    if (interrupted && behaviour.boot === 'brick') {
      this.endpoint.muted = true;
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

  private handle(request: Request): Answer | Promise<Answer> {
    if (this.setup.options.separate === 'no' || request.multicast) return serve(request, this.context());
    const slow = this.setup.link.promptMs * 1.5;
    return new Promise((resolve) => setTimeout(() => resolve(serve(request, this.context())), slow));
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
      observe: (request, register) => this.observe(request, register),
      context: this.context,
    });
    return [...coreResources({ saved, url: () => this.url, behaviour, all: () => this.resources }), swu];
  }

  private observe(request: Request, register: boolean): Answer {
    const { behaviour } = this.setup;
    const plain = { ...this.notification(request, this.saved) };
    if (!register) {
      this.observers.deregister(request);
      return plain;
    }
    const again = behaviour.observableOnce === true && this.saved.observed;
    if (behaviour.ignoresObserve === true || again) return plain;
    this.saved.observed = true;
    this.setup.store.save(this.saved);
    const first = this.observers.register(request);
    return behaviour.firstNotificationEmpty === true
      ? { ...first, payload: content('2.05', {}, this.context()).payload ?? Buffer.alloc(0) }
      : first;
  }

  private notification(request: Request, saved: Saved = this.notified): Reply {
    const { options, behaviour } = this.setup;
    const swu = this.resources.find(({ href }) => href === options.href);
    const iface = swu === undefined ? undefined : interfaceOf(request.message.options, swu, behaviour);
    return content('2.05', represent(iface ?? INTERFACE.rw, saved, options, behaviour), this.context());
  }

  /** Saves, and tells the observers where what they see is different. */
  private changed(cause: Unnotified): void {
    const { behaviour, store } = this.setup;
    store.save(this.saved);
    const shown = this.fingerprint();
    if (shown === this.shown) return;
    this.shown = shown;
    const before = this.notified;
    this.notified = structuredClone(this.saved);
    if (behaviour.unnotified === cause || (behaviour.unnotified === 'state' && cause === 'rest')) return;
    const now = this.notified;
    if (behaviour.staleNotifications === true) this.notified = before;
    this.observers.notify();
    if (behaviour.repeatsNotifications === true) this.observers.notify();
    this.notified = now;
  }

  private fingerprint(): string {
    const { options, behaviour } = this.setup;
    return JSON.stringify(represent(INTERFACE.baseline, this.saved, options, behaviour));
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

  private freeze(): void {
    this.endpoint.muted = true;
    this.updater.stop();
    this.alarm.clear();
  }

  private offline(): void {
    this.endpoint.muted = true;
    this.endpoint.restart();
    this.observers.clear();
  }

  private online(): void {
    this.endpoint.muted = false;
  }
}
