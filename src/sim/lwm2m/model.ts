import type { Argument } from '../../lwm2m/codec/arguments.ts';
import type { Path } from '../../lwm2m/codec/path.ts';
import type { Entry, Value, ValueType } from '../../lwm2m/codec/value.ts';
import type { Answer, Reply } from '../coap/endpoint.ts';

/** A resource as it stands in an instance, with what can be done to it. What is absent cannot be done. */
export interface Resource {
  readonly id: number;
  readonly type?: ValueType;
  /** One value, or those of a multiple resource by id. */
  readonly read?: () => Value | ReadonlyMap<number, Value>;
  readonly write?: (value: Value) => Reply;
  readonly execute?: (list: readonly Argument[] | undefined) => Answer | Promise<Answer>;
}

export interface ObjectInstance {
  readonly id: number;
  readonly resources: readonly Resource[];
}

/** An object of the device. Instances and resources are asked for anew with every request. */
export interface DeviceObject {
  readonly id: number;
  readonly version?: string;
  instances(): readonly ObjectInstance[];
  /** Makes an instance; undefined where the device refuses. */
  create?(id: number | undefined): Created;
  remove?(id: number): Reply;
}

/** A new instance, with the way to take it back; or the code of the refusal. */
export type Created =
  | { readonly ok: true; readonly id: number; undo(): void }
  | { readonly ok: false; readonly code: string };

/** Why a place cannot be used: it does not exist, or not for this. */
export type Place =
  | {
      readonly ok: true;
      readonly object: DeviceObject;
      readonly instance?: ObjectInstance;
      readonly resource?: Resource;
    }
  | { readonly ok: false };

/** Finds what a path names. */
export function find(objects: readonly DeviceObject[], [o, i, r]: Path): Place {
  const object = objects.find(({ id }) => id === o);
  if (object === undefined) return { ok: false };
  if (i === undefined) return { ok: true, object };
  const instance = object.instances().find(({ id }) => id === i);
  if (instance === undefined) return { ok: false };
  if (r === undefined) return { ok: true, object, instance };
  const resource = instance.resources.find(({ id }) => id === r);
  return resource === undefined ? { ok: false } : { ok: true, object, instance, resource };
}

/** Everything readable at or below a path, as a list of leaves in order. */
export function readEntries(objects: readonly DeviceObject[], path: Path): readonly Entry[] {
  const place = find(objects, path);
  if (!place.ok) return [];
  const { object, instance, resource } = place;
  if (instance === undefined) return object.instances().flatMap((i) => instanceEntries(object.id, i));
  if (resource === undefined) return instanceEntries(object.id, instance);
  return resourceEntries([object.id, instance.id], resource).filter(
    (e) => path[3] === undefined || e.path[3] === path[3],
  );
}

function instanceEntries(object: number, instance: ObjectInstance): readonly Entry[] {
  const entries = instance.resources.flatMap((r) => resourceEntries([object, instance.id], r));
  return entries.length > 0 ? entries : [{ path: [object, instance.id] }];
}

function resourceEntries(above: Path, resource: Resource): readonly Entry[] {
  const value = resource.read?.();
  const path = [...above, resource.id];
  if (value === undefined) return [];
  if (!(value instanceof Map)) return [{ path, value: value as Value }];
  const entries = [...(value as ReadonlyMap<number, Value>)].map(([id, one]) => ({ path: [...path, id], value: one }));
  return entries.length > 0 ? entries : [{ path }];
}
