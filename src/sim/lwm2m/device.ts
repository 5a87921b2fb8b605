import type { BenchClock } from '../../core/clock.ts';
import type { EventSink } from '../../core/events.ts';
import type { ClientCredentials } from '../../link/dtls/credentials.ts';
import type { Impairments } from '../../link/impair.ts';
import { type Peer, peerKey, type Wire } from '../../link/wire.ts';
import { parsePath, type Path, printPath } from '../../lwm2m/codec/path.ts';
import { printResult, printState, RES, STATE } from '../../lwm2m/codec/swmgmt.ts';
import { Alarm } from '../alarm.ts';
import { type BlockLimits, blockwise } from '../coap/blocks.ts';
import { type Answer, Endpoint, type Handler, type LinkTiming, type Reply, type Request } from '../coap/endpoint.ts';
import { type Message, METHOD, pathOf } from '../coap/message.ts';
import type { Store } from '../store.ts';
import { AttributeTable } from './attributes.ts';
import type { Behaviour } from './behaviour.ts';
import { Bootstrap } from './bootstrap.ts';
import { deviceObject, serverObject, softwareOwnObject } from './core-objects.ts';
import { registrationLinks } from './discovery.ts';
import { download, type Downloaded } from './download.ts';
import { type DeviceObject, readEntries } from './model.ts';
import { compositePaths, operate, type OperationsContext, read, representComposite } from './operations.ts';
import type { Options } from './options.ts';
import { QueueMode } from './queue-mode.ts';
import { Registration } from './registration.ts';
import { Reporting } from './reporting.ts';
import { type Account, factory, type Saved } from './saved.ts';
import type { Software } from './software.ts';
import { componentObject, softwareObject, type SoftwareObjectPort } from './software-object.ts';
import { SoftwareSet } from './software-set.ts';

export interface DeviceSetup {
  readonly wire: Wire;
  /** Finds the server, or the one of the account, and makes the association where the wire is secure. */
  readonly connect: (account: Account | undefined) => Promise<Peer>;
  readonly clock: BenchClock;
  readonly link: LinkTiming;
  /** Queue mode: real milliseconds that the device listens after the last traffic. */
  readonly awakeMs: number;
  readonly options: Options;
  readonly behaviour: Behaviour;
  readonly store: Store<Saved>;
  readonly sink: EventSink;
  readonly impair?: Impairments;
  /** For coaps package servers. */
  readonly credentials?: ClientCredentials;
  /** Certificates (PEM) for https. */
  readonly ca?: () => string;
}

const MAX_BODY = 131_072;
/** A reboot takes so long, milliseconds of protocol time. */
const REBOOT_MS = 3000;
const SECOND_MS = 1000;

/** A simulated LwM2M client with software management. Alive from construction, which is its boot, until `close`. */
export class Lwm2mDevice {
  private readonly setup: DeviceSetup;
  private readonly saved: Saved;
  private readonly endpoint: Endpoint;
  private readonly registration: Registration;
  private readonly bootstrap: Bootstrap;
  private readonly reporting: Reporting;
  private readonly queueMode: QueueMode;
  private readonly attributes = new AttributeTable();
  private readonly limits: BlockLimits;
  private readonly objectPort: SoftwareObjectPort;
  /** Everything but pushes, with block-wise transfer around it. */
  private readonly whole: Handler;
  private readonly comingBack: Alarm;
  private readonly software: SoftwareSet;
  /** Whom the device registered to. */
  private server: Peer | undefined;
  /** Since the boot. */
  private registrations = 0;

