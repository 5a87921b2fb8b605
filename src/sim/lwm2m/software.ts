import { COMPONENT, RES, STATE } from '../../lwm2m/codec/swmgmt.ts';
import { boolean, integer, objlnk, string, type Value, type ValueType } from '../../lwm2m/codec/value.ts';
import type { Reply } from '../coap/endpoint.ts';
import { Commands } from './commands.ts';
import { Delivery } from './delivery.ts';
import { Instance, type InstancePort } from './instance.ts';
import type { ObjectInstance, Resource } from './model.ts';
import { numbersIn } from './options.ts';
import type { SavedSoftware } from './saved.ts';

const OK: Reply = { code: '2.04' };
const TEXT_MAX = 255;
/** A link that leads nowhere (LwM2M core, Objlnk). */
const NOWHERE: [number, number] = [65_535, 65_535];
/** Resources that every device has. */
const MANDATORY = [0, 1, 4, 6, 7, 9, 10, 11, 12];
const EXECUTED: readonly number[] = [RES.install, RES.uninstall, RES.activate, RES.deactivate];
const DANGLING = 40;
const UNDECLARED = 99;

/** One instance of object 9 with its components: the resources, and the parts that do the work. */
export class Software {
  readonly instance: Instance;
  readonly delivery: Delivery;
  private readonly commands: Commands;
  private readonly port: InstancePort;

  constructor(saved: SavedSoftware, port: InstancePort, formats: readonly number[]) {
    this.port = port;
    this.instance = new Instance(saved, port);
    this.delivery = new Delivery(this.instance, formats);
    this.commands = new Commands(this.instance, this.delivery);
  }

  get saved(): SavedSoftware {
    return this.instance.saved;
  }

  /** Forgets what is going on, as the power does. */
  stop(): void {
    this.commands.stop();
    this.delivery.stop();
    this.instance.stop();
  }

  /** The resources of object 9 that this device has. */
  get asInstance(): ObjectInstance {
    const { options, behaviour } = this.port;
    const tree = options.components === 'yes' ? [RES.components, RES.treeLength] : [];
    const extra = behaviour.discoverAdds === undefined ? [] : [UNDECLARED];
    const ids = [...MANDATORY, ...numbersIn(options.resources), ...tree, ...extra];
    return { id: this.saved.id, resources: ids.sort((a, b) => a - b).map((id) => this.resource(id)) };
  }

  /** The instances of object 14 that belong to it. */
  get components(): readonly ObjectInstance[] {
    const { options, behaviour } = this.port;
    const ids = numbersIn(options.componentResources);
    return this.saved.components.map((component) => {
      const all: readonly Resource[] = [
        { id: COMPONENT.identity, type: 'String', read: () => string(component.identity) },
        {
          id: COMPONENT.pack,
          type: 'Opaque',
          read: () => ({ type: 'Opaque', value: Buffer.from(component.identity) }),
        },
        { id: COMPONENT.version, type: 'String', read: () => string(component.version) },
        { id: COMPONENT.activate, execute: () => this.commands.executeComponent(component.id, true) },
        { id: COMPONENT.deactivate, execute: () => this.commands.executeComponent(component.id, false) },
        { id: COMPONENT.activation, type: 'Boolean', read: () => boolean(component.active) },
      ];
      const readable = all.map((r) => (behaviour.componentUnreadable?.includes(r.id) === true ? { id: r.id } : r));
      return { id: component.id, resources: readable.filter(({ id }) => ids.includes(id)) };
    });
  }

  /** A resource as this device has it, misbehaviour included. */
  private resource(id: number): Resource {
    const { behaviour } = this.port;
    const right = this.rightResource(id);
    const { read, write, execute, ...rest } = right;
    const shown = behaviour.readable?.[id];
    const reading = shown === undefined ? read : (): Value => string(shown);
    const executing = behaviour.executable?.includes(id) === true ? (): Reply => OK : execute;
    const writing =
      behaviour.writable?.includes(id) === true ? (value: Value): Reply => this.overwrite(id, value) : write;
    return {
      ...rest,
      ...(reading === undefined || behaviour.unreadable?.includes(id) === true ? {} : { read: reading }),
      ...(writing === undefined ? {} : { write: writing }),
      ...(executing === undefined ? {} : { execute: executing }),
    };
  }

