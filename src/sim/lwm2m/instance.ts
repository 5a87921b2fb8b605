import type { BenchClock } from '../../core/clock.ts';
import { RESULT, STATE } from '../../lwm2m/codec/swmgmt.ts';
import { Alarm } from '../alarm.ts';
import type { Behaviour } from './behaviour.ts';
import type { Downloaded } from './download.ts';
import { type Choices, type Event, next } from './machine.ts';
import type { Options } from './options.ts';
import { inspect, type Inspected } from './package.ts';
import type { SavedSoftware } from './saved.ts';

/** What an instance of object 9 needs of its device. */
export interface InstancePort {
  readonly clock: BenchClock;
  readonly options: Options;
  readonly behaviour: Behaviour;
  /** Something that the resources show has changed. */
  changed(): void;
  /** The set of objects or instances has changed. `announce`: the server is to be told at once. */
  modelChanged(announce: boolean): void;
  /** A component id that no instance of object 14 has. */
  freeComponentId(): number;
  reboot(): void;
  freeze(): void;
  download(url: URL, user: string, password: string, signal: AbortSignal): Promise<Downloaded>;
  /** The other instances, for devices that mix them up. */
  others(): readonly Instance[];
}

/** How long the work takes, in milliseconds of protocol time. */
export const WORK_MS = { check: 1000, slowCheck: 10_000, install: 2000, uninstall: 1000, pullStart: 1000 } as const;

/** The choices of the standard as this device makes them. */
export function choicesOf(options: Options, behaviour: Behaviour): Choices {
  const numberOr = (word: string): number | 'same' => (word === 'same' ? 'same' : Number(word));
  const keeps = options.uninstallDelivered === 'keep' || behaviour.uninstallKeepsResult === true;
  return {
    delivered: behaviour.deliveredResult ?? Number(options.delivered),
    installActivates: options.installActivates === 'yes' || behaviour.installActivates === true,
    uninstallDelivered: keeps ? 'same' : RESULT.INITIAL,
    uninstallFailure: numberOr(options.uninstallFailure),
    activationFailure: numberOr(options.activationFailureResult),
    persist: options.persist === 'yes',
  };
}

/** One instance of object 9: its state as it changes, and the check that follows every download. */
export class Instance {
  readonly saved: SavedSoftware;
  readonly port: InstancePort;
  private readonly choices: Choices;
  private readonly checking: Alarm;
  private quiet = false;

  constructor(saved: SavedSoftware, port: InstancePort) {
    this.saved = saved;
    this.port = port;
    this.choices = choicesOf(port.options, port.behaviour);
    this.checking = new Alarm(port.clock);
  }

  get state(): number {
    return this.saved.machine.state;
  }

  /** Takes what the machine makes of the event; false where it makes nothing of it. */
  apply(on: Event, given = 0): boolean {
    const { saved, port } = this;
    const after = next(saved.machine, on, this.choices, given);
    if (after === undefined) return false;
    saved.machine = this.distort(on, after);
    if (port.behaviour.mixesInstances === true)
      for (const { saved: other } of port.others()) other.machine = saved.machine;
    if (!this.quiet) port.changed();
    return true;
  }

  /** Does something that nobody is told of before the next change. */
  quietly(act: () => void): void {
    this.quiet = true;
    act();
    this.quiet = false;
  }

  /** Sets what no right device would: a state by hand. */
  force(machine: Partial<SavedSoftware['machine']>): void {
    this.saved.machine = { ...this.saved.machine, ...machine };
    if (!this.quiet) this.port.changed();
  }

  /** Power came back. */
  boot(): void {
    const { saved, port } = this;
    const { behaviour } = port;
    if (behaviour.losesActivation === true) saved.machine = { ...saved.machine, active: false };
    if (behaviour.deliveredBootsInstalled === true && this.state === STATE.DELIVERED)
      saved.machine = { state: STATE.INSTALLED, result: RESULT.INSTALLED, active: false };
    this.apply('boot');
    if (this.state === STATE.INITIAL) {
      delete saved.pending;
      saved.components = [];
    }
    if (this.state === STATE.DOWNLOADED) this.check();
  }

