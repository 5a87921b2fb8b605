import { FORMAT } from '../../lwm2m/codec/content.ts';
import { type Attribute, encodeLinks, type Link } from '../../lwm2m/codec/link-format.ts';
import { type Path, printPath } from '../../lwm2m/codec/path.ts';
import type { Reply } from '../coap/endpoint.ts';
import { OPTION, uintOption } from '../coap/message.ts';
import type { AttributeTable } from './attributes.ts';
import type { Behaviour } from './behaviour.ts';
import type { DeviceObject, ObjectInstance, Place, Resource } from './model.ts';
import type { Options } from './options.ts';
import type { Saved } from './saved.ts';

interface DiscoveryContext {
  readonly options: Options;
  readonly behaviour: Behaviour;
  readonly attributes: AttributeTable;
}

/** The answer to Discover: what lies below a place, with the attributes that are attached there. */
export function discover(path: Path, place: Extract<Place, { ok: true }>, context: DiscoveryContext): Reply {
  const { object, instance, resource } = place;
  const links =
    resource !== undefined && instance !== undefined
      ? [resourceLink(object, instance, resource, context)]
      : instance !== undefined
        ? instanceLinks(object, instance, context)
        : [
            link([object.id], context, object.version === undefined ? [] : [{ name: 'ver', value: object.version }]),
            ...object.instances().flatMap((i) => instanceLinks(object, i, context)),
          ];
  return {
    code: '2.05',
    options: [uintOption(OPTION.contentFormat, FORMAT.link)],
    payload: encodeLinks(path.length > 3 ? [] : links),
  };
}

function instanceLinks(object: DeviceObject, instance: ObjectInstance, context: DiscoveryContext): readonly Link[] {
  const { behaviour } = context;
  const shown = instance.resources.filter(({ id }) => object.id !== 9 || id !== behaviour.discoverOmits);
  return [link([object.id, instance.id], context), ...shown.map((r) => resourceLink(object, instance, r, context))];
}

function resourceLink(
  object: DeviceObject,
  instance: ObjectInstance,
  resource: Resource,
  context: DiscoveryContext,
): Link {
  const value = resource.read?.();
  const dim = value instanceof Map ? [{ name: 'dim', value: String(value.size) }] : [];
  return link([object.id, instance.id, resource.id], context, dim);
}

function link(path: Path, { options, attributes, behaviour }: DiscoveryContext, more: readonly Attribute[] = []): Link {
  const attached = behaviour.hidesAttributes === true ? [] : Object.entries(attributes.at(path));
  return {
    target: `${options.root}${printPath(path)}`,
    attributes: [...more, ...attached.map(([name, value]) => ({ name, value: String(value) }))],
  };
}

/** The links of a registration: every instance, and objects without any. The Security object never appears. */
export function registrationLinks(
  objects: readonly DeviceObject[],
  saved: Saved,
  { options, behaviour }: { readonly options: Options; readonly behaviour: Behaviour },
): Buffer {
  const { root, rootLink, lwm2m } = options;
  const quoted = lwm2m === '1.0';
  const links: Link[] = [];
  if (rootLink === 'yes' || root !== '') {
    const attributes = [
      { name: 'rt', value: 'oma.lwm2m', quoted: true },
      { name: 'ct', value: String(lwm2m === '1.0' ? FORMAT.tlv : FORMAT.senmlCbor) },
    ];
    links.push({ target: root === '' ? '/' : root, attributes });
  }
  for (const object of objects) {
    if (object.id === 14 && behaviour.hidesComponents === true) continue;
    if (behaviour.hidesBroughtObjects === true && saved.objects.includes(object.id)) continue;
    const all = object.instances().map(({ id }) => id);
    const listed = object.id === 9 && behaviour.unlistedLast === true ? all.slice(0, -1) : all;
    const ids = object.id === 9 && behaviour.listsDeleted === true ? [...listed, ...saved.deleted] : listed;
    const version = object.version === undefined ? [] : [{ name: 'ver', value: object.version, quoted }];
    const target = `${root}/${object.id}`;
    if (version.length > 0 || ids.length === 0) links.push({ target, attributes: version });
    for (const id of ids) links.push({ target: `${target}/${id}`, attributes: [] });
  }
  return encodeLinks(links);
}
