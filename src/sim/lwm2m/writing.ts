import { decodeContent, FORMAT } from '../../lwm2m/codec/content.ts';
import { NEW_INSTANCE, type Path } from '../../lwm2m/codec/path.ts';
import type { Entry, Value } from '../../lwm2m/codec/value.ts';
import type { Reply, Request } from '../coap/endpoint.ts';
import { OPTION, textOption, uintOf } from '../coap/message.ts';
import type { Behaviour } from './behaviour.ts';
import { formatsOf } from './formats.ts';
import { type DeviceObject, find, type Resource } from './model.ts';
import type { Options } from './options.ts';

export interface WritingContext {
  readonly options: Options;
  readonly behaviour: Behaviour;
  readonly objects: readonly DeviceObject[];
}

const OK: Reply = { code: '2.04' };
const BAD: Reply = { code: '4.00' };
const COMPOSITE: readonly number[] = [FORMAT.senmlJson, FORMAT.senmlCbor, FORMAT.lwm2mCbor];

/** The entries in a payload, or the reply to a payload that cannot be read. */
export function entriesIn(
  { message }: Request,
  path: Path,
  { options, behaviour }: WritingContext,
): { readonly entries: readonly Entry[] } | { readonly refused: Reply } {
  const format = uintOf(message, OPTION.contentFormat);
  if (format === undefined) return { refused: BAD };
  if (!formatsOf(options).includes(format)) {
    if (behaviour.anyFormatAsOpaque !== true) return { refused: { code: '4.15' } };
    return { entries: [{ path, value: { type: 'Opaque', value: message.payload } }] };
  }
  const decoded = decodeContent(format, path, message.payload);
  return decoded.ok ? { entries: decoded.entries } : { refused: BAD };
}

/** Write of one resource (4.05 where it is not for writing). */
export function writeResource(request: Request, path: Path, resource: Resource, context: WritingContext): Reply {
  if (resource.write === undefined) return { code: '4.05' };
  const found = entriesIn(request, path, context);
  if ('refused' in found) return found.refused;
  const [entry, second] = found.entries;
  if (entry?.value === undefined || second !== undefined || entry.path.join() !== path.join()) return BAD;
  return assign(resource, entry.value, context);
}

/** Writes every entry (partial update, composite); nothing is written where one of them may not be. */
export function writeEntries(entries: readonly Entry[], context: WritingContext): Reply {
  const jobs: (readonly [Resource, Value])[] = [];
  for (const { path, value } of entries) {
    const place = find(context.objects, path);
    if (!place.ok) return { code: '4.04' };
    if (place.resource === undefined && value === undefined) continue;
    if (place.resource?.write === undefined) return { code: '4.05' };
    if (value === undefined) return BAD;
    jobs.push([place.resource, value]);
  }
  for (const [resource, value] of jobs) {
    const reply = assign(resource, value, context);
    if (!reply.code.startsWith('2.')) return reply;
  }
  return OK;
}

/** Write of an instance: only the resources that come are written. */
export function writeInstance(request: Request, path: Path, context: WritingContext): Reply {
  const found = entriesIn(request, path, context);
  if ('refused' in found) return found.refused;
  const inside = found.entries.every((e) => e.path[0] === path[0] && e.path[1] === path[1]);
  return inside ? writeEntries(found.entries, context) : BAD;
}

/** Write-Composite (iPATCH). */
export function writeComposite(request: Request, context: WritingContext): Reply {
  const format = uintOf(request.message, OPTION.contentFormat);
  if (format === undefined || !COMPOSITE.includes(format)) return { code: '4.15' };
  const found = entriesIn(request, [], context);
  return 'refused' in found ? found.refused : writeEntries(found.entries, context);
}

/** Create: an instance with the id in the payload or one that the device chooses. */
export function createInstance(request: Request, object: DeviceObject, context: WritingContext): Reply {
  if (object.create === undefined) return { code: '4.05' };
  const found = entriesIn(request, [object.id], context);
  if ('refused' in found) return found.refused;
  const ids = new Set(found.entries.map(({ path }) => path[1] ?? NEW_INSTANCE));
  if (ids.size > 1 || found.entries.some(({ path }) => path[0] !== object.id)) return BAD;
  const [wanted = NEW_INSTANCE] = ids;
  const created = object.create(wanted === NEW_INSTANCE ? undefined : wanted);
  if (!created.ok) return { code: created.code };
  const values = found.entries
    .filter(({ value }) => value !== undefined)
    .map(({ path, ...rest }) => ({ path: [object.id, created.id, ...path.slice(2)], ...rest }));
  const reply = writeEntries(values, context);
  if (!reply.code.startsWith('2.')) {
    if (context.behaviour.refusedCreateStays !== true) created.undo();
    return { code: '4.00' };
  }
  const where = [object.id, created.id].map((id) => textOption(OPTION.locationPath, String(id)));
  return wanted === NEW_INSTANCE ? { code: '2.01', options: where } : { code: '2.01' };
}

function assign(resource: Resource, value: Value, { behaviour }: WritingContext): Reply {
  const typed = resource.type === value.type || behaviour.anyFormatAsOpaque === true || resource.type === undefined;
  if (!typed) return BAD;
  return resource.write?.(value) ?? { code: '4.05' };
}
