import { decodeArguments } from '../../lwm2m/codec/arguments.ts';
import { decodeContent, FORMAT } from '../../lwm2m/codec/content.ts';
import { parsePath, type Path } from '../../lwm2m/codec/path.ts';
import type { Entry } from '../../lwm2m/codec/value.ts';
import type { Answer, Reply, Request } from '../coap/endpoint.ts';
import { METHOD, OPTION, pathOf, textsOf, uintOf } from '../coap/message.ts';
import { type AttributeTable, readAttributes } from './attributes.ts';
import { discover } from './discovery.ts';
import { contentReply, formatsOf } from './formats.ts';
import { type DeviceObject, find, type Place, readEntries } from './model.ts';
import type { Reporting } from './reporting.ts';
import { createInstance, writeComposite, writeInstance, writeResource, type WritingContext } from './writing.ts';

export interface OperationsContext extends WritingContext {
  readonly attributes: AttributeTable;
  readonly reporting: Reporting;
  /** Deletes every instance, as a wrong device does when told to delete an object. */
  removeAll(object: DeviceObject): void;
}

const OK: Reply = { code: '2.04' };
const NOT_ALLOWED: Reply = { code: '4.05' };
const SECURITY = 0;

/** Answers one whole request of the server (LwM2M device management and information reporting). */
export function operate(request: Request, context: OperationsContext): Answer | Promise<Answer> {
  const { message } = request;
  const { options, behaviour } = context;
  if (behaviour.refusesElective === true && message.options.some((o) => o.number > 2048 && o.number % 2 === 0))
    return { code: '4.02' };
  const text = pathOf(message);
  if (options.root !== '' && !`${text}/`.startsWith(`${options.root}/`)) return { code: '4.04' };
  const path = parsePath(text.slice(options.root.length));
  if (path === undefined) return { code: '4.04' };
  if (path[0] === SECURITY) return { code: '4.01' };
  const composite = options.lwm2m !== '1.0';
  if (message.code === METHOD.fetch) return composite ? readComposite(request, context) : NOT_ALLOWED;
  if (message.code === METHOD.ipatch) {
    if (behaviour.losesCompositeWrite === true) return OK;
    return composite ? writeComposite(request, context) : NOT_ALLOWED;
  }
  const place = find(context.objects, path);
  if (path.length === 0) return NOT_ALLOWED;
  if (!place.ok) return { code: behaviour.unknownCode ?? '4.04' };
  switch (message.code) {
    case METHOD.get:
      return get(request, path, place, context);
    case METHOD.put:
      return put(request, path, place, context);
    case METHOD.post:
      return post(request, path, place, context);
    case METHOD.delete:
      return remove(path, place, context);
    default:
      return NOT_ALLOWED;
  }
}

const asItIs = (entry: Entry): Entry => entry;
type Found = Extract<Place, { ok: true }>;

/** The answer to a Read of what the request names; also what notifications show. */
export function read(request: Request, path: Path, context: WritingContext, twist = asItIs): Reply {
  const { options, behaviour, objects } = context;
  const place = find(objects, path);
  if (!place.ok) return { code: behaviour.unknownCode ?? '4.04' };
  const { resource, instance } = place;
  if (resource !== undefined && resource.read === undefined) return NOT_ALLOWED;
  if (resource === undefined && instance !== undefined && behaviour.instanceUnreadable === true)
    return { code: '4.04' };
  return contentReply(
    uintOf(request.message, OPTION.accept),
    path,
    readEntries(objects, path).map(twist),
    options,
    behaviour,
  );
}

function get(request: Request, path: Path, place: Found, context: OperationsContext): Reply {
  const { message } = request;
  const { behaviour, reporting } = context;
  if (uintOf(message, OPTION.accept) === FORMAT.link) return discover(path, place, context);
  const plain = read(request, path, context);
  const observe = uintOf(message, OPTION.observe);
  if (observe === undefined || !plain.code.startsWith('2.') || isLaterBlock(request)) return plain;
  if (observe !== 0) reporting.cancel(request);
  const deaf = path[0] === 9 && path[2] === behaviour.notObservable && behaviour.notObservable !== undefined;
  return observe === 0 && !deaf ? reporting.observe(request, [path]) : plain;
}