  constructor(setup: DeviceSetup) {
    this.setup = setup;
    const { options, behaviour, clock, link, wire, store } = setup;
    this.saved = store.load() ?? factory(options);
    this.limits = { szx: Math.log2(Number(options.blockSize)) - 4, maxBody: MAX_BODY };
    const { acknowledgesNon, acknowledgesPing, takesAnyCritical } = behaviour;
    const quirks = {
      uncached: (message: Message) => this.isUncached(message),
      ...(acknowledgesNon && { acknowledgesNon }),
      ...(acknowledgesPing && { acknowledgesPing }),
      ...(takesAnyCritical && { takesAnyCritical }),
    };
    this.endpoint = new Endpoint(wire, link, (request) => this.handle(request), [], quirks);
    this.queueMode = new QueueMode(this.endpoint, options.queue === 'yes' ? setup.awakeMs : undefined);
    this.whole = blockwise((request) => operate(request, this.context()), this.limits);
    this.comingBack = new Alarm(clock);
    this.reporting = this.makeReporting();
    this.registration = new Registration({
      endpoint: this.endpoint,
      clock,
      link,
      options,
      connect: async () => (this.server = await setup.connect(this.saved.account)),
      links: () => registrationLinks(this.objects(), this.saved, setup),
      neverAgain: behaviour.neverRegistersAgain === true,
      alwaysLinks: behaviour.listsDeleted === true,
      lifetimeS: () => this.saved.lifetime,
      registered: () => this.registered(),
      awake: () => this.queueMode.awake(),
    });
    this.bootstrap = new Bootstrap({
      endpoint: this.endpoint,
      clock,
      link,
      options,
      connect: () => setup.connect(undefined),
      done: (account, lifetimeS) => {
        this.saved.account = account;
        if (lifetimeS !== undefined && behaviour.ignoresAccountLifetime !== true) this.saved.lifetime = lifetimeS;
        store.save(this.saved);
        this.registration.start();
      },
    });
    this.software = new SoftwareSet(this.saved, {
      clock,
      options,
      behaviour,
      changed: () => this.changed(),
      modelChanged: (announce) => this.modelChanged(announce),
      reboot: () => this.reboot(),
      freeze: () => this.freeze(),
      download: (url, user, password, signal) => this.download(url, user, password, signal),
    });
    this.objectPort = {
      options,
      behaviour,
      saved: this.saved,
      all: () => this.software.all,
      add: (saved) => this.software.add(saved),
      take: (id) => this.software.take(id),
      modelChanged: (announce) => this.modelChanged(announce),
    };
    this.software.boot();
    store.save(this.saved);
    this.begin();
  }

  /** One line for whoever debugs: registration, and state, result and activation of every instance. */
  get summary(): string {
    const lines = this.saved.software.map(
      ({ id, machine, package: kept }) =>
        `${printPath([9, id])} ${printState(machine.state)} ${printResult(machine.result)} ${machine.active ? 'active' : 'inactive'} ${kept?.name ?? '-'} ${kept?.version ?? '-'}`,
    );
    return [this.registration.summary, ...lines].join(', ');
  }

  get isRegistered(): boolean {
    return this.registration.isRegistered;
  }

  /** Registers anew. */
  register(): void {
    this.registration.start();
  }

  /** Sends a registration Update. */
  update(): void {
    this.registration.update();
  }

  deregister(): Promise<void> {
    return this.registration.deregister();
  }

  /** Back to the state in which the device left its factory; then registers anew. */
  factoryReset(): void {
    this.software.stop();
    delete this.saved.account;
    Object.assign(this.saved, factory(this.setup.options));
    this.software.renew();
    this.setup.store.save(this.saved);
    this.forget();
    this.registration.stop();
    this.begin();
  }

  /** Off the net for a while, everything volatile forgotten, then registers anew. */
  reboot(): void {
    const { clock } = this.setup;
    this.endpoint.muted = true;
    this.endpoint.restart();
    this.registration.stop();
    this.forget();
    this.software.stop();
    this.software.boot();
    this.comingBack.set(clock.protocolNow() + REBOOT_MS, () => {
      this.endpoint.muted = false;
      this.begin();
    });
  }

