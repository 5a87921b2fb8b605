import { STATE } from '../../lwm2m/codec/swmgmt.ts';
import type { Reply } from '../coap/endpoint.ts';
import type { Behaviour } from './behaviour.ts';
import type { Created, DeviceObject } from './model.ts';
import type { Options } from './options.ts';
import { newSoftware, type Saved, type SavedSoftware } from './saved.ts';
import type { Software } from './software.ts';

export interface SoftwareObjectPort {
  readonly options: Options;
  readonly behaviour: Behaviour;
  readonly saved: Saved;
  all(): readonly Software[];
  /** Brings a new instance to life. */
  add(saved: SavedSoftware): void;
  take(id: number): void;
  modelChanged(announce: boolean): void;
}

/** Object 9, with Create and Delete where the options allow them. */
export function softwareObject(port: SoftwareObjectPort): DeviceObject {
  const { options, behaviour } = port;
  const version = behaviour.announcedVersion ?? (options.version === 'absent' ? undefined : options.version);
  return {
    id: 9,
    ...(version === undefined ? {} : { version }),
    instances: () => port.all().map(({ asInstance }) => asInstance),
    ...(options.create === 'yes' ? { create: (id: number | undefined): Created => create(id, port) } : {}),
    ...(options.delete === 'yes' ? { remove: (id: number): Reply => remove(id, port) } : {}),
  };
}

/** Object 14: the components of all packages. */
export function componentObject(port: SoftwareObjectPort): DeviceObject {
  return { id: 14, instances: () => port.all().flatMap(({ components }) => components) };
}

function create(wanted: number | undefined, port: SoftwareObjectPort): Created {
  const { options, behaviour, saved } = port;
  const taken = saved.software.map(({ id }) => id);
  const free = Array.from({ length: options.maxInstances }, (_, i) => i).find((i) => !taken.includes(i));
  const id = wanted ?? free;
  if (id !== undefined && taken.includes(id))
    return behaviour.createOverwrites === true ? { ok: true, id, undo: () => undefined } : { ok: false, code: '4.00' };
  if (id === undefined || id >= options.maxInstances) return { ok: false, code: '4.05' };
  const [first] = saved.software;
  const copied = behaviour.createCopies === true && first !== undefined;
  port.add(copied ? { ...structuredClone(first), id } : newSoftware(id));
  port.modelChanged(options.updateAfterCreate === 'yes');
  const undo = (): void => {
    port.take(id);
    port.modelChanged(false);
  };
  return { ok: true, id, undo };
}

function remove(id: number, port: SoftwareObjectPort): Reply {
  const { options, saved } = port;
  const found = saved.software.find((software) => software.id === id);
  const kept = options.deleteInstalled === 'refuse' && found?.machine.state === STATE.INSTALLED;
  if (found === undefined || kept) return { code: '4.05' };
  port.take(id);
  saved.deleted.push(id);
  port.modelChanged(options.updateAfterCreate === 'yes');
  return { code: '2.02' };
}