/** The first block of a body comes with the observation; the rest is fetched with plain requests. */
function isLaterBlock({ message }: Request): boolean {
  return (uintOf(message, OPTION.block2) ?? 0) >= 16;
}

function put(request: Request, path: Path, place: Found, context: OperationsContext): Reply {
  const { message } = request;
  const queries = textsOf(message, OPTION.uriQuery);
  if (message.payload.length === 0 && queries.length > 0) {
    const changes = readAttributes(queries, context.options.lwm2m);
    if (changes === undefined) return { code: '4.00' };
    context.attributes.change(path, changes);
    context.reporting.changed();
    return OK;
  }
  if (place.resource !== undefined) return writeResource(request, path.slice(0, 3), place.resource, context);
  // Replacing an instance would have to set resources that are not for writing.
  if (place.instance === undefined || place.object.id === 9) return NOT_ALLOWED;
  return writeInstance(request, path, context);
}

function post(request: Request, path: Path, place: Found, context: OperationsContext): Answer | Promise<Answer> {
  const { message } = request;
  const { resource, instance, object } = place;
  if (instance === undefined) return createInstance(request, object, context);
  if (resource === undefined) return writeInstance(request, path, context);
  if (resource.execute === undefined) return NOT_ALLOWED;
  const format = uintOf(message, OPTION.contentFormat) ?? FORMAT.text;
  if (format !== FORMAT.text && message.payload.length > 0) return { code: '4.15' };
  return resource.execute(decodeArguments(message.payload.toString()));
}

function remove(path: Path, { object, instance }: Found, context: OperationsContext): Reply {
  if (path.length === 1 && context.behaviour.deleteObjectRemovesAll === true) {
    context.removeAll(object);
    return { code: '2.02' };
  }
  if (path.length !== 2 || instance === undefined || object.remove === undefined) return NOT_ALLOWED;
  return object.remove(instance.id);
}

/** Read-Composite and Observe-Composite: what is not there or not for reading is left out. */
function readComposite(request: Request, context: OperationsContext): Reply {
  const { message } = request;
  const paths = compositePaths(request, context);
  if ('refused' in paths) return paths.refused;
  const plain = representComposite(request, paths.paths, context);
  const observe = uintOf(message, OPTION.observe);
  if (observe === undefined || !plain.code.startsWith('2.') || isLaterBlock(request)) return plain;
  if (observe !== 0) context.reporting.cancel(request);
  return observe === 0 ? context.reporting.observe(request, paths.paths) : plain;
}

/** The answer to a Read-Composite; also what its notifications show. */
export function representComposite(
  request: Request,
  paths: readonly Path[],
  context: WritingContext,
  twist = asItIs,
): Reply {
  const { options, behaviour, objects } = context;
  const entries = paths.flatMap((path) => readEntries(objects, path)).filter(({ value }) => value !== undefined);
  const accept = uintOf(request.message, OPTION.accept) ?? FORMAT.senmlCbor;
  return contentReply(accept, [], entries.map(twist), options, behaviour);
}

/** The places that a composite request names. */
export function compositePaths(
  { message }: Request,
  { options }: WritingContext,
): { readonly paths: readonly Path[] } | { readonly refused: Reply } {
  const format = uintOf(message, OPTION.contentFormat);
  if (format === undefined || !formatsOf(options).includes(format)) return { refused: { code: '4.15' } };
  const decoded = decodeContent(format, [], message.payload);
  if (!decoded.ok) return { refused: { code: '4.00' } };
  const paths = decoded.entries.map(({ path }) => path).filter(([object]) => object !== SECURITY);
  return { paths };
}