  /** Ends the device without a trace in its memory, as a power cut does. The wires are their owner's to close. */
  close(): void {
    this.queueMode.stop();
    this.comingBack.clear();
    this.registration.stop();
    this.bootstrap.stop();
    this.forget();
    this.software.stop();
    this.endpoint.close();
  }

  /** Registers, or asks for an account first. */
  private begin(): void {
    if (this.setup.options.bootstrap === 'yes' && this.saved.account === undefined) this.bootstrap.start();
    else this.registration.start();
  }

  private handle(request: Request): Answer | Promise<Answer> {
    const { options, link } = this.setup;
    if (this.bootstrap.concerns(request)) return this.bootstrap.handle(request);
    // A device talks to the server that it registered to and to nobody else.
    if (this.server === undefined || peerKey(request.from) !== peerKey(this.server)) return 'silence';
    this.queueMode.awake();
    const answer = (): Answer | Promise<Answer> => this.serve(request);
    if (options.separate === 'no') return answer();
    return new Promise((resolve) => setTimeout(() => resolve(answer()), link.promptMs * 1.5));
  }

  /** Pushes go block by block to their instance; other requests are put together first. */
  private serve(request: Request): Answer | Promise<Answer> {
    const { options } = this.setup;
    const target = this.packageTarget(request.message);
    const pushing = this.software.all.find(({ delivery }) => delivery.push.open);
    const busy = options.duringPush === '5.03' && pushing !== undefined;
    const { busyCode } = this.setup.behaviour;
    if (busyCode !== undefined && pushing !== undefined && target === undefined) return { code: busyCode };
    if (busy && !(target === pushing && pushing.delivery.push.isFrom(request))) return { code: '5.03' };
    return target === undefined ? this.whole(request) : target.delivery.writePackage(request);
  }

  /** The place in the data model, below the root path of this device. */
  private pathIn(message: Message): Path {
    return parsePath(pathOf(message).slice(this.setup.options.root.length)) ?? [];
  }

  /** The instance that a message writes the package of; undefined where it does something else. */
  private packageTarget(message: Message): Software | undefined {
    const [object, id, resource, more] = this.pathIn(message);
    const { options } = this.setup;
    const writes = message.code === METHOD.put && (message.payload.length > 0 || message.options.every(notQuery));
    if (!writes || object !== 9 || resource !== RES.package || more !== undefined) return undefined;
    if (!options.resources.split(',').includes(String(RES.package))) return undefined;
    return this.software.get(id);
  }

  /** Requests whose repetition is served anew. */
  private isUncached(message: Message): boolean {
    const { options, behaviour } = this.setup;
    if (options.cache === 'no') return true;
    const { appendsRepeated, refusesRepeated, repeats } = behaviour;
    if (appendsRepeated === true || refusesRepeated === true) return this.packageTarget(message) !== undefined;
    const [object, , resource] = this.pathIn(message);
    return message.code === METHOD.post && object === 9 && repeats?.includes(resource ?? -1) === true;
  }

  /** The data model as it is now; object 0 is not for servers and has no place in it. */
  private objects(): readonly DeviceObject[] {
    const { options } = this.setup;
    const core = {
      options,
      saved: this.saved,
      changed: () => this.changed(),
      update: () => this.registration.update(),
      disable: () => void this.disable(),
      reboot: () => this.reboot(),
      factoryReset: () => this.factoryReset(),
    };
    const objects = [serverObject(core), deviceObject(core), softwareObject(this.objectPort)];
    const components = options.components === 'yes' ? [componentObject(this.objectPort)] : [];
    return [...objects, ...components, ...this.saved.objects.map(softwareOwnObject)];
  }

  private context(): OperationsContext {
    const { options, behaviour } = this.setup;
    return {
      options,
      behaviour,
      objects: this.objects(),
      attributes: this.attributes,
      reporting: this.reporting,
      removeAll: () => {
        for (const { saved } of this.software.all) this.software.take(saved.id);
      },
    };
  }