  /** A whole package has come, pushed or pulled. */
  downloaded(data: Buffer, unchecked: boolean): void {
    const { saved, port } = this;
    const { behaviour, options } = port;
    const found = inspect(data, { storage: options.storage, ram: options.ram });
    const leaks = behaviour.leaksAfter !== undefined && saved.uninstalls >= behaviour.leaksAfter;
    const passes = found.ok || (unchecked && found.manifest !== undefined && found.result === RESULT.INTEGRITY_FAILED);
    if (leaks) saved.pending = { ok: false, result: RESULT.NO_STORAGE };
    else if (behaviour.forUpdateForgets === true && saved.forUpdate)
      saved.pending = { ok: false, result: RESULT.DEVICE_ERROR };
    else if (passes && found.manifest !== undefined) saved.pending = { ok: true, manifest: found.manifest };
    else if (behaviour.acceptsGap === true || (data.length === 0 && behaviour.deliversEmpty === true))
      saved.pending = emptyPackage();
    else saved.pending = found;
    if (behaviour.jumpsToInstalled === true && saved.pending.ok) {
      saved.package = saved.pending.manifest;
      delete saved.pending;
      return this.force({ state: STATE.INSTALLED, result: RESULT.INSTALLED });
    }
    if (this.state === STATE.INITIAL) this.quietly(() => this.force({ state: STATE.DOWNLOAD_STARTED }));
    if (behaviour.tooLarge !== undefined && !found.ok && found.result === RESULT.NO_STORAGE)
      return this.force(behaviour.tooLarge);
    this.apply('complete');
    this.check();
  }

  /** Forgets what is going on, as the power does. */
  stop(): void {
    this.checking.clear();
  }

  private check(): void {
    const { behaviour, clock } = this.port;
    if (behaviour.neverChecks === true) return;
    const { pending } = this.saved;
    const slow = pending?.ok === true && pending.manifest.slow;
    this.checking.set(clock.protocolNow() + (slow ? WORK_MS.slowCheck : WORK_MS.check), () => this.checked());
  }

  private checked(): void {
    const { saved, port } = this;
    const { pending } = saved;
    delete saved.pending;
    if (pending === undefined) return;
    if (!pending.ok) {
      this.apply('rejected', pending.result);
      return;
    }
    const stays = port.behaviour.keepsNameAndVersion === true ? saved.package : undefined;
    saved.package = { ...pending.manifest, ...(stays && { name: stays.name, version: stays.version }) };
    if (port.options.componentsFrom === 'delivered') this.addComponents();
    this.apply('verified');
  }

  /** Puts another package in the place of the delivered one, as no right device does. */
  replacePackage(data: Buffer): void {
    const { options } = this.port;
    const { manifest } = inspect(data, { storage: options.storage, ram: options.ram });
    if (manifest !== undefined) this.saved.package = manifest;
  }

  /** Gives every component of the package an instance of object 14. */
  addComponents(): void {
    const { saved, port } = this;
    if (port.options.components !== 'yes' || saved.components.length > 0) return;
    for (const component of saved.package?.components ?? [])
      saved.components.push({ id: port.freeComponentId(), ...component, active: false });
    port.modelChanged(false);
  }

  /** What a wrong device makes of the next state. */
  private distort(on: Event, after: SavedSoftware['machine']): SavedSoftware['machine'] {
    const { behaviour } = this.port;
    const { result } = this.saved.machine;
    const download = on === 'begin' || on === 'complete' || on === 'verified';
    if (behaviour.keepsOldResult === true && download && result >= RESULT.NO_STORAGE) return { ...after, result };
    if (on === 'uninstalled' && behaviour.uninstallKeepsActivation === true)
      return { ...after, active: this.saved.machine.active };
    if (on === 'uninstalled') return { ...after, result: behaviour.uninstallResult ?? after.result };
    if (on === 'installFailed')
      return {
        ...after,
        state: behaviour.failedInstallState ?? after.state,
        result: behaviour.failedInstallResult ?? after.result,
      };
    return after;
  }
}

function emptyPackage(): Inspected {
  const manifest = {
    type: 'software',
    name: '',
    version: '',
    size: 0,
    sha256: '',
    storage: 0,
    ram: 0,
    fails: 'nothing' as const,
    slow: false,
    components: [],
    objects: [],
  };
  return { ok: true, manifest };
}
