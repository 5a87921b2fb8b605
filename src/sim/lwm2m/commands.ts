import type { Argument } from '../../lwm2m/codec/arguments.ts';
import { RES, RESULT, STATE } from '../../lwm2m/codec/swmgmt.ts';
import { Alarm } from '../alarm.ts';
import type { Answer, Reply } from '../coap/endpoint.ts';
import type { Delivery } from './delivery.ts';
import { type Instance, WORK_MS } from './instance.ts';

const OK: Reply = { code: '2.04' };
const WRONG_ARGUMENT: Reply = { code: '4.00' };
const FAILED: Reply = { code: '5.00' };

/** Install, Uninstall, Activate and Deactivate of one instance of object 9, and of its components. */
export class Commands {
  private readonly instance: Instance;
  private readonly delivery: Delivery;
  private readonly working: Alarm;
  /** Install or Uninstall is at work: every other command is refused meanwhile. */
  private busy = false;
  /** A wrong device has thrown away the package whose installation failed. */
  private packageLost = false;

  constructor(instance: Instance, delivery: Delivery) {
    this.instance = instance;
    this.delivery = delivery;
    this.working = new Alarm(instance.port.clock);
  }

  /** Forgets what is going on, as the power does. */
  stop(): void {
    this.working.clear();
    this.busy = false;
  }

  /** Executes a resource of object 9; the arguments are undefined where the text is no list of them. */
  execute(resource: number, list: readonly Argument[] | undefined): Answer | Promise<Answer> {
    const { port } = this.instance;
    const { behaviour } = port;
    const odd = list === undefined || list.some(({ digit, text }) => digit > 1 || text !== undefined);
    if (behaviour.freezesOnArgument === resource && (odd || (resource === RES.install && list.length > 0))) {
      port.freeze();
      return 'silence';
    }
    if (list === undefined) return WRONG_ARGUMENT;
    switch (resource) {
      case RES.install:
        return this.install(list);
      case RES.uninstall:
        return this.uninstall(list);
      case RES.activate:
        return this.activate();
      default:
        return this.deactivate();
    }
  }

  /** Activates or deactivates one component. */
  executeComponent(id: number, on: boolean): Answer {
    const { saved, port, state } = this.instance;
    const early = port.behaviour.componentInDelivered === true && state === STATE.DELIVERED;
    if ((state !== STATE.INSTALLED && !early) || this.busy) return this.refused();
    const all = port.behaviour.componentActivatesAll === true;
    for (const component of saved.components) if (all || component.id === id) component.active = on;
    this.mirror();
    return OK;
  }

  /** The answer to a command in the wrong state; no document names a code, so devices differ. */
  private refused(): Reply {
    return { code: this.instance.port.options.refusal };
  }

  /** Resource 4: carried out in DELIVERED only. */
  private install(list: readonly Argument[]): Answer | Promise<Answer> {
    const { instance } = this;
    const { options, behaviour } = instance.port;
    if (list.length > 0 && options.installArgument === 'refuse') return WRONG_ARGUMENT;
    if (behaviour.installAfterUninstall === true && instance.state === STATE.INITIAL && instance.saved.uninstalls > 0)
      return OK;
    const early = behaviour.installIn?.includes(instance.state) === true;
    if (early && instance.state !== STATE.DELIVERED) {
      this.delivery.stop();
      instance.stop();
      instance.force({ state: STATE.INSTALLED, result: RESULT.INSTALLED, active: false });
      return OK;
    }
    if (instance.state !== STATE.DELIVERED || this.busy) return this.refused();
    if (behaviour.installWithoutEffect === true) return OK;
    return this.work(WORK_MS.install, options.installReboots === 'yes', () => this.installed());
  }

  /** The end of an installation. A device that reboots does so before anybody sees the outcome. */
  private installed(): Reply {
    const { instance } = this;
    const { saved, port } = instance;
    const { behaviour, options } = port;
    if (saved.package?.fails === 'install') {
      if (behaviour.losesFailedPackage === true) this.packageLost = true;
      if (options.installReboots === 'yes') port.reboot();
      instance.apply('installFailed');
      return FAILED;
    }
    saved.forUpdate = false;
    if (options.installReboots === 'yes') port.reboot();
    instance.addComponents();
    if (options.installActivates === 'yes') for (const component of saved.components) component.active = true;
    instance.apply('installed');
    if (behaviour.losesResultAtReboot === true) instance.force({ result: RESULT.INITIAL });
    const told = behaviour.supportedObjects === 'always' || saved.supportedObjects;
    port.modelChanged(told && behaviour.supportedObjects !== 'ignored' && (saved.package?.objects.length ?? 0) > 0);
    return OK;
  }