  private makeReporting(): Reporting {
    const { clock, options, behaviour } = this.setup;
    return new Reporting({
      endpoint: this.endpoint,
      clock,
      options,
      behaviour,
      limits: this.limits,
      represent: (request, telling) => this.represent(request, telling),
      entries: (paths) => paths.flatMap((path) => readEntries(this.objects(), path)),
      attributes: (paths) => {
        const { defaultPmin: pmin, defaultPmax: pmax } = this.saved;
        const own = paths.length === 1 && paths[0] !== undefined ? this.attributes.holding(paths[0]) : {};
        return { pmin, pmax, ...own };
      },
      awake: () => this.queueMode.awake(),
    });
  }

  /** What a Read, or a notification, shows. */
  private represent(request: Request, telling: boolean): Reply {
    const context = this.context();
    const twist = telling ? this.reporting.twist() : undefined;
    if (request.message.code === METHOD.get) return read(request, this.pathIn(request.message), context, twist);
    const found = compositePaths(request, context);
    return 'refused' in found ? found.refused : representComposite(request, found.paths, context, twist);
  }

  /** Fetches a package with the times, keys and certificates of this device. */
  private download(url: URL, user: string, password: string, signal: AbortSignal): Promise<Downloaded> {
    const { options, behaviour, clock, link, sink, impair, credentials: shown, ca } = this.setup;
    const stallMs = behaviour.givesUpAtOnce === true ? link.ackTimeoutMs * 1.5 : options.stallMs * clock.factor;
    const setup = {
      sink,
      link,
      stallMs,
      maxSize: options.storage,
      szx: this.limits.szx,
      resume: options.resume === 'yes' && behaviour.givesUpAtOnce !== true,
      ...(impair === undefined ? {} : { impair }),
      ...(shown === undefined ? {} : { dtls: shown }),
      ...(ca === undefined ? {} : { ca }),
      ...(user === '' ? {} : { credentials: { user, password } }),
      ...(behaviour.joinsVersions === true ? { anyEtag: true as const } : {}),
    };
    return download(url, setup, signal);
  }

  /** Saves, and tells the observers where what they see is different. */
  private changed(): void {
    const { store, behaviour } = this.setup;
    const brought = this.saved.software.flatMap(({ machine, package: kept }) =>
      machine.state === STATE.INSTALLED ? (kept?.objects ?? []) : [],
    );
    const stay = behaviour.droppedObjectsStay === true ? this.saved.objects : [];
    this.saved.objects = [...new Set([...stay, ...brought])].sort((a, b) => a - b);
    store.save(this.saved);
    if (!this.endpoint.muted) this.reporting.changed();
  }

  /** Objects or instances have come or gone. */
  private modelChanged(announce: boolean): void {
    this.changed();
    if (announce) this.registration.update();
  }

  /** Observations end with the registration that they were made under. */
  private registered(): void {
    this.registrations += 1;
    this.reporting.clear();
    this.queueMode.awake();
    if (this.registrations > 1 && this.setup.behaviour.forgetsAtRegistration === true) {
      this.software.forget();
      this.setup.store.save(this.saved);
    }
  }

  /** Resource 4 of object 1: away until the disable timeout is over. */
  private async disable(): Promise<void> {
    const { clock } = this.setup;
    const at = clock.protocolNow() + this.saved.disableTimeout * SECOND_MS;
    await this.registration.deregister();
    this.reporting.clear();
    this.comingBack.set(at, () => this.registration.start());
  }

  /** The firmware hangs: silent until the power is cut. */
  private freeze(): void {
    this.endpoint.muted = true;
    this.registration.stop();
    this.software.stop();
  }

  /** What the server has attached to the device is volatile. */
  private forget(): void {
    this.reporting.clear();
    this.attributes.clear();
  }
}

function notQuery({ number }: { readonly number: number }): boolean {
  return number !== 15;
}