  /** A resource as the object definition has it. */
  private rightResource(id: number): Resource {
    if (EXECUTED.includes(id)) return { id, execute: (list) => this.commands.execute(id, list) };
    const { saved } = this;
    switch (id) {
      case RES.package:
        return { id, type: 'Opaque', write: (value) => this.delivery.takeWhole(bufferOf(value)) };
      case RES.uri:
        return { id, type: 'String', write: (value) => this.delivery.writeUri(textOf(value)) };
      case RES.user:
        return this.secret(id, (text) => (saved.user = text));
      case RES.password:
        return this.secret(id, (text) => (saved.password = text));
      case RES.supportedObjects:
        return {
          id,
          type: 'Boolean',
          read: () => boolean(saved.supportedObjects),
          write: (value) => this.keep(() => (saved.supportedObjects = value.value === true)),
        };
      case RES.settings:
        return {
          id,
          type: 'Objlnk',
          read: () => ({ type: 'Objlnk', value: saved.settings }),
          write: (value) => this.keep(() => value.type === 'Objlnk' && (saved.settings = value.value)),
        };
      default:
        return { id, ...this.readOnly(id) };
    }
  }

  /** Name and version are shown once the package is delivered. */
  private readOnly(id: number): { type: ValueType; read: NonNullable<Resource['read']> } {
    const { saved } = this;
    const { behaviour, options } = this.port;
    const { machine } = saved;
    const shown = machine.state >= STATE.DELIVERED ? saved.package : undefined;
    switch (id) {
      case RES.name:
        return { type: 'String', read: () => string(shown?.name ?? '') };
      case RES.version: {
        const hidden = behaviour.emptyVersionAfterInstall === true && machine.state === STATE.INSTALLED;
        return { type: 'String', read: () => string(hidden ? '' : (shown?.version ?? '')) };
      }
      case RES.checkpoint:
        return { type: 'Objlnk', read: () => objlnk(...NOWHERE) };
      case RES.state:
        return { type: 'Integer', read: () => integer(machine.state + (behaviour.stateShift ?? 0)) };
      case RES.result:
        return { type: 'Integer', read: () => integer(behaviour.results?.[machine.result] ?? machine.result) };
      case RES.activation: {
        const still = options.components === 'yes' && options.activation12 === 'still';
        const active = machine.active && !still;
        if (behaviour.activationAsInteger === true) return { type: 'Boolean', read: () => integer(active ? 1 : 0) };
        return { type: 'Boolean', read: () => boolean(active) };
      }
      case RES.reason:
        return { type: 'String', read: () => string('') };
      case RES.components:
        return { type: 'Objlnk', read: () => this.links() };
      case RES.treeLength: {
        const off = behaviour.treeLengthOff ?? 0;
        return {
          type: 'Integer',
          read: () => integer(saved.components.length + (saved.components.length > 0 ? off : 0)),
        };
      }
      default:
        return { type: 'Integer', read: () => integer(0) };
    }
  }

  /** Resource 17. */
  private links(): ReadonlyMap<number, Value> {
    const { components } = this.saved;
    const dangling = this.port.behaviour.danglingComponentLink === true && components.length > 0;
    const ids = components.map(({ id }) => id + (dangling ? DANGLING : 0));
    return new Map(ids.map((id, n) => [n, objlnk(14, id)]));
  }

  /** Resources 14 and 15: written, never shown. */
  private secret(id: number, store: (text: string) => void): Resource {
    const write = (value: Value): Reply => {
      const text = textOf(value);
      return Buffer.byteLength(text) > TEXT_MAX ? { code: '4.00' } : this.keep(() => store(text));
    };
    return { id, type: 'String', write };
  }

  private keep(store: () => void): Reply {
    store();
    this.port.changed();
    return OK;
  }

  /** Writes what no right device lets a server write. */
  private overwrite(id: number, value: Value): Reply {
    const number = Number(value.value);
    if (id === RES.state && number <= STATE.INSTALLED) this.instance.force({ state: number });
    if (id === RES.result) this.instance.force({ result: number });
    return OK;
  }
}

function textOf(value: Value): string {
  return value.type === 'String' ? value.value : '';
}

function bufferOf(value: Value): Buffer {
  return value.type === 'Opaque' ? value.value : Buffer.alloc(0);
}