  /** Resource 6: no argument, 0, or 1 to make ready for an upgrade. */
  private uninstall(list: readonly Argument[]): Answer | Promise<Answer> {
    const { instance } = this;
    const { behaviour, options } = instance.port;
    const [argument] = list;
    if (behaviour.uninstallRefusesArgument === true && list.length > 0) return WRONG_ARGUMENT;
    if (list.length > 1 || argument?.text !== undefined || (argument?.digit ?? 0) > 1) return WRONG_ARGUMENT;
    if (this.busy || this.packageLost) return this.refused();
    if (behaviour.uninstallDeliversIn?.includes(instance.state) === true) {
      this.delivery.stop();
      instance.force({ state: STATE.DELIVERED });
      return OK;
    }
    const forUpdate = argument?.digit === 1;
    if (forUpdate && options.forUpdate === 'no') return this.refused();
    switch (instance.state) {
      case STATE.INSTALLED:
        if (behaviour.uninstallWithoutEffect === true && list.length === 0) return OK;
        return this.work(WORK_MS.uninstall, false, () => this.uninstalled(forUpdate));
      case STATE.DELIVERED:
        if (forUpdate && behaviour.forUpdateDeliveredInstalls === true) {
          instance.force({ state: STATE.INSTALLED, result: RESULT.INSTALLED });
          return OK;
        }
        if (forUpdate && options.forUpdateDelivered === 'refuse') return this.refused();
        return this.work(WORK_MS.uninstall, false, () => this.uninstalled(forUpdate));
      default:
        return this.outOfState();
    }
  }

  /** Uninstall where there is nothing to remove, or a download goes on. */
  private outOfState(): Reply {
    const { instance } = this;
    const { options } = instance.port;
    if (options.outOfState === 'refuse') return this.refused();
    const stops = instance.state === STATE.DOWNLOAD_STARTED && options.outOfState === 'follow';
    if (stops) this.delivery.cancel(RESULT.INITIAL);
    return OK;
  }

  /** The end of a removal; in DELIVERED there is nothing that could fail. */
  private uninstalled(forUpdate: boolean): Reply {
    const { instance } = this;
    const { saved, port } = instance;
    const { behaviour } = port;
    if (instance.state === STATE.INSTALLED && saved.package?.fails === 'uninstall') {
      if (behaviour.failedUninstallRemoves === true) instance.apply('uninstalled');
      else instance.apply('uninstallFailed');
      return FAILED;
    }
    const brought = saved.package?.objects.length ?? 0;
    saved.uninstalls += 1;
    saved.forUpdate = forUpdate;
    if (behaviour.keepsNameAndVersion !== true) delete saved.package;
    if (behaviour.componentsStay !== true) saved.components = [];
    instance.apply('uninstalled');
    port.modelChanged(saved.supportedObjects && brought > 0);
    return OK;
  }

  /** Resource 10: at once, for it is only a flag to this device. */
  private activate(): Reply {
    const { instance } = this;
    const { saved, port, state } = instance;
    const { behaviour, options } = port;
    if (behaviour.activateIn?.includes(state) === true) {
      instance.force({ active: true });
      return OK;
    }
    if (state !== STATE.INSTALLED || this.busy) return this.refused();
    if (behaviour.activateWithoutEffect === true) return OK;
    if (saved.machine.active) {
      if (behaviour.activateToggles === true) instance.apply('deactivated');
      return options.activateAgain === 'accept' ? OK : this.refused();
    }
    if (saved.package?.fails === 'activate') {
      instance.apply(behaviour.failedActivationShown === true ? 'activated' : 'activationFailed');
      return { code: options.activationFailure };
    }
    for (const component of saved.components) component.active = true;
    instance.apply('activated');
    return OK;
  }

  /** Resource 11. */
  private deactivate(): Reply {
    const { instance } = this;
    const { saved, port, state } = instance;
    const { behaviour, options } = port;
    if (state !== STATE.INSTALLED || this.busy) return behaviour.deactivateAnywhere === true ? OK : this.refused();
    if (!saved.machine.active && !saved.components.some(({ active }) => active)) {
      if (behaviour.deactivateInverts === true) instance.apply('activated');
      return options.activateAgain === 'accept' ? OK : this.refused();
    }
    for (const component of saved.components) component.active = false;
    instance.apply('deactivated');
    if (behaviour.deactivateUninstalls === true) instance.force({ state: STATE.DELIVERED });
    return OK;
  }

  /** Resource 12 beside components: true when all of them are active. */
  private mirror(): void {
    const { instance } = this;
    const { saved, port, state } = instance;
    const all = saved.components.length > 0 && saved.components.every(({ active }) => active);
    if (state === STATE.INSTALLED && all !== saved.machine.active) instance.apply(all ? 'activated' : 'deactivated');
    else port.changed();
  }

  /** Does something that takes time; answered before or after it, as the device is built. */
  private work(ms: number, atOnce: boolean, finish: () => Reply): Answer | Promise<Answer> {
    const { options, clock } = this.instance.port;
    this.busy = true;
    const done = new Promise<Answer>((resolve) => {
      this.working.set(clock.protocolNow() + ms, () => {
        this.busy = false;
        resolve(finish());
      });
    });
    return options.execute === 'answerFirst' || atOnce ? OK : done;
  }
}
